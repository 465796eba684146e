"""A household's way through its plan's pages, without scripts: begin, see the month, change, pause, enter a bill, end."""

from datetime import timedelta

import pytest

from marketplace.listings.models import Listing
from marketplace.orders.models import Order
from marketplace.plans import gifts
from marketplace.plans import service as plans
from marketplace.plans import terms as plan_terms
from marketplace.plans.gifts import GiftWish
from marketplace.plans.jobs import open_checkout
from marketplace.plans.models import Plan, PlanBill
from marketplace.plans.states import PlanState
from tests.builders.market import a_listing
from tests.builders.plans import OTHER_MENU, a_plan_wish, a_running_plan, an_open_plan, months_pass, settled
from tests.builders.pools import with_pools
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import signed_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ENTRIES = {
    "menu": "A0002.all",
    "kwh": "300",
    "reduction_effort": "使わない部屋の照明を消している",
    "email": "home@ashiato.example",
    "public_name": "",
}


@pytest.fixture
async def stocked(shop: MarketSite) -> MarketSite:
    shop.services.market = with_pools(shop.small).market
    await a_listing(shop.small, tonnes=50)
    return shop


async def a_plan(shop: MarketSite) -> Plan:
    return await a_running_plan(shop.small, await Listing.get())


async def a_gift(shop: MarketSite, *, months: int) -> Plan:
    """Paid, and nothing has been done about it yet."""
    wish = GiftWish(a_plan_wish(await Listing.get()), months, "giver@ashiato.example", "花子")
    plan = await open_checkout(shop.small.market, (await gifts.begin(shop.small.market, wish)).id)
    await shop.small.deliver(shop.small.payments.pay(str(plan.checkout_session)))
    await shop.small.worker().run_due()
    return await plans.find(plan.id)


async def address_of(plan: Plan, language: str = "ja") -> str:
    return f"/{language}/plans/{plan.access_token}"


class TestBeginning:
    async def test_says_grams_and_yen_and_then_everything_that_a_subscription_must_say(
        self, stocked: MarketSite
    ) -> None:
        form = await stocked.page("/ja/plans")
        answer = await stocked.press(form, "calculate", **ENTRIES)
        estimate = check_frame(answer)
        assert "126.600" in estimate.text_content()
        assert "584" in estimate.text_content()
        answer = await stocked.press(estimate, "review", **ENTRIES)
        look = check_frame(answer)
        text = look.text_content()
        for said in ("毎月 584", "最低利用期間はありません", "いつでも", "21日後"):
            assert said in text
        unsure = await stocked.press(look, "begin")
        assert unsure.status_code == 422
        answer = await stocked.press(look, "begin", consent=look.xpath("//input[@name='consent']/@value")[0])
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("https://pay.example/cs_plan_")
        assert (await Plan.get()).state == PlanState.AWAITING_PAYMENT

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"menu": "Z9999.all"}, "menu"),
            ({"kwh": "たくさん"}, "kwh"),
            ({"kwh": "9000"}, "kwh"),
            ({"email": "nobody"}, "email"),
            ({"public_name": "山田太郎です"}, "public_name"),
        ],
    )
    async def test_names_the_field_that_is_wrong(
        self, stocked: MarketSite, changed: dict[str, str], field: str
    ) -> None:
        estimate = await stocked.press(await stocked.page("/en/plans"), "calculate", **ENTRIES)
        page = await stocked.client.post(
            "/en/plans", data={**ENTRIES, **changed, "listing": (await _listing_in(estimate)), "action": "review"}
        )
        assert page.status_code == 422
        assert check_frame(page).xpath(f"//*[@id='f-{field}-error' or @id='f-listing-error']")
        assert await Plan.all().count() == 0

    async def test_says_where_the_payment_is_refused_for_good_and_keeps_what_was_typed(
        self, stocked: MarketSite
    ) -> None:
        estimate = check_frame(await stocked.press(await stocked.page("/ja/plans"), "calculate", **ENTRIES))
        look = check_frame(await stocked.press(estimate, "review", **ENTRIES))
        stocked.small.payments.refusal = "access_refused"
        answer = await stocked.press(look, "begin", consent=look.xpath("//input[@name='consent']/@value")[0])
        page = check_frame(answer)
        assert answer.status_code == 422
        assert "時間をおいても変わりません" in page.get_element_by_id("f-kwh-error").text_content()
        assert page.xpath("//input[@name='email']/@value") == [ENTRIES["email"]]
        assert (await Plan.get()).state == PlanState.LAPSED

    async def test_goes_by_the_size_of_the_household_too(self, stocked: MarketSite) -> None:
        page = await stocked.client.post("/en/plans", data={"household_size": "size3", "action": "calculate"})
        assert page.status_code == 200
        assert "kg" in page.text


