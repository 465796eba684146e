"""How many times a fault is played."""

import os


def amount(full: int, seeded: int) -> int:
    return full if os.environ.get("ASHIATO_FAULTS") == "full" else seeded
