"""Mutation testing of the code that moves yen and serials: `python -m tests.mutation` changes one thing at a time and runs its tests.

A mutant that no test notices is printed with its line. Everything heavy is imported once; each mutant lives in a forked child,
on SQLite. The exit code is 1 if fewer than 90 % are killed.
"""

import argparse
import ast
import copy
import importlib
import importlib.abc
import importlib.machinery
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
MONEY = "tests/marketplace/money"
TARGETS: Mapping[str, Sequence[str]] = {
    "marketplace.money": (f"{MONEY}/test_exact_money.py",),
    "marketplace.ledger.service": (f"{MONEY}/test_ledger.py",),
    "marketplace.ledger.balance": (f"{MONEY}/test_ledger.py",),
    "marketplace.ledger.sale": (f"{MONEY}/test_exact_money.py", f"{MONEY}/test_ledger.py", f"{MONEY}/test_payouts.py"),
    "marketplace.inventory.serials": ("tests/marketplace/inventory",),
    "marketplace.inventory.service": ("tests/marketplace/inventory", "tests/marketplace/orders/test_order_path.py"),
    "marketplace.payments.refunds": (f"{MONEY}/test_refunds.py", f"{MONEY}/test_payouts.py"),
    "marketplace.payments.disputes": (f"{MONEY}/test_disputes.py",),
    "marketplace.payouts.service": (f"{MONEY}/test_payouts.py",),
}
KILLED_AT_LEAST_PERCENT = 90
SECONDS_EACH = 120

COMPARISONS: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
ARITHMETIC: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
}


@dataclass(frozen=True)
class Mutant:
    module: str
    line: int
    what: str
    source: str


def mutants_of(module: str) -> Iterator[Mutant]:
    """One change each: a comparison, an operation, a sign, a condition, a figure, a statement left out."""
    text = (ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8")
    tree = ast.parse(text)
    for place, node in enumerate(ast.walk(tree)):
        for what, change in _changes(node):
            changed = copy.deepcopy(tree)
            twin = next(one for number, one in enumerate(ast.walk(changed)) if number == place)
            change(twin)
            yield Mutant(module, getattr(node, "lineno", 0), what, ast.unparse(ast.fix_missing_locations(changed)))


def _changes(node):
    match node:
        case ast.Compare(ops=[operation]) if type(operation) in COMPARISONS:
            new = COMPARISONS[type(operation)]
            yield f"{type(operation).__name__} -> {new.__name__}", lambda twin: setattr(twin, "ops", [new()])
        case ast.BinOp(op=operation) if type(operation) in ARITHMETIC:
            new = ARITHMETIC[type(operation)]
            yield f"{type(operation).__name__} -> {new.__name__}", lambda twin: setattr(twin, "op", new())
        case ast.UnaryOp(op=ast.USub()):
            yield "minus left out", lambda twin: setattr(twin, "op", ast.UAdd())
        case ast.UnaryOp(op=ast.Not()):
            yield "not left out", _unnegated
        case ast.BoolOp(op=ast.And()):
            yield "and -> or", lambda twin: setattr(twin, "op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield "or -> and", lambda twin: setattr(twin, "op", ast.And())
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", lambda twin: setattr(twin, "value", not value)
        case ast.Constant(value=int(value)):
            yield f"{value} -> {value + 1}", lambda twin: setattr(twin, "value", value + 1)
        case ast.If() | ast.IfExp():
            yield "condition negated", lambda twin: setattr(twin, "test", ast.UnaryOp(ast.Not(), twin.test))
    for name in ("body", "orelse"):
        for place, statement in enumerate(getattr(node, name, []) if isinstance(getattr(node, name, []), list) else []):
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Await | ast.Call):
                yield f"left out: {ast.unparse(statement)[:60]}", _without(name, place)


def _unnegated(twin: ast.UnaryOp) -> None:
    twin.operand = ast.UnaryOp(ast.Not(), twin.operand)


def _without(name, place):
    return lambda twin: getattr(twin, name).__setitem__(place, ast.Pass())


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the changed source to whoever imports the module."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == self._mutant.module else None

    def exec_module(self, module) -> None:
        exec(compile(self._mutant.source, f"<{self._mutant.module}>", "exec"), module.__dict__)


def survives(mutant: Mutant, *, at_once: int) -> bool:
    child = os.fork()
    if child == 0:
        os._exit(_run_tests(mutant))
    deadline = time.monotonic() + SECONDS_EACH * at_once
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


def _run_tests(mutant: Mutant | None, tests: Sequence[str] = ()) -> int:
    import pytest

    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    if mutant is not None:
        sys.meta_path.insert(0, _Mutated(mutant))
        tests = TARGETS[mutant.module]
    os.chdir(ROOT)
    return int(pytest.main([*tests, "-x", "-q", "-k", "not postgres", "-p", "no:cacheprovider", "-p", "no:xdist"]))


def _warm_up() -> None:
    """What every child needs and no mutant touches."""
    for name in ("pytest", "hypothesis", "tortoise", "stripe", "asyncpg", "typst", "pikepdf", "structlog", "holidays"):
        importlib.import_module(name)
    for name in ("certificates.service", "certificates.render_pdf", "offset_calc"):
        importlib.import_module(name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", choices=[*TARGETS, []], help="all without a name")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--every", type=int, default=1, help="only every n-th mutant")
    asked = parser.parse_args()
    _warm_up()
    modules = asked.modules or list(TARGETS)
    mutants = [mutant for module in modules for mutant in mutants_of(module)][:: asked.every]
    lived = 0
    with ThreadPoolExecutor(asked.at_once) as pool:
        outcomes = pool.map(lambda mutant: survives(mutant, at_once=asked.at_once), mutants)
        for number, (mutant, alive) in enumerate(zip(mutants, outcomes, strict=True), start=1):
            lived += alive
            sys.stderr.write(f"\r{number} of {len(mutants)}, {lived} alive ")
            if alive:
                sys.stdout.write(f"survived: {mutant.module}:{mutant.line} {mutant.what}\n")
                sys.stdout.flush()
    killed = len(mutants) - lived
    percent = 100 * killed / len(mutants)
    sys.stdout.write(f"{killed} of {len(mutants)} mutants killed ({percent:.1f} %)\n")
    return 0 if percent >= KILLED_AT_LEAST_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
