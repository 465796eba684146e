"""Runs the tests once to see which line each of them touches, then, per mutant, only those that touch its line.

Everything is imported, collected and migrated once. Each mutant lives in a forked child that stops at the first test which fails.
"""

import inspect
import os
import pickle
import signal
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from pathlib import Path

import pytest
from _pytest.runner import call_and_report, runtestprotocol
from coverage import Coverage
from hypothesis import Phase, settings

from frontend.locales import Locale
from frontend.rendering import environment
from tests.mutation.graft import CannotBeGrafted, Grafts, cached_functions, graft
from tests.mutation.mutants import Mutant, file_of

ROOMS = {"offset_calc", "certificates", "marketplace", "frontend", "api"}
SECONDS_OF_TESTS = 6
# a child that computes nothing waits for what never comes; a busy machine lets all wait
WAITS = 20


class Outcome(Enum):
    """The exit codes of a child; any other is a child that broke down under the change."""

    KILLED = 100
    SURVIVED = 101
    NOT_GRAFTED = 102
    HUNG = 103
    BROKE_DOWN = 104


@dataclass(frozen=True, slots=True)
class _Unchanged:
    """What the tests did to the code as it is: their seconds of computing, and which of them touch a line of a module."""

    seconds: Mapping[str, float]
    touched: Mapping[str, Mapping[int, Sequence[str]]]


@dataclass
class _Running:
    mutant: Mutant
    deadline: float


@dataclass
class Trial:
    """A plugin that takes the place of pytest's own loop over the collected tests."""

    mutants: Sequence[Mutant]
    at_once: int
    report: Callable[[Mutant, Outcome], None]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        _only_find(session.items)
        _prepare(session)
        unchanged = _in_a_child(lambda: _run_unchanged(session, {mutant.module for mutant in self.mutants}))
        items = {item.nodeid: item for item in session.items}
        grafts = Grafts.of({mutant.module for mutant in self.mutants})
        running: dict[int, _Running] = {}
        for mutant in self.mutants:
            while len(running) >= self.at_once:
                self._reap(running)
            names = _touching(mutant, unchanged.touched[mutant.module], items.keys())
            chosen = _quickest(unchanged.seconds, names, first=_naming(mutant, session.items))
            seconds = {name: 2 + 5 * unchanged.seconds[name] for name in chosen}
            child = os.fork()
            if child == 0:
                os._exit(_outcome(mutant, grafts, {items[name]: seconds[name] for name in chosen}, session).value)
            running[child] = _Running(mutant, time.monotonic() + 60 + WAITS * sum(seconds.values()))
        while running:
            self._reap(running)
        return True

    def _reap(self, running: dict[int, _Running]) -> None:
        """Wait for one child to end; one that runs for too long hangs, which somebody would notice."""
        while True:
            for child, run in running.items():
                ended, status = os.waitpid(child, os.WNOHANG)
                if not ended and time.monotonic() < run.deadline:
                    continue
                if not ended:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                code = os.waitstatus_to_exitcode(status) if ended else -signal.SIGPROF
                code = Outcome.HUNG.value if code == -signal.SIGPROF else code
                self.report(run.mutant, Outcome(code) if code in {one.value for one in Outcome} else Outcome.BROKE_DOWN)
                del running[child]
                return
            time.sleep(0.01)


def _touching(mutant: Mutant, lines: Mapping[int, Sequence[str]], tests: Collection[str]) -> set[str]:
    """What a module assigns is used where the module's functions name it; if none does, by whoever imports it."""
    touching = set().union(*(lines.get(line, []) for line in mutant.lines)) & set(tests)
    return touching or (set(tests) if mutant.name else set())


def _naming(mutant: Mutant, items: Sequence[pytest.Item]) -> set[str]:
    """The tests in whose own file the changed table stands, which are about it if any are."""
    table = sys.modules[mutant.module].__dict__[mutant.name] if mutant.name else None
    if not isinstance(table, Collection):
        return set()
    return {
        item.nodeid
        for item in items
        if isinstance(item, pytest.Function) and any(one is table for one in item.module.__dict__.values())
    }


