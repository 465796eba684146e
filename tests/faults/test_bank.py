"""Tonnes and yen move between ten lots while others look: whoever looks sees the same sums, and nothing below zero (F14)."""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from marketplace.database.transactions import run_tx
from marketplace.errors import BalanceTooLow
from marketplace.inventory import service as inventory
from marketplace.ledger import balance
from marketplace.ledger import service as ledger
from marketplace.listings.models import Listing
from marketplace.quotes import service as quotes
from marketplace.quotes.states import QuoteState
from tests.builders.market import SmallMarket, a_listing, a_quote
from tests.faults.amounts import amount

TRANSFERS = amount(100_000, 80)
LOTS, WRITERS, READERS = 10, 8, 2
TONNES_EACH = 40
YEN_EACH = 1_000
LARGEST_YEN = 400

# as deployed: READ COMMITTED; SQLite has one writer at a time
pytestmark = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)

_SUMS = """
SELECT (SELECT SUM(last_serial - first_serial + 1) FROM unit_interval) AS tonnes,
       (SELECT SUM(last_serial - first_serial + 1) FROM unit_interval WHERE state = 'reserved') AS reserved,
       (SELECT SUM(yen) FROM buyer_balance) AS yen,
       (SELECT MIN(yen) FROM buyer_balance) AS least
"""


class Writer:
    """Sets one tonne aside in half of the lots, and moves them from lot to lot together with some yen."""

    def __init__(self, small: SmallMarket, number: int, listings: Sequence[Listing]) -> None:
        self.small, self.number, self.listings = small, number, listings
        self.chance = Random(number)
        self.lines: list[str] = []
        self.held: set[int] = set()
        self.moved = self.refused = 0

    async def begin(self) -> None:
        """A tonne in every lot, of which every other goes back."""
        for listing in self.listings:
            quote = await a_quote(self.small, listing, tonnes=1)
            self.lines += [line.id for line in await quotes.lines_of(quote.id)]
        self.held = set(range(0, LOTS, 2))
        await run_tx(lambda tx: inventory.release(tx, self.lines[1::2]))

    async def write(self, transfers: int) -> None:
        for _ in range(transfers):
            given = self.chance.choice(sorted(self.held))
            taken = self.chance.choice(sorted(set(range(LOTS)) - self.held))
            yen = self.chance.randint(1, LARGEST_YEN)
            try:
                await run_tx(lambda tx, given=given, taken=taken, yen=yen: self._move(tx, given, taken, yen))
            except BalanceTooLow:
                # the tonne that had moved in the same transaction is where it was
                self.refused += 1
                continue
            self.held = self.held - {given} | {taken}
            self.moved += 1

    async def _move(self, tx: BaseDBAsyncClient, given: int, taken: int, yen: int) -> None:
        now = self.small.clock()
        # always the lower lot first, or two writers would wait for each other
        for lot in sorted((given, taken)):
            if lot == given:
                await inventory.release(tx, [self.lines[lot]])
            else:
                line, until = self.lines[lot], now + self.small.market.terms.quote_lasts
                await inventory.reserve(tx, self.listings[lot].holding_id, 1, quote_line_id=line, until=until, now=now)
        event = f"transfer:{self.number}:{self.moved}"
        other = ledger.buyer_balance_account(_buyer(taken))
        await balance.debit(_buyer(given), yen, given_to=other, event=event, at=now)

    async def end(self) -> None:
        async def release(tx: BaseDBAsyncClient) -> None:
            await quotes.Quote.filter(state=QuoteState.OPEN).update(state=QuoteState.EXPIRED)
            await inventory.release(tx, self.lines)

        await run_tx(release)


def _buyer(lot: int) -> str:
    return f"org_{lot}"


async def sums() -> tuple[int, int, int]:
    """Tonnes, tonnes set aside, yen; as one statement sees them."""
    (row,) = await get_connection("default").execute_query_dict(_SUMS)
    assert row["least"] >= 0
    return row["tonnes"], row["reserved"], row["yen"]


class TestManyTransfersAtOnce:
    async def test_every_look_sees_the_same_sums(self, small):
        listings = [await a_listing(small, tonnes=TONNES_EACH, provider=f"prov_{lot}") for lot in range(LOTS)]
        for lot in range(LOTS):
            money = {"taken_from": ledger.CLEARING, "event": f"paid in:{lot}", "at": small.clock()}
            await run_tx(lambda _, lot=lot, money=money: balance.credit(_buyer(lot), YEN_EACH, **money))
        writers = [Writer(small, number, listings) for number in range(WRITERS)]
        for writer in writers:
            await writer.begin()
        expected, looks, written = await sums(), 0, asyncio.Event()
        assert expected == (LOTS * TONNES_EACH, WRITERS * LOTS // 2, LOTS * YEN_EACH)

        async def look() -> None:
            nonlocal looks
            while not written.is_set():
                assert await sums() == expected
                looks += 1

        readers = [asyncio.create_task(look()) for _ in range(READERS)]
        await asyncio.gather(*(writer.write(TRANSFERS // WRITERS) for writer in writers))
        written.set()
        await asyncio.gather(*readers)

        assert looks > READERS
        assert sum(writer.moved for writer in writers) > TRANSFERS // 2
        assert sum(writer.moved + writer.refused for writer in writers) == TRANSFERS
        for lot, listing in enumerate(listings):
            mine = sum(lot in writer.held for writer in writers)
            assert await inventory.free_tonnes(listing.holding_id) == TONNES_EACH - mine
        for writer in writers:
            await writer.end()
        assert await sums() == (expected[0], None, expected[2])
