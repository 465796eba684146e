"""Puts a changed module into a running process: the functions that everybody has imported already get other code.

So nothing has to be imported, collected or migrated again for a mutant. To be used in a forked child only: nothing is put back.
The parent looks up once what there is to change, since a search through all objects would copy all memory into every child.
"""

import ast
import functools
import gc
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType

from tests.mutation.mutants import Mutant, changed_tree, file_of


class CannotBeGrafted(Exception):
    """A change that alters which outer names a function uses, or of which no function is there."""


@dataclass(frozen=True, slots=True)
class Grafts:
    """The functions of each module that can be changed, and the caches that remember what they once answered."""

    functions: Mapping[str, list[FunctionType]]
    caches: Mapping[str, list[functools._lru_cache_wrapper]]

    @classmethod
    def of(cls, modules: Collection[str]) -> "Grafts":
        """In the parent, when all is imported. What is found stays out of the reach of the garbage collector."""
        by_file = {str(file_of(module)): module for module in modules}
        found = cls({module: [] for module in modules}, {module: [] for module in modules})
        for thing in _objects():
            if isinstance(thing, FunctionType) and (module := by_file.get(thing.__code__.co_filename)):
                found.functions[module].append(thing)
        for kept in cached_functions():
            if kept.__module__ in modules:
                found.caches[kept.__module__].append(kept)
        gc.collect()
        gc.freeze()
        return found


def cached_functions() -> list[functools._lru_cache_wrapper]:
    return [thing for thing in _objects() if isinstance(thing, functools._lru_cache_wrapper)]


def _objects() -> list[object]:
    # the tests freeze what they have imported, and nobody is told of what is frozen
    gc.unfreeze()
    return gc.get_objects()


def graft(mutant: Mutant, grafts: Grafts) -> None:
    """Raises: CannotBeGrafted."""
    tree = changed_tree(mutant)
    if mutant.name is None:
        _swap_functions(mutant, tree, grafts)
    else:
        _assign_again(mutant, tree)


def _swap_functions(mutant: Mutant, tree: ast.Module, grafts: Grafts) -> None:
    file = str(file_of(mutant.module))
    changed = {_key(code): code for code in _codes(compile(tree, file, "exec", dont_inherit=True))}
    swapped = 0
    for function in grafts.functions[mutant.module]:
        new = changed.get(_key(function.__code__))
        if new is None or len(new.co_freevars) != len(function.__code__.co_freevars):
            raise CannotBeGrafted(str(mutant))
        function.__code__ = new
        swapped += 1
    if not swapped:
        raise CannotBeGrafted(str(mutant))
    for kept in grafts.caches[mutant.module]:
        kept.cache_clear()


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _key(code: CodeType) -> tuple[str, int, int]:
    """Two lambdas may share a line; they then share names and a line, and seldom the number of parameters."""
    return code.co_qualname, code.co_firstlineno, code.co_argcount


def _assign_again(mutant: Mutant, tree: ast.Module) -> None:
    """Run the one assignment anew. A table changes in place, so that everybody sees it; another value is handed to all who imported it."""
    statement = next(one for one in tree.body if _assigns(one, mutant.name))
    module = sys.modules[mutant.module]
    old = module.__dict__[mutant.name]
    exec(compile(ast.Module([statement], []), str(file_of(mutant.module)), "exec"), module.__dict__)
    new = module.__dict__[mutant.name]
    if isinstance(old, dict):
        old.clear()
        old.update(new)
        new = old
    for other in [one for one in sys.modules.values() if getattr(one, "__dict__", {}).get(mutant.name) is old]:
        setattr(other, mutant.name, new)
    setattr(module, mutant.name, new)


def _assigns(statement: ast.stmt, name: str | None) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=assigned)]) | ast.AnnAssign(target=ast.Name(id=assigned)):
            return assigned == name
    return False
