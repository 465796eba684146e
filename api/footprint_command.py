"""`ashiato footprint`: recompute a saved footprint, or compute a file of activities, on one's own machine, without a network."""

import json
import sys
from pathlib import Path

from offset_calc import OffsetCalcError, replay
from offset_calc.bulk import BulkRefused
from offset_calc.bulk.files import run_to_files

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


def run_bulk_file(file: Path, out: Path) -> int:
    """Exit code 0: every row was taken, 1: some rows were refused and stand in rejected.csv, 2: the file cannot be used."""
    if not file.is_file():
        sys.stderr.write(f"{file} is no file\n")
        return EXIT_UNREADABLE
    try:
        result = run_to_files(file, out)
    except BulkRefused as refused:
        missing = refused.params.get("missing")
        sys.stderr.write(
            f"{refused}" + (f": {', '.join(map(str, missing))}" if isinstance(missing, tuple) else "") + "\n"
        )
        return EXIT_UNREADABLE
    except OSError as problem:
        sys.stderr.write(f"{out} cannot be written: {problem}\n")
        return EXIT_UNREADABLE
    rejected = sum(result.rejected.values())
    sys.stdout.write(
        f"{result.total.value} g CO2e from {result.rows} rows, factor edition {result.edition}; {rejected} rows refused\n"
    )
    for reason, count in sorted(result.rejected.items()):
        sys.stdout.write(f"  {reason}: {count}\n")
    return EXIT_DIFFERS if rejected else EXIT_SAME
