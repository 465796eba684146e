"""Our own commands as processes that have nothing to import any more.

A server process loads our code once and forks from then on, so that a command costs milliseconds instead of the seconds that an
interpreter needs to load it. What it does, says and returns is the same. That commands start from nothing too is checked where
`python -m` is written out, in tests/e2e/test_commands.py.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path

import api

COMMANDS = [f"api.{file.stem}" for file in sorted(Path(api.__file__).parent.glob("*_command.py"))]
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["api.cli", "api.embedded", "api.maintenance", *COMMANDS])


@dataclass(frozen=True)
class Running:
    process: BaseProcess
    folder: Path

    def said(self) -> str:
        return (self.folder / "out").read_text("utf-8")

    def complained(self) -> str:
        return (self.folder / "errors").read_text("utf-8")


@contextmanager
def running(module: str, *arguments: str, variables: Mapping[str, str] | None = None) -> Iterator[Running]:
    """`python -m module arguments`, where the module has a `main(arguments)`; asked to end at the end, if it has not."""
    with tempfile.TemporaryDirectory(prefix="ashiato-process-") as folder:
        for name in ("out", "errors"):
            (Path(folder) / name).touch()
        given = (module, arguments, {**os.environ, **(variables or {})}, str(Path.cwd()), folder)
        process = FORKS.Process(target=_run, args=given)
        process.start()
        try:
            yield Running(process, Path(folder))
        finally:
            process.terminate()
            process.join()


def ashiato(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """What an `ashiato` command prints and returns."""
    with running("api.cli", *arguments) as command:
        command.process.join(timeout)
        code = command.process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired(["ashiato", *arguments], timeout)
        return subprocess.CompletedProcess(["ashiato", *arguments], code, command.said(), command.complained())


def _run(module: str, arguments: Sequence[str], variables: Mapping[str, str], place: str, folder: str) -> None:
    os.chdir(place)
    os.environ.clear()
    os.environ.update(variables)
    for name, number in (("out", 1), ("errors", 2)):
        with (Path(folder) / name).open("ab") as file:
            os.dup2(file.fileno(), number)
    sys.exit(import_module(module).main(list(arguments)))
