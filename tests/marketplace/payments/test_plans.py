"""Monthly plans: a month is paid before it counts, a failing card is tried again, and what ends stays ended."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import stripe

from marketplace.payments import stripe_plans
from marketplace.payments.gateway import PaymentRefused, PaymentState
from marketplace.payments.plan_gateway import InvoiceState, PlanInvoice, PlanState, Subscription
from marketplace.payments.sandbox.billing_month import month_after, next_boundary
from marketplace.payments.stripe import StripeGateway
from marketplace.payments.stripe_plans import PLAN_STATES, StripePlans
from tests.marketplace.payments.servers import DECLINED_CARD, GOOD_CARD, Sandbox, a_plan

FAILS_LATER = "4000 0000 0000 0341"
BACK = "http://127.0.0.1:9/plan"
MONTH = timedelta(days=31, hours=1)


@pytest.fixture
async def plans(gateway: StripeGateway) -> AsyncIterator[StripePlans]:
    yield StripePlans(gateway.connection)


async def a_running_plan(plans: StripePlans, sandbox: Sandbox) -> Subscription:
    opened = await plans.open_plan(a_plan())
    assert (await sandbox.pay(opened)).status_code == 303
    begun = await plans.plan_checkout(opened.id)
    assert begun.subscription is not None
    return await plans.subscription(begun.subscription)


async def enter_card(plans: StripePlans, sandbox: Sandbox, customer: str, number: str) -> int:
    page = await plans.card_page(customer, return_url=BACK, locale="ja")
    form = {"email": "a@example.com", "number": number, "expiry": "12/34", "cvc": "123"}
    return (await sandbox.http.post(page, data=form)).status_code


async def events(sandbox: Sandbox, *types: str) -> list[dict[str, str]]:
    """The objects of all events of these types, oldest first."""
    query = urlencode([("types[]", name) for name in types] + [("limit", "100")])
    listed = (await sandbox.api("GET", f"/v1/events?{query}")).json()["data"]
    return [event["data"]["object"] for event in reversed(listed)]


async def invoices(plans: StripePlans, sandbox: Sandbox) -> list[PlanInvoice]:
    return [await plans.invoice(made["id"]) for made in await events(sandbox, "invoice.created")]


class TestBeginning:
    async def test_the_first_month_is_paid_on_the_page(self, plans: StripePlans, sandbox: Sandbox) -> None:
        opened = await plans.open_plan(a_plan(plan_id="plan_9"))
        assert (opened.state, opened.plan_id, opened.subscription) == (PaymentState.OPEN, "plan_9", None)
        assert "毎月のお支払い" in (await sandbox.http.get(opened.url or "")).text
        await sandbox.pay(opened)
        begun = await plans.plan_checkout(opened.id)
        assert begun.state is PaymentState.PAID
        subscription = await plans.subscription(begun.subscription or "")
        assert (subscription.plan_id, subscription.state) == ("plan_9", PlanState.ACTIVE)
        assert (subscription.monthly_amount, subscription.currency) == (480, "JPY")
        assert timedelta(days=28) <= subscription.period_end - subscription.period_start <= timedelta(days=31)
        (invoice,) = await invoices(plans, sandbox)
        assert (invoice.state, invoice.amount, invoice.plan_id) == (InvoiceState.PAID, 480, "plan_9")
        assert (invoice.period_start, invoice.period_end) == (subscription.period_start, subscription.period_end)
        assert invoice.payment is not None

    async def test_a_declined_card_begins_nothing(self, plans: StripePlans, sandbox: Sandbox) -> None:
        opened = await plans.open_plan(a_plan())
        for card in (DECLINED_CARD, FAILS_LATER):
            assert (await sandbox.pay(opened, card)).status_code == 402
        assert (await plans.plan_checkout(opened.id)).state is PaymentState.OPEN
        assert await events(sandbox, "customer.subscription.created") == []

    async def test_the_same_key_opens_the_same_page(self, plans: StripePlans) -> None:
        request = a_plan()
        assert await plans.open_plan(request) == await plans.open_plan(request)

    async def test_an_order_is_no_plan_and_a_plan_no_order(
        self, plans: StripePlans, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        opened = await plans.open_plan(a_plan())
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.checkout(opened.id)
        assert refusal.value.reason == "checkout_is_a_plan"
        await sandbox.a_payment(gateway)
        (paid,) = await events(sandbox, "checkout.session.completed")
        with pytest.raises(PaymentRefused) as other_refusal:
            await plans.plan_checkout(paid["id"])
        assert other_refusal.value.reason == "checkout_not_ours"

    async def test_the_month_can_be_given_back(
        self, plans: StripePlans, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        await a_running_plan(plans, sandbox)
        (invoice,) = await invoices(plans, sandbox)
        assert (await gateway.refund(invoice.payment or "", 480, key="r")).state == "succeeded"


class TestEachMonth:
    async def test_is_charged_once(self, plans: StripePlans, sandbox: Sandbox) -> None:
        plan = await a_running_plan(plans, sandbox)
        for _ in range(3):
            await sandbox.advance(MONTH)
        made = await invoices(plans, sandbox)
        assert [invoice.state for invoice in made] == [InvoiceState.PAID] * 4
        assert [later.period_start for later in made[1:]] == [earlier.period_end for earlier in made[:-1]]
        assert len({invoice.payment for invoice in made}) == 4
        assert (await plans.subscription(plan.id)).period_end == made[-1].period_end

    async def test_is_charged_even_if_several_pass_at_once(self, plans: StripePlans, sandbox: Sandbox) -> None:
        await a_running_plan(plans, sandbox)
        await sandbox.advance(timedelta(days=200))
        made = await invoices(plans, sandbox)
        assert len(made) == 7
        assert {invoice.state for invoice in made} == {InvoiceState.PAID}

    async def test_is_told_as_an_invoice_to_read(
        self, plans: StripePlans, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        await a_running_plan(plans, sandbox)
        before = datetime.now(UTC) + timedelta(days=20)
        await sandbox.advance(MONTH)
        made = await invoices(plans, sandbox)
        told = [(event.type, event.object_id) for event in await gateway.events_since(before)]
        assert ("invoice.paid", made[-1].id) in told

    async def test_can_cost_something_else_from_the_next_on(self, plans: StripePlans, sandbox: Sandbox) -> None:
        plan = await a_running_plan(plans, sandbox)
        assert (await plans.change_amount(plan.id, 960)).monthly_amount == 960
        await plans.change_amount(plan.id, 960)
        await sandbox.advance(MONTH)
        assert [invoice.amount for invoice in await invoices(plans, sandbox)] == [480, 960]

    async def test_costs_nothing_while_paused(self, plans: StripePlans, sandbox: Sandbox) -> None:
        plan = await a_running_plan(plans, sandbox)
        assert (await plans.pause(plan.id)).state is PlanState.PAUSED
        await sandbox.advance(MONTH)
        assert (await plans.resume(plan.id)).state is PlanState.ACTIVE
        await sandbox.advance(MONTH)
        made = await invoices(plans, sandbox)
        assert [invoice.state for invoice in made] == [InvoiceState.PAID, InvoiceState.VOID, InvoiceState.PAID]
        assert made[1].payment is None


class TestManyInvoices:
    async def test_are_read_by_the_page_as_each_is_read_alone(
        self, plans: StripePlans, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stripe_plans, "LONGEST_PAGE", 2)
        running = [await a_running_plan(plans, sandbox) for _ in range(3)]
        await sandbox.a_payment(sandbox.gateway())
        await sandbox.advance(MONTH)
        since, until = running[0].period_start, datetime.now(UTC) + 2 * MONTH
        listed = await plans.paid_invoices(since, until, most=100)
        alone = await invoices(plans, sandbox)
        assert sorted(listed, key=lambda one: one.id) == sorted(alone, key=lambda one: one.id)
        assert len(await plans.paid_invoices(since, until, most=2)) == 2

    async def test_of_another_time_or_not_paid_are_left_out(self, plans: StripePlans, sandbox: Sandbox) -> None:
        running = await a_running_plan(plans, sandbox)
        assert await enter_card(plans, sandbox, running.customer, FAILS_LATER) == 303
        await sandbox.advance(MONTH)
        until = running.period_end + MONTH
        (first,) = await plans.paid_invoices(running.period_start, until, most=100)
        assert first.period_start == running.period_start
        assert await plans.paid_invoices(running.period_end, until, most=100) == []


class TestAFailingCard:
    async def test_is_tried_again_and_the_plan_ends_after_the_last_try(
        self, plans: StripePlans, sandbox: Sandbox
    ) -> None:
        plan = await a_running_plan(plans, sandbox)
        assert await enter_card(plans, sandbox, plan.customer, FAILS_LATER) == 303
        await sandbox.advance(MONTH)
        assert (await plans.subscription(plan.id)).state is PlanState.PAST_DUE
        for attempts, days in [(1, 3), (2, 5), (3, 7)]:
            invoice = (await invoices(plans, sandbox))[-1]
            assert (invoice.state, invoice.attempts, invoice.payment) == (InvoiceState.OPEN, attempts, None)
            assert invoice.next_attempt is not None
            await sandbox.advance(timedelta(days=days))
        assert (await plans.subscription(plan.id)).state is PlanState.ENDED
        last = (await invoices(plans, sandbox))[-1]
        assert (last.state, last.attempts, last.next_attempt) == (InvoiceState.OPEN, 4, None)
        assert len(await events(sandbox, "invoice.payment_failed")) == 4
        await sandbox.advance(timedelta(days=90))
        assert len(await invoices(plans, sandbox)) == 2

    async def test_is_mended_by_another(self, plans: StripePlans, sandbox: Sandbox) -> None:
        plan = await a_running_plan(plans, sandbox)
        await enter_card(plans, sandbox, plan.customer, FAILS_LATER)
        await sandbox.advance(MONTH)
        await enter_card(plans, sandbox, plan.customer, GOOD_CARD)
        assert (await plans.subscription(plan.id)).state is PlanState.PAST_DUE
        await sandbox.advance(timedelta(days=3))
        assert (await plans.subscription(plan.id)).state is PlanState.ACTIVE
        assert [invoice.state for invoice in await invoices(plans, sandbox)] == [InvoiceState.PAID] * 2

    async def test_that_cannot_be_kept_leaves_the_old_one(self, plans: StripePlans, sandbox: Sandbox) -> None:
        plan = await a_running_plan(plans, sandbox)
        assert await enter_card(plans, sandbox, plan.customer, DECLINED_CARD) == 402
        assert await enter_card(plans, sandbox, plan.customer, "1234") == 422
        await sandbox.advance(MONTH)
        assert (await plans.subscription(plan.id)).state is PlanState.ACTIVE

    async def test_the_card_page_is_good_for_a_short_time(self, plans: StripePlans, sandbox: Sandbox) -> None:
        plan = await a_running_plan(plans, sandbox)
        page = await plans.card_page(plan.customer, return_url=BACK, locale="en")
        assert "Change your card" in (await sandbox.http.get(page)).text
        await sandbox.advance(timedelta(minutes=6))
        assert (await sandbox.http.get(page)).headers["location"] == BACK
        assert (await sandbox.http.get(f"{sandbox.url}/c/card/bps_1")).status_code == 404


class TestEnding:
    async def test_with_the_month(self, plans: StripePlans, sandbox: Sandbox) -> None:
        plan = await a_running_plan(plans, sandbox)
        ending = await plans.end_with_month(plan.id)
        assert (ending.state, ending.ends_then) == (PlanState.ACTIVE, True)
        await sandbox.advance(MONTH)
        assert (await plans.subscription(plan.id)).state is PlanState.ENDED
        assert len(await invoices(plans, sandbox)) == 1

    async def test_now_and_only_once(self, plans: StripePlans, sandbox: Sandbox) -> None:
        plan = await a_running_plan(plans, sandbox)
        assert (await plans.end_now(plan.id)).state is PlanState.ENDED
        assert (await plans.end_now(plan.id)).state is PlanState.ENDED
        assert len(await events(sandbox, "customer.subscription.deleted")) == 1
        await sandbox.advance(timedelta(days=90))
        assert len(await invoices(plans, sandbox)) == 1

    async def test_stops_the_tries_with_a_failing_card(self, plans: StripePlans, sandbox: Sandbox) -> None:
        plan = await a_running_plan(plans, sandbox)
        await enter_card(plans, sandbox, plan.customer, FAILS_LATER)
        await sandbox.advance(MONTH)
        await plans.end_now(plan.id)
        await enter_card(plans, sandbox, plan.customer, GOOD_CARD)
        await sandbox.advance(timedelta(days=30))
        assert [invoice.state for invoice in await invoices(plans, sandbox)] == [InvoiceState.PAID, InvoiceState.OPEN]

    async def test_what_has_ended_is_not_changed(self, plans: StripePlans, sandbox: Sandbox) -> None:
        plan = await a_running_plan(plans, sandbox)
        await plans.end_now(plan.id)
        with pytest.raises(PaymentRefused):
            await plans.change_amount(plan.id, 960)

    async def test_an_unknown_plan_is_refused(self, plans: StripePlans) -> None:
        for call in (plans.end_now("sub_unknown"), plans.subscription("sub_unknown"), plans.invoice("in_unknown")):
            with pytest.raises(PaymentRefused) as refusal:
                await call
            assert refusal.value.reason == "resource_missing"


class TestTheSandboxKeepsTheModesApart:
    @pytest.mark.parametrize(
        ("mode", "changed"),
        [
            ("subscription", {}),
            ("payment", {"line_items[0][price_data][recurring][interval]": "month"}),
            ("payment", {"subscription_data[metadata][a]": "b"}),
            (
                "subscription",
                {
                    "line_items[0][price_data][recurring][interval]": "month",
                    "payment_intent_data[metadata][a]": "b",
                },
            ),
            ("subscription", {"line_items[0][price_data][recurring][interval]": "year"}),
        ],
    )
    async def test_a_mixture_is_refused(self, sandbox: Sandbox, mode: str, changed: dict[str, str]) -> None:
        form = {
            "mode": mode,
            "success_url": "https://shop.example/",
            "line_items[0][price_data][currency]": "jpy",
            "line_items[0][price_data][unit_amount]": "480",
            "line_items[0][price_data][product_data][name]": "x",
        }
        assert (await sandbox.api("POST", "/v1/checkout/sessions", urlencode(form | changed))).status_code == 400


class TestMonths:
    @pytest.mark.parametrize(
        ("begun", "months", "boundary"),
        [
            ("2026-11-22", 1, "2026-12-22"),
            ("2026-12-31", 2, "2027-02-28"),
            ("2027-12-31", 2, "2028-02-29"),
            ("2026-12-31", 3, "2027-03-31"),
            ("2026-11-22", 14, "2028-01-22"),
        ],
    )
    def test_a_day_that_a_month_does_not_have_is_its_last(self, begun: str, months: int, boundary: str) -> None:
        def moment(day: str) -> int:
            return int(datetime.fromisoformat(f"{day}T03:00:00+00:00").timestamp())

        assert month_after(moment(begun), months) == moment(boundary)
        assert next_boundary(moment(begun), moment(boundary) - 1) == moment(boundary)


class TestEveryStateOfTheProviderHasAMeaning:
    def test_in_the_version_of_the_installed_sdk(self) -> None:
        declared = str(stripe.Subscription.__annotations__["status"])
        assert {state for state in PLAN_STATES if f"'{state}'" in declared} == PLAN_STATES.keys()
        assert declared.count("'") == 2 * len(PLAN_STATES)
