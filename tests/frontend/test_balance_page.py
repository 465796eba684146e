"""An organisation sees its prepaid balance and pays in more."""

import pytest

from marketplace.accounts.roles import Role
from marketplace.deposits.models import Deposit
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import signed_in

PAGE = "/ja/account/balance"


async def pay_in(shop: MarketSite, yen: str):
    token = (await shop.page(PAGE)).xpath("//main//input[@name='forms_token']/@value")[0]
    return await shop.client.post(PAGE, data={"forms_token": token, "yen": yen})


class TestPayingIn:
    async def test_leads_to_the_payment_page_and_shows_what_arrived(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        answer = await pay_in(shop, "１２，０００円")
        deposit = await Deposit.get()
        assert (answer.status_code, answer.headers["location"]) == (303, deposit.checkout_url)
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
