"""Puts a changed module into a running process: the functions that everybody has imported already get other code.

So nothing has to be imported, collected or migrated again for a mutant. To be used in a forked child only: nothing is put back.
"""

import ast
import functools
import gc
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType

from tests.mutation.mutants import Mutant, changed_tree, file_of


class CannotBeGrafted(Exception):
    """A change that alters which outer names a function uses, or of which no function is there."""


def graft(mutant: Mutant) -> None:
    """Raises: CannotBeGrafted."""
    tree = changed_tree(mutant)
    if mutant.name is None:
        _swap_functions(mutant, tree)
    else:
        _assign_again(mutant, tree)


def _swap_functions(mutant: Mutant, tree: ast.Module) -> None:
    file = str(file_of(mutant.module))
    changed = {_key(code): code for code in _codes(compile(tree, file, "exec", dont_inherit=True))}
    swapped = 0
    for function in _functions_of(file):
        new = changed.get(_key(function.__code__))
        if new is None or len(new.co_freevars) != len(function.__code__.co_freevars):
            raise CannotBeGrafted(str(mutant))
        function.__code__ = new
        swapped += 1
    if not swapped:
        raise CannotBeGrafted(str(mutant))
    for kept in gc.get_objects():
        if isinstance(kept, functools._lru_cache_wrapper) and kept.__module__ == mutant.module:
            kept.cache_clear()


def _functions_of(file: str) -> list[FunctionType]:
    # the tests freeze what they have imported, and nobody is told of what is frozen
    gc.unfreeze()
    return [
        found for found in gc.get_objects() if isinstance(found, FunctionType) and found.__code__.co_filename == file
    ]


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
