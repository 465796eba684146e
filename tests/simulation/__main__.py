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

from tests.simulation.play import a_stage, in_pieces, outcomes, prepare


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--trace", action="store_true")
    chosen = parser.parse_args()
    began, played, failed = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.sqlite3"
        asyncio.run(prepare(template))
        seeds = range(chosen.first, chosen.first + chosen.seeds)
        if chosen.trace:
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
            asyncio.run(_traced(template, seeds))
            return 0
        with multiprocessing.get_context("spawn").Pool(chosen.processes) as pool:
            for piece in pool.imap_unordered(outcomes, [(str(template), seeds) for seeds in in_pieces(seeds)]):
                for seed, problem in piece:
                    if problem:
                        failed += 1
                        sys.stdout.write(f"seed {seed} failed\n{problem}\n")
                played += len(piece)
                sys.stdout.flush()
                sys.stderr.write(f"{played} of {chosen.seeds} played, {time.monotonic() - began:.0f} s\n")
    took = time.monotonic() - began
    each = took * chosen.processes / chosen.seeds * 1000
    sys.stdout.write(f"{chosen.seeds} seeds, {failed} failed, {took:.0f} s in all, {each:.0f} ms of one core each\n")
    return 1 if failed else 0


async def _traced(template: Path, seeds: range) -> None:
    async with a_stage(template) as stage:
        for seed in seeds:
            sys.stdout.write("\n".join(await stage.play(seed)) + "\n")


if __name__ == "__main__":
    sys.exit(main())
