"""A checkout is opened once, paid once or run out, and says truthfully which."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from marketplace.payments.gateway import CheckoutLine, PaymentRefused, PaymentState
from marketplace.payments.stripe import StripeGateway
from tests.marketplace.payments.servers import DECLINED_CARD, Sandbox, a_request, session_id


class TestACheckoutShowsWhatWasOrdered:
    async def test_amount_currency_order_and_page(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request(order_id="ord_77"))
        assert opened.state is PaymentState.OPEN
        assert (opened.amount, opened.currency, opened.order_id) == (1300, "JPY", "ord_77")
        assert opened.url == f"{sandbox.url}/c/pay/{session_id(opened)}"
        assert opened.payment is None
        assert await gateway.checkout(opened.id) == opened

    async def test_an_unknown_one_is_refused(self, gateway: StripeGateway) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.checkout("cs_test_unknown")
        assert refusal.value.reason == "resource_missing"


class TestACheckoutThatCannotBePaidIsRefused:
    @pytest.mark.parametrize(
        ("amount", "reason"), [(49, "amount_too_small"), (0, "amount_too_small"), (100_000_000, "amount_too_large")]
    )
    async def test_by_its_amount(self, gateway: StripeGateway, amount: int, reason: str) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.open_checkout(a_request(lines=[CheckoutLine("1 g", amount)]))
        assert refusal.value.reason == reason

    @pytest.mark.parametrize("amount", [50, 99_999_999])
    async def test_but_not_at_the_borders(self, gateway: StripeGateway, amount: int) -> None:
        assert (await gateway.open_checkout(a_request(lines=[CheckoutLine("1 t", amount)]))).amount == amount

    @pytest.mark.parametrize("lasts", [timedelta(minutes=29), timedelta(hours=24, minutes=1), timedelta(days=-1)])
    async def test_by_its_time(self, gateway: StripeGateway, lasts: timedelta) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.open_checkout(a_request(expires_at=datetime.now(UTC) + lasts))
        assert refusal.value.reason == "parameter_invalid:expires_at"

    async def test_by_its_currency(self, gateway: StripeGateway) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.open_checkout(a_request(currency="EUR"))
        assert refusal.value.reason == "parameter_invalid:line_items[0][price_data][currency]"

    async def test_by_its_return_address(self, gateway: StripeGateway) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.open_checkout(a_request(success_url="/done"))
        assert refusal.value.reason == "url_invalid"


class TestPaying:
    async def test_a_good_card_pays(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        await sandbox.pay(opened)
        paid = await gateway.checkout(opened.id)
        assert paid.state is PaymentState.PAID
        assert paid.payment is not None
        assert paid.amount == 1300

    async def test_a_declined_card_leaves_it_open_for_another(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        await sandbox.pay(opened, DECLINED_CARD)
        after = await gateway.checkout(opened.id)
        assert (after.state, after.payment) == (PaymentState.OPEN, None)
        await sandbox.pay(opened)
        assert (await gateway.checkout(opened.id)).state is PaymentState.PAID

    async def test_twenty_submissions_at_once_pay_once(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        answers = await asyncio.gather(*(sandbox.pay(opened) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {303}
        types = [event["type"] for event in (await sandbox.api("GET", "/v1/events?limit=100")).json()["data"]]
        assert types.count("charge.succeeded") == 1
        assert types.count("checkout.session.completed") == 1


class TestClosingACheckout:
    async def test_an_open_one_can_no_longer_be_paid(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        assert (await gateway.expire_checkout(opened.id)).state is PaymentState.EXPIRED
        assert (await sandbox.pay(opened)).status_code == 410
        assert (await gateway.checkout(opened.id)).state is PaymentState.EXPIRED

    async def test_one_that_is_paid_already_says_so(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        await sandbox.pay(opened)
        closed = await gateway.expire_checkout(opened.id)
        assert closed.state is PaymentState.PAID
        assert closed.payment is not None

    async def test_closing_twice_is_no_error(self, gateway: StripeGateway) -> None:
        opened = await gateway.open_checkout(a_request())
        await gateway.expire_checkout(opened.id)
        assert (await gateway.expire_checkout(opened.id)).state is PaymentState.EXPIRED

    async def test_an_unknown_one_is_refused(self, gateway: StripeGateway) -> None:
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.expire_checkout("cs_test_unknown")
        assert refusal.value.reason == "resource_missing"

    async def test_paying_while_closing_ends_one_way_and_all_agree(
        self, gateway: StripeGateway, sandbox: Sandbox
    ) -> None:
        ends = set()
        for turn in range(20):
            opened = await gateway.open_checkout(a_request())
            # whose request is sent first changes with every turn
            async with asyncio.TaskGroup() as race:
                if turn % 2:
                    closing, paying = (
                        race.create_task(gateway.expire_checkout(opened.id)),
                        race.create_task(sandbox.pay(opened)),
                    )
                else:
                    paying = race.create_task(sandbox.pay(opened))
                    closing = race.create_task(gateway.expire_checkout(opened.id))
            state = (await gateway.checkout(opened.id)).state
            assert closing.result().state is state
            assert paying.result().status_code == (303 if state is PaymentState.PAID else 410)
            ends.add(state)
        assert ends <= {PaymentState.PAID, PaymentState.EXPIRED}


class TestACheckoutRunsOutByItself:
    async def test_at_its_time(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request(expires_at=datetime.now(UTC) + timedelta(minutes=31)))
        await sandbox.advance(timedelta(minutes=29))
        assert (await gateway.checkout(opened.id)).state is PaymentState.OPEN
        await sandbox.advance(timedelta(minutes=3))
        assert (await gateway.checkout(opened.id)).state is PaymentState.EXPIRED
        assert (await sandbox.pay(opened)).status_code == 410

    async def test_and_tells_so_once(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        before = datetime.now(UTC)
        opened = await gateway.open_checkout(a_request())
        await sandbox.advance(timedelta(hours=2))
        await gateway.checkout(opened.id)
        await gateway.expire_checkout(opened.id)
        told = [event for event in await gateway.events_since(before) if event.object_id == opened.id]
        assert [event.type for event in told] == ["checkout.session.expired"]

    async def test_a_paid_one_never_does(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        opened = await gateway.open_checkout(a_request())
        await sandbox.pay(opened)
        await sandbox.advance(timedelta(days=2))
        assert (await gateway.checkout(opened.id)).state is PaymentState.PAID


class TestASessionThatTheMarketDidNotOpenIsRefused:
    async def test_it_carries_no_order(self, gateway: StripeGateway, sandbox: Sandbox) -> None:
        form = (
            "mode=payment&success_url=https://shop.example/&line_items[0][price_data][currency]=jpy"
            "&line_items[0][price_data][unit_amount]=500&line_items[0][price_data][product_data][name]=x"
        )
        foreign = (await sandbox.api("POST", "/v1/checkout/sessions", form)).json()
        with pytest.raises(PaymentRefused) as refusal:
            await gateway.checkout(foreign["id"])
        assert refusal.value.reason == "checkout_not_ours"
