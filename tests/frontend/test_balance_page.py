"""An organisation sees its prepaid balance and pays in more."""

import asyncio

import pytest
from lxml import html

from marketplace.accounts.roles import Role
from marketplace.deposits.models import Deposit
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import signed_in

PAGE = "/ja/account/balance"


async def the_form(shop: MarketSite) -> dict[str, str]:
    return fields_of(await shop.page(PAGE))


def fields_of(page: html.HtmlElement) -> dict[str, str]:
    (form,) = page.xpath("//form[.//input[@name='yen']]")
    return dict(form.form_values())


async def pay_in(shop: MarketSite, yen: str):
    return await shop.client.post(PAGE, data=await the_form(shop) | {"yen": yen})


class TestPayingIn:
    async def test_leads_to_the_payment_page_and_shows_what_arrived(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        answer = await pay_in(shop, "１２，０００円")
        deposit = await Deposit.get()
        assert (answer.status_code, answer.headers["location"]) == (303, deposit.checkout_url)
        policy = (await shop.client.get(PAGE)).headers["content-security-policy"]
        assert "form-action 'self' https:" in policy, "or the browser does not follow"
        waiting = check_frame(await shop.client.get(PAGE))
        assert waiting.xpath("//main//td/a/@href") == [deposit.checkout_url]
        await shop.small.deliver(shop.small.payments.pay(str(deposit.checkout_session)))
        await shop.small.work()
        for language in ("ja", "en"):
            page = check_frame(await shop.client.get(f"/{language}/account/balance"))
            assert "12,000" in page.xpath("string(//main//dl)")

    @pytest.mark.parametrize("yen", ["", "49", "-500", "1.5", "abc", "1000001", "9" * 40])
    async def test_refuses_at_the_field_and_keeps_what_was_typed(self, shop: MarketSite, yen: str) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        answer = await pay_in(shop, yen)
        page = check_frame(answer)
        assert answer.status_code == 422
        assert page.xpath("//*[@id='problems']//a/@href") == ["#f-yen"]
        assert page.xpath("//input[@name='yen']/@value") == [yen]
        assert await Deposit.all().count() == 0

    async def test_with_the_provider_down_the_deposit_stands(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        shop.small.payments.unreachable = 1
        assert (await pay_in(shop, "5000")).headers["location"] == PAGE
        await shop.small.work()
        assert (await Deposit.get()).checkout_url is not None

    async def test_with_the_payment_page_refused_nothing_waits(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        shop.small.payments.refusal = "amount_too_small"
        answer = await pay_in(shop, "5000")
        assert answer.status_code == 422
        assert check_frame(answer).xpath("//*[@id='problems']//a/@href") == ["#f-yen"]
        assert (await Deposit.get()).state == "lapsed"


class TestOneFormIsOneDeposit:
    """A double click sends the same form twice, and the browser follows the second answer."""

    async def test_however_often_it_is_sent_at_once(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        form = await the_form(shop) | {"yen": "5000"}
        answers = await asyncio.gather(*(shop.client.post(PAGE, data=form) for _ in range(4)))
        deposit = await Deposit.get()
        assert [(one.status_code, one.headers["location"]) for one in answers] == [(303, deposit.checkout_url)] * 4

    async def test_sent_again_after_it_was_paid_it_leads_to_the_balance(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        form = await the_form(shop) | {"yen": "5000"}
        await shop.client.post(PAGE, data=form)
        await shop.small.deliver(shop.small.payments.pay(str((await Deposit.get()).checkout_session)))
        await shop.small.work()
        assert (await shop.client.post(PAGE, data=form)).headers["location"] == PAGE
        assert (await Deposit.get()).state == "paid"

    async def test_what_was_refused_is_refused_again_but_a_new_form_may_be_sent(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        shop.small.payments.refusal = "amount_too_small"
        form = await the_form(shop) | {"yen": "5000"}
        first, again = [await shop.client.post(PAGE, data=form) for _ in range(2)]
        assert (first.status_code, again.status_code) == (422, 422)
        shop.small.payments.refusal = None
        assert (await shop.client.post(PAGE, data=fields_of(check_frame(again)))).status_code == 303
        assert [one.state for one in await Deposit.all().order_by("id")] == ["lapsed", "awaiting_payment"]

    async def test_another_form_and_another_amount_are_another_deposit(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        kept = await the_form(shop)
        for form in (kept | {"yen": "5000"}, kept | {"yen": "6000"}, await the_form(shop) | {"yen": "5000"}):
            assert (await shop.client.post(PAGE, data=form)).status_code == 303
        assert sorted([one.amount_yen for one in await Deposit.all()]) == [5000, 5000, 6000]
