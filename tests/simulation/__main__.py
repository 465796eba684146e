"""`python -m tests.simulation --seeds 10000`: play seeds on SQLite, on both cores; name every one that fails.

`--first 4711 --seeds 1 --trace` plays one again and says what happened.
"""

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path

import structlog

from tests.simulation.play import outcome, play, prepare


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--trace", action="store_true")
    chosen = parser.parse_args()
    began, failed = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.sqlite3"
        asyncio.run(prepare(template))
        seeds = range(chosen.first, chosen.first + chosen.seeds)
        if chosen.trace:
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
            for seed in seeds:
                sys.stdout.write("\n".join(asyncio.run(play(template, seed))) + "\n")
            return 0
        with multiprocessing.get_context("spawn").Pool(chosen.processes) as pool:
            for seed, problem in pool.imap_unordered(outcome, [(str(template), seed) for seed in seeds]):
                if problem:
                    failed += 1
                    sys.stdout.write(f"seed {seed} failed\n{problem}\n")
    took = time.monotonic() - began
    sys.stdout.write(f"{chosen.seeds} seeds, {failed} failed, {took / chosen.seeds * 1000:.0f} ms each\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
