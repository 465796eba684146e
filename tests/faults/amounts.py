"""How many times a fault is played: a seeded part with every commit, the full count with ASHIATO_FAULTS=full."""

import os

FULL_COUNTS = os.environ.get("ASHIATO_FAULTS") == "full"


def amount(full: int, seeded: int) -> int:
    return full if FULL_COUNTS else seeded
