"""A certificate's page is kept for a moment, and never for longer than what it says is true."""

from datetime import timedelta

from certificates import service, visibility
from certificates.standing import standing_of
from certificates.statement import DisclosedField
from frontend.kept_pages import KeptPage, KeptPages
from marketplace.database.transactions import run_tx
from tests.fakes.clock import SettableClock
from tests.frontend.market_site import MarketSite
from tests.frontend.test_verify_page import a_certificate, outcome

START = SettableClock().now


class TestAPageThatWasJustShown:
    async def test_is_the_same_for_the_next_visitor_who_reads_that_language(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        first, other, second = [await shop.client.get(f"/c/{record.number}?lang={lang}") for lang in ("ja", "en", "ja")]
        assert (first.headers["content-language"], other.headers["content-language"]) == ("ja", "en")
        assert first.content == second.content
        assert first.headers == second.headers
        known = await shop.client.get(f"/c/{record.number}?lang=ja", headers={"If-None-Match": second.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")

    async def test_says_at_once_that_the_certificate_was_revoked(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        await shop.page(f"/c/{record.number}")
        await run_tx(lambda _: service.revoke(record.number, "test", now=shop.small.clock()))
        assert outcome(await shop.page(f"/c/{record.number}")) == "失効した証明書です"

    async def test_hides_at_once_what_was_hidden_or_erased(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        hidden, erased = DisclosedField.PURPOSE_DETAIL, DisclosedField.SUBJECT
        texts = [record.disclosures[field].value for field in (hidden, erased)]
        before = (await shop.client.get(f"/c/{record.number}")).text
        assert [text in before for text in texts] == [True, True]
        await run_tx(lambda _: visibility.hide(record.number, [hidden], until=None))
        after_hiding = (await shop.client.get(f"/c/{record.number}")).text
        assert [text in after_hiding for text in texts] == [False, True]
        await run_tx(lambda _: service.erase(record.number, [erased]))
        after_erasing = (await shop.client.get(f"/c/{record.number}")).text
        assert [text in after_erasing for text in texts] == [False, False]

    async def test_closes_at_once_when_it_is_unlisted(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        await shop.page(f"/c/{record.number}")
        code = await run_tx(lambda _: visibility.unlist(record.number))
        await shop.page(f"/c/{record.number}", status=404)
        await shop.page(f"/c/{record.number}?code={code}")
        await shop.page(f"/c/{record.number}", status=404)

    async def test_is_examined_again_after_a_minute(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        before = (await shop.client.get(f"/c/{record.number}")).headers["etag"]
        await a_certificate(shop)
        assert (await shop.client.get(f"/c/{record.number}")).headers["etag"] == before
        shop.small.clock.advance(timedelta(minutes=1))
        later = await shop.client.get(f"/c/{record.number}")
        assert later.headers["etag"] != before
        assert "全2件の1番目" in later.text


class TestTheStanding:
    async def test_of_an_unknown_number_is_none(self, db: str) -> None:
        assert await standing_of("TEST-95D3-6JW7-8R4H-CNDC") is None

    async def test_changes_with_everything_that_can_change(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        seen = {await standing_of(record.number)}
        for change in (
            lambda: visibility.hide(record.number, [DisclosedField.SUBJECT], until=START.date()),
            lambda: visibility.hide(record.number, [DisclosedField.SUBJECT], until=None),
            lambda: visibility.unlist(record.number),
            lambda: visibility.unlist(record.number),
            lambda: service.erase(record.number, [DisclosedField.SUBJECT]),
            lambda: service.revoke(record.number, "test", now=shop.small.clock()),
        ):
            await run_tx(lambda _, change=change: change())
            seen.add(await standing_of(record.number))
        assert len(seen) == 7


class TestKeptPages:
    def test_are_no_more_than_were_asked_for(self) -> None:
        kept = KeptPages(most=2, lasts=timedelta(minutes=1))
        pages = [KeptPage(b"", {}, str(number)) for number in range(3)]
        for number in (0, 1):
            kept.keep(number, pages[number], now=START)
        kept.find(0, now=START)
        kept.keep(2, pages[2], now=START)
        assert [kept.find(number, now=START) for number in range(3)] == [pages[0], None, pages[2]]

    def test_do_not_outlast_their_time_nor_a_clock_set_back(self) -> None:
        kept = KeptPages(most=2, lasts=timedelta(minutes=1))
        for later in (timedelta(minutes=1), timedelta(seconds=-1)):
            kept.keep("page", KeptPage(b"", {}, ""), now=START)
            assert kept.find("page", now=START + later) is None