def _quickest(seconds: Mapping[str, float], names: Collection[str], *, first: Collection[str] = ()) -> list[str]:
    """Those of `first`, then the quickest, as many as there is time for, and always one. What they miss counts as survived."""
    ordered = sorted(names, key=lambda name: (name not in first, seconds[name]))
    spent = list(accumulate(seconds[name] for name in ordered))
    return ordered[: max(1, bisect_right(spent, SECONDS_OF_TESTS))]


def _prepare(session: pytest.Session) -> None:
    """What every child would do anew: an empty database with all migrations, tables, translations, fonts.

    No document is set here: its threads would not be there in a child, which would wait for them for ever.
    """
    if item := next((one for one in session.items if "db" in getattr(one, "fixturenames", ())), None):
        call_and_report(item, "setup", log=False)
        call_and_report(item, "teardown", log=False, nextitem=session)
        item._request, item.funcargs = False, None
    for kept in cached_functions():
        if kept.__module__.partition(".")[0] in ROOMS and not inspect.signature(kept).parameters:
            kept()
    for locale in Locale:
        environment(locale)
    # those of libraries, which Python does not count, too
    if (threads := len(list(Path("/proc/self/task").iterdir()))) != 1:
        pytest.exit(f"{threads} threads are running, which a child would not have", returncode=2)


def _in_a_child(work: Callable[[], _Unchanged]) -> _Unchanged:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _silence(1)
        with os.fdopen(writing, "wb") as answer:
            pickle.dump(work(), answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        told = answer.read()
    os.waitpid(child, 0)
    if not told:
        pytest.exit("some test fails without any change", returncode=2)
    unchanged: _Unchanged = pickle.loads(told)
    return unchanged


def _run_unchanged(session: pytest.Session, modules: Collection[str]) -> _Unchanged:
    files = {module: str(file_of(module)) for module in modules}
    coverage = Coverage(data_file=None, include=sorted(files.values()))
    seconds = {}
    for number, item in enumerate(session.items, start=1):
        sys.stderr.write(f"\r{number} of {len(session.items)} tests unchanged ")
        began = time.process_time()
        with _watched(coverage, item.nodeid):
            reports = runtestprotocol(item, log=False, nextitem=session)
        if problem := next((report for report in reports if report.failed), None):
            sys.stderr.write(f"{item.nodeid} fails without any change:\n{problem.longreprtext}\n")
            os._exit(2)
        seconds[item.nodeid] = time.process_time() - began
    data = coverage.get_data()
    return _Unchanged(seconds, {module: data.contexts_by_lineno(file) for module, file in files.items()})


def _only_find(items: Sequence[pytest.Item]) -> None:
    """Whoever only asks whether there is a counterexample needs no small one, none from another day, and no hundred tries."""
    hurried = {"phases": (Phase.explicit, Phase.generate), "database": None, "max_examples": 20}
    settings.register_profile("only_find", settings.get_profile("untimed"), **hurried)
    settings.load_profile("only_find")
    for test in {getattr(item.obj, "__func__", item.obj) for item in items if isinstance(item, pytest.Function)}:
        if own := getattr(test, "_hypothesis_internal_use_settings", None):
            test._hypothesis_internal_use_settings = settings(own, **hurried)


@contextmanager
def _watched(coverage: Coverage, name: str) -> Iterator[None]:
    coverage.start()
    coverage.switch_context(name)
    try:
        yield
    finally:
        coverage.stop()


def _outcome(mutant: Mutant, grafts: Grafts, chosen: Mapping[pytest.Item, float], session: pytest.Session) -> Outcome:
    """In the child. `chosen` are tests and the seconds that each may compute: a busy machine gives a child little of them."""
    _silence(1, 2)
    try:
        graft(mutant, grafts)
    except CannotBeGrafted:
        return Outcome.NOT_GRAFTED
    for item, seconds in chosen.items():
        # an endless loop ends with the signal that nobody handles
        signal.setitimer(signal.ITIMER_PROF, seconds)
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=session)):
            return Outcome.KILLED
    return Outcome.SURVIVED


def _silence(*outputs: int) -> None:
    """What a test writes would drown what survived."""
    with Path(os.devnull).open("w") as nowhere:
        for output in outputs:
            os.dup2(nowhere.fileno(), output)
