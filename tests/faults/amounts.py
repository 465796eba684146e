"""How many times a fault is played: a seeded part with every commit, the full count with ASHIATO_FAULTS=full.

ASHIATO_FAULTS=0.1 plays a tenth of the full count, where a machine or an hour has no more to give.
"""

import os

_ASKED = os.environ.get("ASHIATO_FAULTS", "0")
SHARE = 1.0 if _ASKED == "full" else float(_ASKED)


def amount(full: int, seeded: int) -> int:
    return max(seeded, round(full * SHARE))