async def _listing_in(answer) -> str:
    return str(check_frame(answer).xpath("//input[@name='listing']/@value")[0])


class TestAGift:
    async def test_is_paid_once_and_opens_for_the_other_person(self, stocked: MarketSite) -> None:
        entries = {**ENTRIES, "months": "3", "giver_email": "giver@ashiato.example", "giver_name": "花子"}
        estimate = check_frame(await stocked.press(await stocked.page("/ja/plans/gift"), "calculate", **entries))
        look = check_frame(await stocked.press(estimate, "review", **entries))
        assert "1,752" in look.text_content()
        assert "毎月 584" not in look.text_content()
        answer = await stocked.press(look, "begin", consent=look.xpath("//input[@name='consent']/@value")[0])
        session = answer.headers["location"].rpartition("/")[2]
        await stocked.small.deliver(stocked.small.payments.pay(session))
        await settled(stocked.small)
        page = check_frame(await stocked.client.get(await address_of(await Plan.get(), "en")))
        assert "126.600" in page.text_content()
        check_frame(await stocked.client.get("/en/plans/given"))

    async def test_tells_its_owner_how_many_months_are_left_and_nothing_of_a_charge(self, stocked: MarketSite) -> None:
        plan = await a_gift(stocked, months=2)
        address = await address_of(plan)
        text = (await stocked.page(address)).text_content()
        assert "この月の分を確認しています" in text, "it is paid, and its first month is not arranged yet"
        await settled(stocked.small)
        page = await stocked.page(address)
        assert "あと 1 か月分あり、お支払いはありません" in page.text_content()
        assert "毎月" not in [term.text for term in page.xpath("//dl/div/dt")]
        assert "贈られた月数も減りません" in page.text_content()
        assert "贈った方のカードに返金" in (await stocked.page(f"{address}/end")).text_content()
        await stocked.client.post(address, data={"action": "pause"})
        assert "再開するまで、次の月は始まりません" in (await stocked.page(address)).text_content()
        await stocked.client.post(address, data={"action": "resume"})
        stocked.small.clock.advance(timedelta(days=31))
        assert "この月の分を確認しています" in (await stocked.page(address)).text_content()
        await gifts.enqueue_due(stocked.small.market)
        await settled(stocked.small)
        assert "贈られた最後の月です" in (await stocked.page(address)).text_content()

    async def test_names_whose_address_is_wrong(self, stocked: MarketSite) -> None:
        estimate = await stocked.press(await stocked.page("/ja/plans/gift"), "calculate", **ENTRIES)
        entries = {**ENTRIES, "months": "3", "giver_email": "me", "listing": await _listing_in(estimate)}
        answer = await stocked.client.post("/ja/plans/gift", data={**entries, "action": "review"})
        assert check_frame(answer).xpath("//*[@id='f-giver_email-error']")


