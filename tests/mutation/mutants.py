"""The changes that a test has to notice: a comparison, an operation, a sign, a condition, a figure, an act left out, a state less in a table.

What stands in the body of a function is changed, and what a module assigns to a name: tables of states, limits. Not changed are
texts, annotations, decorators and the fields of classes.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

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
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
Change = tuple[str, Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """The `number`-th change of a module; `name` is what the module assigns, None inside a function.

    `lines` are those on which it can be noticed: its own, or where the module's functions use the name.
    """

    module: str
    line: int
    lines: tuple[int, ...]
    what: str
    number: int
    name: str | None

    def __str__(self) -> str:
        return f"{file_of(self.module).relative_to(ROOT)}:{self.line} {self.what}"


def file_of(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def mutants_of(module: str) -> list[Mutant]:
    tree, found = _places(module)
    uses = _uses(tree)
    return [
        Mutant(module, node.lineno, (node.lineno,) if name is None else tuple(uses.get(name, ())), what, number, name)
        for number, (node, name, (what, _)) in enumerate(found)
    ]


def _uses(tree: ast.Module) -> Mapping[str, list[int]]:
    uses: dict[str, list[int]] = {}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Name):
                    uses.setdefault(node.id, []).append(node.lineno)
    return uses


def changed_tree(mutant: Mutant) -> ast.Module:
    """The module with this one change; every line keeps its number."""
    tree, found = _places(mutant.module)
    _, _, (_, change) = found[mutant.number]
    change()
    return ast.fix_missing_locations(tree)


Place = tuple[ast.expr | ast.stmt, str | None, Change]


@cache
def _source(module: str) -> str:
    """As it was when the tests began, whatever becomes of the file meanwhile."""
    return file_of(module).read_text("utf-8")


def _places(module: str) -> tuple[ast.Module, list[Place]]:
    tree = ast.parse(_source(module))
    return tree, [(node, name, change) for node, name in _changeable(tree) for change in _changes(node)]


def _changeable(tree: ast.Module) -> Iterator[tuple[ast.expr | ast.stmt, str | None]]:
    for statement in tree.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                if value is not None:
                    yield from ((node, name) for node in _within(value))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from ((node, None) for node in _in_body(statement))
            case ast.ClassDef():
                for part in statement.body:
                    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                        yield from ((node, None) for node in _in_body(part))


def _in_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr | ast.stmt]:
    for statement in function.body:
        yield from _within(statement)


def _within(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    if isinstance(tree, ast.JoinedStr):
        return
    if isinstance(tree, ast.expr | ast.stmt):
        yield tree
    for part in ast.iter_child_nodes(tree):
        if not (isinstance(tree, ast.AnnAssign) and part is tree.annotation):
            yield from _within(part)


def _changes(node: ast.expr | ast.stmt) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[operation]) if type(operation) in COMPARISONS:
            new = COMPARISONS[type(operation)]
            yield f"{type(operation).__name__} -> {new.__name__}", lambda: setattr(node, "ops", [new()])
        case ast.BinOp(op=operation) | ast.AugAssign(op=operation) if type(operation) in ARITHMETIC:
            other = ARITHMETIC[type(operation)]
            yield f"{type(operation).__name__} -> {other.__name__}", lambda: setattr(node, "op", other())
        case ast.UnaryOp(op=ast.USub()):
            yield "minus left out", lambda: setattr(node, "op", ast.UAdd())
        case ast.UnaryOp(op=ast.Not()):
            yield "not left out", lambda: setattr(node, "operand", _negated(node.operand))
        case ast.BoolOp(op=ast.And()):
            yield "and -> or", lambda: setattr(node, "op", ast.Or())
        case ast.BoolOp(op=ast.Or()):
            yield "or -> and", lambda: setattr(node, "op", ast.And())
        case ast.Constant(value=bool(truth)):
            yield f"{truth} -> {not truth}", lambda: setattr(node, "value", not truth)
        case ast.Constant(value=int(figure)):
            yield f"{figure} -> {figure + 1}", lambda: setattr(node, "value", figure + 1)
        case ast.If() | ast.IfExp():
            yield "condition negated", lambda: setattr(node, "test", _negated(node.test))
        case ast.Set(elts=members):
            for member in members:
                yield f"left out: {ast.unparse(member)}", lambda member=member: members.remove(member)
    for name in ("body", "orelse", "finalbody"):
        yield from _left_out(getattr(node, name, []))


def _left_out(statements: object) -> Iterator[Change]:
    """An act or a refusal that does not happen; the body of a lambda or an `if` in an expression is no list."""
    for place, statement in enumerate(statements if isinstance(statements, list) else []):
        act = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Await | ast.Call)
        if act or isinstance(statement, ast.Raise):
            yield (
                f"left out: {ast.unparse(statement)[:60]}",
                lambda place=place: statements.__setitem__(place, ast.Pass()),
            )


def _negated(condition: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), condition)
