"""An event's page on a phone, and its organiser's sum, in both languages and without scripts."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from marketplace.accounts.roles import Role
from marketplace.inventory.serials import SerialRange
from marketplace.orders.certified_parts import certificates_of
from marketplace.orders.models import Order
from marketplace.participation import event_pages, following
from marketplace.participation.models import EventPage, Participation, Payer
from marketplace.registries.gateway import Notice
from tests.builders.events import an_event_page, an_organiser, event_terms, give_balance, page_now
from tests.builders.market import a_listing
from tests.builders.pools import paid_grams, with_pools
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import COOKIE, signed_in, visit_as


@pytest.fixture
async def event_shop(shop: MarketSite) -> MarketSite:
    with_pools(shop.small, pools=2, low_g=400_000)
    listing = await a_listing(shop.small, tonnes=20, yen_per_tonne=40_000)
    await paid_grams(shop.small, listing, 2_000)
    await shop.small.work()
    shop.services.market = shop.small.market
    return shop


async def offered(shop: MarketSite, page: EventPage, locale: str = "ja", **typed: str) -> str:
    """The address of the page that says who pays what."""
    journey = {"mode": "air_domestic", "origin": "東京", "trip": "return"} | typed
    answer = await shop.client.post(f"/{locale}/e/{page.code}", data=journey)
    assert answer.status_code == 303, answer.text[:500]
    return urlsplit(answer.headers["location"]).path


def hidden(page) -> dict[str, str]:
    (form,) = [form for form in page.forms if "/travel/" in (form.action or "")]
    return dict(form.form_values())


def certificates_on(page) -> list[str]:
    links = page.xpath("//main//a[starts-with(@href, '/c/')]/@href")
    return [link.removeprefix("/c/").partition("?")[0] for link in links]


class PartlyConfirmed:
    """A registry that cancels one tonne of the first request, and of every other all of it."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, notice: Notice) -> Notice:
        self.asked += 1
        (whole,) = notice.serials
        return replace(notice, serials=(SerialRange(whole.first, whole.first),)) if self.asked == 1 else notice


