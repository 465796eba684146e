"""The public ledger: every confirmed cancellation and nothing else, names only where they are public."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from certificates import visibility
from marketplace.inventory.serials import SerialRange
from marketplace.orders import service as orders
from marketplace.public_ledger import cad_trust, csv_rows
from marketplace.public_ledger.entries import LedgerFilter, Place, every_entry, find_entries
from marketplace.quotes import service as quotes
from tests.builders.market import PROJECT, a_listing, a_quote, a_wish, an_instruction


async def cancelled(small, listing, *, tonnes=3, **instruction):
    return await bought(small, await a_quote(small, listing, tonnes=tonnes), **instruction)


async def a_quote_of(small, lines):
    return await quotes.create(
        lines, footprint_id=None, fee_basis_points=500, holds_for=timedelta(minutes=30), clock=small.clock
    )


async def bought(small, quote, **instruction):
    order = await orders.place(small.market, a_wish(quote, instruction=an_instruction(**instruction)))
    order = await orders.open_checkout(small.market, order.id)
    await small.deliver(small.payments.pay(order.checkout_session))
    await small.work()
    return await orders.find(order.id)


async def found(text: str = "", **wanted):
    return await find_entries(LedgerFilter(text=text, **wanted), limit=100)


class TestWhatStandsInIt:
    async def test_serials_day_certificate_and_the_name_of_who_agreed(self, small):
        order = await cancelled(small, await a_listing(small))
        (entry,) = await found()
        assert (entry.serials, entry.tonnes) == (SerialRange(1, 3), 3)
        assert (entry.certificate, entry.beneficiary) == (order.certificate_number, "足跡学会実行委員会")
        assert entry.recorded_on.isoformat() == "2026-11-22"

    async def test_nothing_before_the_registry_has_confirmed(self, small):
        small.registry.script = ["closed"]
        await cancelled(small, await a_listing(small))
        assert await found() == []

    async def test_confirmed_but_not_yet_certified_has_no_certificate(self, small):
        listing, other = await a_listing(small), await a_listing(small, kind="jver")
        small.registry.script = [None, *["closed"] * 99]
        lines = [quotes.WishedLine(listing.id, 1), quotes.WishedLine(other.id, 2)]
        await bought(small, await a_quote_of(small, lines))
        (entry,) = await found()
        assert (entry.certificate, entry.beneficiary) == (None, None)

    async def test_what_was_confirmed_in_part_has_the_certificate_of_its_part(self, small):
        pending = [1]
        small.registry.change_notice = lambda notice: (
            replace(notice, serials=(SerialRange(1, pending.pop()),)) if pending else notice
        )
        order = await cancelled(small, await a_listing(small, tonnes=20))
        entries = {entry.serials: entry.certificate for entry in await found()}
        part = entries[SerialRange(1, 1)]
        assert entries == {SerialRange(1, 1): part, SerialRange(4, 5): order.certificate_number}
        assert [entry.serials for entry in await found(part)] == [SerialRange(1, 1)]
        assert [entry.serials for entry in await found(order.certificate_number)] == [SerialRange(4, 5)]

    async def test_the_day_is_the_registrys_to_the_day(self, small):
        small.registry.change_notice = lambda notice: replace(notice, recorded_on=notice.recorded_on - timedelta(1))
        await cancelled(small, await a_listing(small))
        assert [entry.recorded_on.isoformat() for entry in await found()] == ["2026-11-21"]


class TestNamesAndClosedPages:
    async def test_a_name_that_is_not_public_is_not_here(self, small):
        await cancelled(small, await a_listing(small), beneficiary_public=False)
        (entry,) = await found()
        assert (entry.certificate is not None, entry.beneficiary) == (True, None)

    async def test_a_closed_page_is_not_told_and_not_found_by_its_number(self, small):
        order = await cancelled(small, await a_listing(small))
        await visibility.unlist(order.certificate_number)
        (entry,) = await found()
        assert (entry.certificate, entry.beneficiary) == (None, None)
        assert await found(order.certificate_number) == []


class TestSearch:
    async def test_by_number_serial_and_project(self, small):
        listing = await a_listing(small)
        order = await cancelled(small, listing)
        other = await cancelled(small, listing)
        mine = (await found(order.certificate_number))[0]
        assert mine.certificate == order.certificate_number
        serial = mine.block.serial_text(mine.serials.last)
        assert [entry.id for entry in await found(serial)] == [mine.id]
        assert {entry.certificate for entry in await found(PROJECT)} == {
            order.certificate_number,
            other.certificate_number,
        }
        assert len(await found(mine.activity.name_ja[1:5])) == 2

    @pytest.mark.parametrize("text", ["no such thing", "%", "' OR 1=1 --", "ASHI-0000-0000-0000-0000"])
    async def test_what_means_nothing_finds_nothing(self, small, text):
        await cancelled(small, await a_listing(small))
        assert await found(text) == []

    async def test_by_registry(self, small):
        await cancelled(small, await a_listing(small))
        assert len(await found(registry="jcredit")) == 1
        assert await found(registry="jcm_jp") == []


class TestPages:
    async def test_every_entry_once_whatever_the_page(self, small):
        listing = await a_listing(small)
        for _ in range(5):
            await cancelled(small, listing, tonnes=1)
        seen, after = [], None
        while page := await find_entries(LedgerFilter(), limit=2, after=after):
            seen += [entry.id for entry in page]
            after = Place(page[-1].recorded_on, page[-1].id)
        assert sorted(seen) == sorted({entry.id for entry in await found()})
        assert len(seen) == 5


class TestFiles:
    async def rows(self, small, fields, row_of) -> list[dict[str, str]]:
        lines = [line async for line in csv_rows.as_csv(every_entry(LedgerFilter()), fields, row_of)]
        return list(csv.DictReader(io.StringIO(b"".join(lines).decode("utf-8-sig"))))

    async def test_a_name_that_would_be_run_as_a_formula_is_text(self, small):
        await cancelled(small, await a_listing(small), beneficiary='=HYPERLINK("http://evil.example")')
        (row,) = await self.rows(small, csv_rows.FIELDS, csv_rows.ledger_row)
        assert row["beneficiary"] == '\'=HYPERLINK("http://evil.example")'
        assert row["tonnes"] == "3"

    async def test_in_the_unit_fields_of_the_data_trust(self, small):
        order = await cancelled(small, await a_listing(small))
        (row,) = await self.rows(
            small, cad_trust.FIELDS, lambda entry: cad_trust.unit_row(entry, base_url="https://ashiato.example")
        )
        assert tuple(row) == cad_trust.FIELDS
        assert (row["unitCount"], row["unitStatus"], row["vintageYear"]) == ("3", "Retired", "2023")
        assert row["marketplaceLink"] == f"https://ashiato.example/c/{order.certificate_number}"
