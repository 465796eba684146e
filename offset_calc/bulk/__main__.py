"""`python -m offset_calc.bulk FILE FOLDER`: a run in a process of its own, so that what it takes is its own too.

Exit code 0: done, 1: the file was refused; FOLDER/result.json says which and why.
"""

from __future__ import annotations

import sys
from pathlib import Path

from offset_calc.bulk.files import run_to_files
from offset_calc.bulk.result import BulkRefused

_MEMORY_LIMIT = "1GB"

if __name__ == "__main__":
    try:
        run_to_files(Path(sys.argv[1]), Path(sys.argv[2]), memory_limit=_MEMORY_LIMIT)
    except BulkRefused:
        sys.exit(1)
