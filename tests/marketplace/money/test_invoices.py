"""Invoices: numbered without gaps, frozen, adding up to what was paid, per seller; credit notes for what went back."""

import asyncio
import io
import json
from datetime import UTC, date, datetime, timedelta

import pikepdf
import pytest
from tortoise.exceptions import BaseORMException

from marketplace.database.transactions import run_tx
from marketplace.errors import InvoiceNotFound, OrderNotFound
from marketplace.invoices import service as invoices
from marketplace.invoices.content import Content, Item, Kind
from marketplace.invoices.models import InvoiceRecord, SellerRegistration
from marketplace.invoices.render_pdf import Paper, labels, render
from marketplace.orders import service as orders
from marketplace.payments.models import RefundRecord
from marketplace.payments.refund_states import BorneBy
from marketplace.quotes import service as quotes
from tests.builders.market import a_listing, a_wish, an_instruction
from tests.marketplace.money.acts import a_paid_order, an_order_just_paid, give_back


async def invoiced(order) -> Content:
    return invoices.content_of(await invoices.invoice_of(order.id))


async def from_two_sellers(small):
    """1 t at 3,333 yen of one seller and 2 t at 5,555 of another, paid."""
    first = await a_listing(small, yen_per_tonne=3_333)
    second = await a_listing(small, yen_per_tonne=5_555, provider="prov_b")
    quote = await quotes.create(
        [quotes.WishedLine(first.id, 1), quotes.WishedLine(second.id, 2)],
        footprint_id=None,
        fee_basis_points=500,
        holds_for=timedelta(minutes=30),
        clock=small.clock,
    )
    order = await orders.place(small.market, a_wish(quote, instruction=an_instruction(purchaser="足跡商事")))
    order = await orders.open_checkout(small.market, order.id)
    await small.deliver(small.payments.pay(order.checkout_session))
    await small.work()
    return await orders.find(order.id)


class TestAnInvoice:
    async def test_follows_the_payment_and_adds_up_to_it_per_seller(self, small):
        order = await from_two_sellers(small)
        content = await invoiced(order)
        assert (content.number, content.recipient) == ("INV-2026-000001", "足跡商事")
        assert [(seller.provider_id, seller.net_yen, seller.tax_yen) for seller in content.sellers] == [
            ("prov_a", 3_333, 333),
            ("prov_b", 11_110, 1_111),
            (None, 722, 72),
        ]
        assert content.total_yen == order.total_yen
        assert content.sandbox

    async def test_is_issued_once(self, small):
        order = await a_paid_order(small)
        await invoices.issue(small.market, order.id)
        assert await InvoiceRecord.all().count() == 1

    async def test_names_which_parts_are_qualified(self, small):
        listing = await a_listing(small)
        await SellerRegistration.create(
            provider_id="prov_a", registration_number="T1234567890123", agreed_on=date(2026, 11, 1)
        )
        qualified = await invoiced(await a_paid_order(small, listing=listing))
        assert [seller.qualified for seller in qualified.sellers] == [True, True]
        other = await invoiced(await a_paid_order(small, listing=await a_listing(small, provider="prov_c")))
        assert [seller.qualified for seller in other.sellers] == [False, True]

    async def test_does_not_exist_before_the_payment(self, small):
        with pytest.raises(InvoiceNotFound):
            await invoices.invoice_of("ord_unknown")


class TestNumbers:
    async def test_run_without_a_gap_whoever_comes_first(self, small):
        listing = await a_listing(small)
        placed = [await an_order_just_paid(small, listing=listing) for _ in range(4)]
        await asyncio.gather(*(invoices.issue(small.market, order.id) for order in placed * 2))
        records = await InvoiceRecord.all().order_by("sequence")
        assert [record.sequence for record in records] == [1, 2, 3, 4]

    async def test_begin_anew_with_the_year_in_japan(self, small):
        small.clock.now = datetime(2026, 12, 31, 14, 30, tzinfo=UTC)
        await a_paid_order(small)
        small.clock.now = datetime(2026, 12, 31, 15, 30, tzinfo=UTC)
        await a_paid_order(small)
        assert [record.number for record in await InvoiceRecord.all().order_by("year")] == [
            "INV-2026-000001",
            "INV-2027-000001",
        ]

    async def test_are_given_back_when_the_transaction_fails(self, small):
        order = await an_order_just_paid(small)

        async def fails(tx):
            await invoices._issue(small.market, tx, [order.id])
            raise RuntimeError("the power fails")

        with pytest.raises(RuntimeError):
            await run_tx(fails)
        await invoices.issue(small.market, order.id)
        assert (await InvoiceRecord.get()).sequence == 1

    async def test_are_given_to_none_where_one_of_many_is_unknown(self, small):
        order = await an_order_just_paid(small)
        with pytest.raises(OrderNotFound):
            await invoices.issue_all(small.market, [order.id, "ord_unknown"])
        assert not await InvoiceRecord.exists()

    async def test_and_papers_never_change(self, small):
        await a_paid_order(small)
        with pytest.raises(BaseORMException):
            await InvoiceRecord.all().update(content="{}")
        with pytest.raises(BaseORMException):
            await InvoiceRecord.all().delete()