class TestAnAttendee:
    async def test_comes_by_a_short_address_in_their_own_language(self, event_shop):
        page = await an_event_page(event_shop.small, Payer.ORGANISER)
        answer = await event_shop.client.get(f"/e/{page.code}", headers={"Accept-Language": "en"})
        assert answer.headers["location"] == f"/en/e/{page.code}"
        for locale in ("ja", "en"):
            check_frame(await event_shop.client.get(f"/{locale}/e/{page.code}"))
        await event_shop.page("/ja/e/nosuchpg", status=404)

    async def test_joins_at_the_organisers_expense_and_finds_the_certificate(self, event_shop):
        page = await an_event_page(event_shop.small, Payer.ORGANISER)
        address = await offered(event_shop, page)
        shown = check_frame(await event_shop.client.get(address))
        typed = hidden(shown) | {"public_name": "足跡 花子"}
        refused = await event_shop.client.post(address, data=typed)
        assert refused.status_code == 422
        assert hidden(check_frame(refused))["public_name"] == "足跡 花子"
        typed["consent"] = shown.xpath("//input[@name='consent']/@value")[0]
        first, again = [await event_shop.client.post(address, data=typed) for _ in range(2)]
        assert first.headers["location"] == again.headers["location"]
        await event_shop.small.work()
        joined = check_frame(await event_shop.client.get(first.headers["location"]))
        number = (await Participation.get()).organiser_order_id
        assert joined.xpath("//h1/text()") == ["無効化済み・証明書発行済み"]
        (certificate,) = joined.xpath("//a[starts-with(@href, '/c/')]/@href")
        assert number
        assert "足跡 花子" in (await event_shop.client.get(certificate)).text
        assert joined.xpath("//a[contains(@href, '/orders/')]") == []

    async def test_finds_every_certificate_of_a_journey_that_was_confirmed_in_parts(self, event_shop):
        organiser = await an_organiser(event_shop.small, yen=800_000)
        terms = event_terms(Payer.ORGANISER, cap_yen=800_000)
        page = await event_pages.open_page(event_shop.small.market, organiser, terms)
        address = await offered(event_shop, page, mode="air_international_business", origin="", distance_km="19000")
        shown = await event_shop.page(address)
        typed = hidden(shown) | {"consent": shown.xpath("//input[@name='consent']/@value")[0]}
        event_shop.small.registry.change_notice = partly = PartlyConfirmed()
        mine = (await event_shop.client.post(address, data=typed)).headers["location"]
        await event_shop.small.work_for(timedelta(minutes=3))
        assert partly.asked > 1
        order = await Order.get(id=(await Participation.get()).organiser_order_id)
        numbers = list((await certificates_of([order]))[order.id])
        assert len(numbers) == 2
        assert certificates_on(check_frame(await event_shop.client.get(mine))) == numbers
        event_shop.client.cookies.set(COOKIE, (await visit_as(event_shop.small, organiser)).token)
        assert certificates_on(await event_shop.page(f"/ja/account/events/{page.id}")) == numbers

    async def test_pays_a_part_on_the_payment_page(self, event_shop):
        page = await an_event_page(event_shop.small, Payer.SPLIT)
        address = await offered(event_shop, page, "en")
        shown = check_frame(await event_shop.client.get(address))
        typed = hidden(shown) | {"consent": shown.xpath("//input[@name='consent']/@value")[0]}
        answer = await event_shop.client.post(address, data=typed)
        assert answer.headers["location"].startswith("https://pay.example/")
        joined = await Participation.get()
        mine = check_frame(await event_shop.client.get(f"/en/e/{page.code}/mine/{joined.token}"))
        assert mine.xpath("//h1/text()") == ["Waiting for your payment"]
        status = await event_shop.client.get(f"/en/e/{page.code}/mine/{joined.token}/status")
        assert status.json() == {"state": "waiting_for_payment"}

    async def test_is_told_that_a_payment_is_refused_for_good_and_may_join_again(self, event_shop):
        page = await an_event_page(event_shop.small, Payer.SPLIT)
        address = await offered(event_shop, page)
        shown = await event_shop.page(address)
        typed = hidden(shown) | {
            "consent": shown.xpath("//input[@name='consent']/@value")[0],
            "public_name": "足跡 花子",
        }
        event_shop.small.payments.refusal = "amount_too_small"
        answer = await event_shop.client.post(address, data=typed)
        refused = check_frame(answer)
        assert answer.status_code == 422
        assert "時間をおいても変わりません" in refused.xpath("string(//*[@role='alert'])")
        assert refused.xpath("//input[@name='public_name']/@value") == ["足跡 花子"]
        event_shop.small.payments.refusal = None
        again = await event_shop.client.post(address, data=typed | hidden(refused) | {"consent": typed["consent"]})
        assert again.headers["location"].startswith("https://pay.example/")
        await following.look_after(event_shop.small.market)
        parts = [(await Order.get(id=one.order_id)).state for one in await Participation.all().order_by("id")]
        assert parts == ["expired", "awaiting_payment"]
        assert [one.organiser_part for one in await Participation.all().order_by("id")] == ["returned", "held"]

    async def test_is_shown_the_figures_again_when_they_have_changed(self, event_shop):
        page = await an_event_page(event_shop.small, Payer.ORGANISER)
        address = await offered(event_shop, page)
        shown = await event_shop.page(address)
        await EventPage.filter(id=page.id).update(cap_yen=1)
        typed = hidden(shown) | {"consent": shown.xpath("//input[@name='consent']/@value")[0]}
        answer = await event_shop.client.post(address, data=typed)
        assert answer.status_code == 409
        assert int(hidden(check_frame(answer))["attendee_yen"]) > 0
        assert await Participation.all().count() == 0

    async def test_is_told_which_entry_needs_another_look(self, event_shop):
        page = await an_event_page(event_shop.small, Payer.ATTENDEE)
        for typed, field in (
            ({"mode": ""}, "mode"),
            ({"origin": ""}, "origin"),
            ({"origin": "どこでもない町"}, "origin"),
            ({"origin": "", "distance_km": "-5"}, "distance_km"),
            ({"mode": "rocket"}, "mode"),
        ):
            journey = {"mode": "rail", "origin": "東京", "trip": "return"} | typed
            answer = await event_shop.client.post(f"/en/e/{page.code}", data=journey)
            assert answer.status_code == 422
            assert check_frame(answer).xpath(f"//a[@href='#f-{field}']")

    async def test_who_walked_has_nothing_to_pay(self, event_shop):
        page = await an_event_page(event_shop.small, Payer.ATTENDEE)
        journey = {"mode": "walk", "distance_km": "3"}
        answer = await event_shop.client.post(f"/ja/e/{page.code}", data=journey)
        assert "オフセットする排出量はありません" in answer.text


