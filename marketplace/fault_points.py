"""Places where a process may die: around every commit and every call to the outside world.

Tests listen here, count the places and kill the process at each of them; in production nobody listens.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_listener: Callable[[str], None] | None = None


def reached(name: str) -> None:
    if _listener is not None:
        _listener(name)


@contextmanager
def listened_to(listener: Callable[[str], None]) -> Iterator[None]:
    global _listener  # noqa: PLW0603 - one process, one listener, tests only
    _listener = listener
    try:
        yield
    finally:
        _listener = None
