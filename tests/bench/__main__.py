"""`python -m tests.bench [name …]`: run all benchmarks, or those whose module names are given (bench_ left out)."""

import importlib
import pkgutil
import sys
from pathlib import Path

import tests.bench
from tests.bench.report import Figure, table, write


def main(wanted: list[str]) -> None:
    figures: list[Figure] = []
    for module in pkgutil.iter_modules(tests.bench.__path__):
        if module.name.startswith("bench_") and (not wanted or module.name.removeprefix("bench_") in wanted):
            sys.stderr.write(f"{module.name} …\n")
            figures += importlib.import_module(f"tests.bench.{module.name}").figures()
    sys.stdout.write(table(figures) + "\n")
    write(figures, Path("build") / "bench.json")


if __name__ == "__main__":
    main(sys.argv[1:])
