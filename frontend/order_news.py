"""Tells the open pages of orders that something has happened: one look at the database a second for all of them together.

Pages are answered by several processes, and what happens is written by workers, so the database is where news are found.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from tortoise.functions import Max

from marketplace.orders.models import Order, OrderEvent

log = structlog.get_logger()

EVERY_SECONDS = 1.0
# Each listener holds a connection; whoever finds no place asks now and then instead.
MOST_LISTENERS = 200

_Mark = tuple[str, int | None]


class TooManyListeners(Exception):
    """This process holds as many open connections as it may."""

    code = "too_many_listeners"


class OrderNews:
    """One of these lives as long as the web process; `close` sends every listener home so that a shutdown need not wait."""

    def __init__(self, *, most: int = MOST_LISTENERS, every_seconds: float = EVERY_SECONDS) -> None:
        self._most, self._every = most, every_seconds
        self._listeners: dict[str, set[asyncio.Event]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._marks: dict[str, _Mark] = {}
        self.closing = False

    @property
    def listeners(self) -> int:
        return sum(map(len, self._listeners.values()))

    @property
    def is_full(self) -> bool:
        return self.closing or self.listeners >= self._most

    @contextmanager
    def listening(self, order_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something may have happened to the order; the listener clears it. Raises TooManyListeners."""
        if self.is_full:
            raise TooManyListeners(f"{self.listeners} listeners")
        happened = asyncio.Event()
        self._listeners.setdefault(order_id, set()).add(happened)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            yield happened
        finally:
            self._listeners[order_id].discard(happened)
            if not self._listeners[order_id]:
                del self._listeners[order_id]
                self._marks.pop(order_id, None)

    def close(self) -> None:
        self.closing = True
        self._wake(list(self._listeners))

    async def _look(self) -> None:
        """Runs while anybody listens. A failure wakes everyone: their own look then fails too, and they connect anew."""
        try:
            while self._listeners and not self.closing:
                await asyncio.sleep(self._every)
                marks = await _marks(list(self._listeners))
                self._wake([order_id for order_id, mark in marks.items() if self._marks.get(order_id) != mark])
                self._marks = marks
        except Exception:
            log.exception("order_news_failed")
            self._wake(list(self._listeners))
        finally:
            self._looking = None

    def _wake(self, order_ids: list[str]) -> None:
        for order_id in order_ids:
            for happened in self._listeners.get(order_id, ()):
                happened.set()


async def _marks(order_ids: list[str]) -> dict[str, _Mark]:
    """What changes whenever the page of an order would."""
    states = await Order.filter(id__in=order_ids).values_list("id", "state")
    newest = dict(
        await OrderEvent.filter(order_id__in=order_ids)
        .annotate(newest=Max("id"))
        .group_by("order_id")
        .values_list("order_id", "newest")
    )
    return {order_id: (state, newest.get(order_id)) for order_id, state in states}