class TestACreditNote:
    async def test_of_a_whole_refund_mirrors_the_invoice(self, small):
        order = await an_order_just_paid(small)
        await invoices.issue(small.market, order.id)
        record = await give_back(small, order, order.total_yen)
        await invoices.issue_credit_note(small.market, record.id)
        (note,) = await InvoiceRecord.filter(kind=Kind.CREDIT_NOTE)
        content, original = invoices.content_of(note), await invoiced(order)
        assert (content.concerns, content.total_yen) == (original.number, order.total_yen)
        assert [seller.tax_yen for seller in content.sellers] == [seller.tax_yen for seller in original.sellers]
        assert all(line.item is Item.REDUCTION for seller in content.sellers for line in seller.lines)

    async def test_of_parts_never_takes_more_off_a_seller_than_it_invoiced(self, small):
        order = await from_two_sellers(small)
        for number in range(3):
            await give_back(small, order, order.total_yen // 3, key=f"part-{number}", borne_by=BorneBy.SERVICE)
        await small.work()
        notes = [invoices.content_of(note) for note in await InvoiceRecord.filter(kind=Kind.CREDIT_NOTE)]
        assert sum(note.total_yen for note in notes) == order.total_yen // 3 * 3
        for seller in (await invoiced(order)).sellers:
            taken = sum(
                part.gross_yen for note in notes for part in note.sellers if part.provider_id == seller.provider_id
            )
            assert 0 <= taken <= seller.gross_yen

    async def test_comes_once_per_refund_even_if_the_money_bounces(self, small):
        order = await an_order_just_paid(small)
        await give_back(small, order, 500)
        await small.work()
        await small.deliver(small.payments.decide_refund("re_1", "failed"))
        await small.work()
        small.clock.advance(timedelta(days=1, minutes=1))
        await small.work()
        assert (await RefundRecord.get()).attempt == 2
        assert await InvoiceRecord.filter(kind=Kind.CREDIT_NOTE).count() == 1


class TestThePaper:
    @pytest.mark.parametrize("locale", ["ja", "en"])
    @pytest.mark.parametrize("paper", list(Paper))
    def test_is_one_page_that_says_its_name(self, locale, paper):
        content = Content.model_validate(json.loads(CONTENT))
        pdf = render(content, paper, locale)
        with pikepdf.open(io.BytesIO(pdf)) as document:
            assert len(document.pages) == 1
            qualified = "" if paper is Paper.RECEIPT else "qualified_"
            assert str(document.docinfo["/Title"]).startswith(labels(locale)[f"{qualified}{paper}"])
        assert render(content, paper, locale) == pdf

    def test_both_languages_have_the_same_words(self):
        assert labels("ja").keys() == labels("en").keys()

    def test_a_receipt_carries_the_same_number_in_its_own_series(self):
        content = Content.model_validate(json.loads(CONTENT))
        with pikepdf.open(io.BytesIO(render(content, Paper.RECEIPT, "ja"))) as document:
            assert "RCP-2026-000012" in str(document.docinfo["/Title"])


CONTENT = """{"kind": "invoice", "number": "INV-2026-000012", "issued_on": "2026-11-22", "on": "2026-11-22", "sandbox": true,
"issuer_name": "Ashiato", "issuer_address": "架空の住所", "issuer_number": "T0000000000000", "recipient": "#[足跡学会] *",
"subject": "𠮷野祭り", "order_id": "ord_1", "concerns": null, "tax_percent": 10, "sellers": [{"provider_id": null,
"name_ja": "Ashiato", "name_en": "Ashiato", "registration_number": "T0000000000000", "qualified": true, "tax_yen": 100,
"lines": [{"item": "fee", "net_yen": 1000}]}]}"""