class TestTheOrganiser:
    async def test_opens_a_page_sees_the_sum_and_closes_it(self, event_shop):
        visitor = await signed_in(event_shop.client, event_shop.small, Role.BUYER)
        await give_balance(event_shop.small, visitor.actor, 50_000)
        form = {
            "forms_token": visitor.forms_token,
            "name": "<script>学会</script>",
            "venue": "札幌市",
            "first_day": "2026-12-01",
            "last_day": "2026-12-02",
            "reduction_effort": "資料を電子配布に変えた",
            "payer": "organiser",
            "cap_yen": "20,000",
        }
        for locale in ("ja", "en"):
            check_frame(await event_shop.client.get(f"/{locale}/account/events"))
        refused = await event_shop.client.post("/ja/account/events", data=form | {"cap_yen": "0", "venue": "無い町"})
        assert sorted(re.findall(r'href="#f-(\w+)"', refused.text)) == ["cap_yen", "venue"]
        opened = await event_shop.client.post("/ja/account/events", data=form)
        address = opened.headers["location"]
        page = await EventPage.get()
        journey = await offered(event_shop, page)
        shown = await event_shop.page(journey)
        typed = hidden(shown) | {"consent": shown.xpath("//input[@name='consent']/@value")[0]}
        await event_shop.client.post(journey, data=typed)
        await event_shop.small.work()
        await following.look_after(event_shop.small.market)

        seen = check_frame(await event_shop.client.get(address))
        assert "<script>学会" not in (await event_shop.client.get(address)).text
        figures = seen.xpath("//dl[@class='facts'][1]//dd")
        assert [figure.text_content().strip() for figure in figures][:2] == ["1", "1"]
        table = await event_shop.client.get(f"{address}.csv")
        (row,) = csv.DictReader(io.StringIO(table.content.decode("utf-8-sig")))
        assert (row["state"], row["name"]) == ("certified", "")
        (invoice,) = seen.xpath("//a[contains(@href, '/invoices/')]/@href")
        assert (await event_shop.client.get(invoice)).headers["content-type"] == "application/pdf"

        token = {"forms_token": visitor.forms_token}
        low = await event_shop.client.post(address, data=token | {"action": "cap", "cap_yen": "1"})
        assert low.status_code == 409
        await event_shop.client.post(address, data=token | {"action": "close"})
        assert (await page_now(page)).state == "closed"
        closed = await event_shop.page(f"/ja/e/{page.code}")
        assert closed.xpath("//select[@name='mode']") == []

    async def test_sees_no_page_of_others(self, event_shop):
        page = await an_event_page(event_shop.small, Payer.ATTENDEE)
        await signed_in(event_shop.client, event_shop.small, Role.OWNER, email="other@ashiato.example")
        for tail in ("", ".csv", "/invoices/ord_x.pdf"):
            await event_shop.page(f"/ja/account/events/{page.id}{tail}", status=404)