class TestThePageOfAPlan:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_shows_its_months_total_and_next_charge(self, stocked: MarketSite, language: str) -> None:
        plan = await a_plan(stocked)
        page = check_frame(await stocked.client.get(await address_of(plan, language)))
        assert "126.600" in page.text_content()
        assert page.xpath("//svg[@role='img']") and page.xpath("//a[starts-with(@href, '/c/')]")
        check_frame(await stocked.client.get(f"{await address_of(plan, language)}/years/2026"))
        check_frame(await stocked.client.get(f"{await address_of(plan, language)}/end"))

    async def test_says_that_a_month_is_arranged_until_its_payment_is_known(self, stocked: MarketSite) -> None:
        plan = await an_open_plan(stocked.small, await Listing.get())
        *invoices, page_paid = stocked.small.plans.pay(plan.checkout_session)
        await stocked.small.deliver(page_paid)
        await stocked.small.worker().run_due()
        assert ((await Plan.get()).state, (await Plan.get()).paid_until) == (PlanState.ACTIVE, None)
        page = await stocked.page(f"{await address_of(plan, 'en')}?paid=1")
        assert "This month is being arranged" in page.text_content()
        assert page.xpath("//meta[@http-equiv='refresh']")
        for event in invoices:
            await stocked.small.deliver(event)
        await settled(stocked.small)
        page = await stocked.page(f"{await address_of(plan, 'en')}?paid=1")
        assert "The next month begins at" in page.text_content()
        assert not page.xpath("//meta[@http-equiv='refresh']")

    async def test_says_the_same_when_the_next_month_has_come_and_its_payment_is_not_known(
        self, stocked: MarketSite
    ) -> None:
        plan = await a_plan(stocked)
        stocked.small.clock.advance(timedelta(days=31))
        assert "This month is being arranged" in (await stocked.page(await address_of(plan, "en"))).text_content()

    async def test_changes_from_the_next_month(self, stocked: MarketSite) -> None:
        plan = await a_plan(stocked)
        terms = await plan_terms.newest(plan.id)
        answer = await stocked.client.post(
            await address_of(plan),
            data={"action": "change", "menu": OTHER_MENU, "kwh": "400", "listing": terms.listing_id},
        )
        assert answer.status_code == 303
        changed = await plan_terms.newest(plan.id)
        assert (changed.version, changed.kwh) == (2, "400")
        assert stocked.small.plans.subscriptions["sub_1"].monthly_amount == changed.total_yen

    async def test_pauses_and_resumes_and_ends_with_one_button_each(self, stocked: MarketSite) -> None:
        plan = await a_plan(stocked)
        for act, state in (("pause", PlanState.PAUSED), ("resume", PlanState.ACTIVE)):
            assert (await stocked.client.post(await address_of(plan), data={"action": act})).status_code == 303
            assert (await plans.find(plan.id)).state == state
        ending = await stocked.page(f"{await address_of(plan)}/end")
        assert (await stocked.press(ending)).status_code == 303
        assert (await plans.find(plan.id)).state == PlanState.ENDED
        assert "解約されました" in (await stocked.page(await address_of(plan))).text_content()

    async def test_takes_bills_by_hand_and_as_a_table(self, stocked: MarketSite) -> None:
        plan = await a_plan(stocked)
        by_hand = {"action": "bill", "bill_month": "2026-11-22", "bill_kwh": "360"}
        assert (await stocked.client.post(await address_of(plan), data=by_hand)).status_code == 303
        table = {"table": ("bills.csv", "month,kwh\n2026-11,350\n".encode("shift_jis"), "text/csv")}
        answer = await stocked.client.post(await address_of(plan), data={"action": "table"}, files=table)
        assert answer.status_code == 303
        assert [bill.kwh for bill in await PlanBill.all().order_by("id")] == ["360", "350"]
        wrong = {"table": ("bills.csv", b"month,kwh\n2025-01,350\n2026-11,x\n", "text/csv")}
        answer = await stocked.client.post(await address_of(plan), data={"action": "table"}, files=wrong)
        assert answer.status_code == 422
        assert "3行目" in check_frame(answer).text_content()
        assert await PlanBill.all().count() == 2

    async def test_covers_the_rest_of_a_bill_at_once(self, stocked: MarketSite) -> None:
        plan = await a_plan(stocked)
        by_hand = {"action": "bill", "bill_month": "2026-11-22", "bill_kwh": "400"}
        await stocked.client.post(await address_of(plan), data=by_hand)
        page = await stocked.page(await address_of(plan))
        (month,) = page.xpath("//input[@name='month']/@value")
        (consent,) = page.xpath("//input[@name='consent']/@value")
        unticked = await stocked.client.post(await address_of(plan), data={"action": "extra", "month": month})
        assert unticked.status_code == 422
        assert check_frame(unticked).xpath("//*[@id='f-consent-error']")
        wanted = {"action": "extra", "month": month, "consent": consent}
        answer = await stocked.client.post(await address_of(plan), data=wanted)
        assert answer.headers["location"].startswith("https://pay.example/cs_")
        assert "form-action 'self' https:" in unticked.headers["content-security-policy"], (
            "or the browser does not follow"
        )
        order = await Order.get(checkout_session__isnull=False)
        await stocked.small.deliver(stocked.small.payments.pay(order.checkout_session))
        await settled(stocked.small)
        page = await stocked.page(await address_of(plan))
        assert "168.800" in page.text_content()
        assert (await plan_terms.newest(plan.id)).carried_g == 0

    async def test_says_that_the_payment_for_the_rest_of_a_bill_is_refused_for_good(self, stocked: MarketSite) -> None:
        plan = await a_plan(stocked)
        by_hand = {"action": "bill", "bill_month": "2026-11-22", "bill_kwh": "400"}
        await stocked.client.post(await address_of(plan), data=by_hand)
        page = await stocked.page(await address_of(plan))
        wanted = {name: page.xpath(f"//input[@name='{name}']/@value")[0] for name in ("month", "consent")}
        stocked.small.payments.refusal = "amount_too_small"
        answer = await stocked.client.post(await address_of(plan), data={"action": "extra", **wanted})
        assert answer.status_code == 422
        assert "時間をおいても変わりません" in check_frame(answer).xpath("string(//*[@role='alert'])")
        assert (await Order.get(id=(await PlanBill.get()).order_id)).state == "expired"
        await stocked.client.post(await address_of(plan), data=by_hand)
        assert (await stocked.page(await address_of(plan))).xpath("//button[@value='extra']")

    async def test_says_what_is_to_do_when_the_card_fails(self, stocked: MarketSite) -> None:
        plan = await a_plan(stocked)
        stocked.small.plans.charged["sub_1"].card_works = False
        await months_pass(stocked.small)
        page = check_frame(await stocked.client.get(await address_of(plan, "en")))
        assert "could not be charged" in page.text_content()
        answer = await stocked.client.post(await address_of(plan), data={"action": "card"})
        assert answer.headers["location"] == "https://pay.example/card/cus_1"

    async def test_goes_on_where_the_provider_refuses_its_page_for_another_card(self, stocked: MarketSite) -> None:
        plan = await a_plan(stocked)
        stocked.small.payments.refusal = "access_refused"
        answer = await stocked.client.post(await address_of(plan), data={"action": "card"})
        page = check_frame(answer)
        assert answer.status_code == 422
        (link,) = page.xpath("//*[@id='problems']//a/@href")
        assert page.xpath(f"//*[@id='{link[1:]}']/@value") == ["card"]
        assert "ご契約はそのままです" in page.text_content()

    async def test_a_decision_stands_where_the_provider_refuses_to_hear_it(self, stocked: MarketSite) -> None:
        plan = await a_plan(stocked)
        stocked.small.payments.refusal = "access_refused"
        answer = await stocked.client.post(await address_of(plan), data={"action": "pause"})
        assert (answer.status_code, (await Plan.get()).state) == (303, PlanState.PAUSED)
        stocked.small.payments.refusal = None
        await settled(stocked.small)
        assert stocked.small.plans.subscriptions[(await Plan.get()).subscription].state == "paused"

    async def test_is_found_again_by_signing_in_with_its_address(self, stocked: MarketSite) -> None:
        plan = await a_plan(stocked)
        assert (await stocked.client.get("/ja/plans/mine")).status_code == 303
        await signed_in(stocked.client, stocked.small, email="home@ashiato.example")
        page = check_frame(await stocked.client.get("/ja/plans/mine"))
        assert page.xpath(f"//a[@href='/ja/plans/{plan.access_token}']")

    async def test_no_other_address_opens_one(self, stocked: MarketSite) -> None:
        assert (await stocked.client.get("/ja/plans/unknown")).status_code == 404
        plan = await a_plan(stocked)
        assert (await stocked.client.get(f"{await address_of(plan)}/years/1999")).status_code == 404
        assert (await stocked.client.post(await address_of(plan), data={"action": "explode"})).status_code == 404
