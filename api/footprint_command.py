"""`ashiato footprint replay`: recompute a saved footprint on one's own machine, without a network."""

import json
import sys
from pathlib import Path

from offset_calc import OffsetCalcError, replay

EXIT_SAME, EXIT_DIFFERS, EXIT_UNREADABLE = 0, 1, 2


def run_replay(file: Path) -> int:
    """Exit code 0: the same to the gram, 1: it differs or is no footprint of ours, 2: the file cannot be read."""
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as problem:
        sys.stderr.write(f"{file} cannot be read: {problem}\n")
        return EXIT_UNREADABLE
    try:
        footprint = replay(document)
    except OffsetCalcError as problem:
        sys.stderr.write(f"{problem}\n")
        return EXIT_DIFFERS
    sys.stdout.write(
        f"{footprint.total.value} g CO2e, {len(footprint.lines)} lines: the same when computed again "
        f"with factor edition {footprint.edition}, sha256 {footprint.sha256}\n"
    )
    return EXIT_SAME
