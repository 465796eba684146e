"""Papers of an order, the operators' pages of money and books, and a seller's payouts, without JavaScript."""

from dataclasses import replace

import pytest

from marketplace.accounts.roles import Role
from marketplace.audit.models import AuditEntry
from marketplace.orders import service as orders
from marketplace.payments.gateway import DisputeState, PaymentMethod, PaymentProviderUnreachable, PaymentRefused
from marketplace.payments.models import Payment, RefundRecord
from marketplace.payouts import onboarding
from marketplace.payouts.models import Payout
from marketplace.payouts.states import PayoutState
from marketplace.plans import changes
from tests.builders.market import a_listing, an_order
from tests.builders.pools import with_pools
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.marketplace.money.acts import a_paid_order, give_back
from tests.marketplace.plans.test_plan_gifts import a_month_later, a_paid_gift
from tests.signed_in import signed_in

MONEY, BOOKS = "/ja/operations/money", "/ja/operations/ledger"


async def send(shop: MarketSite, page: str, **typed: str):
    token = (await shop.page(page)).xpath("//main//input[@name='forms_token']/@value")[0]
    return await shop.client.post(page, data={"forms_token": token, **typed})


class TestAnOrdersPapers:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_are_linked_from_its_page_and_printed_in_its_language(self, shop: MarketSite, language: str) -> None:
        order = await a_paid_order(shop.small)
        await give_back(shop.small, order, 100, borne_by="service")
        await shop.small.work()
        page = check_frame(await shop.client.get(f"/{language}/orders/{order.access_token}"))
        links = [link for link in page.xpath("//main//a/@href") if link.endswith(".pdf")]
        assert len(links) == 3
        for link in links:
            answer = await shop.client.get(link)
            assert answer.content.startswith(b"%PDF")
            assert answer.headers["cache-control"] == "no-store"

    async def test_belong_to_whoever_has_its_address(self, shop: MarketSite) -> None:
        order, other = await a_paid_order(shop.small), await a_paid_order(shop.small)
        await give_back(shop.small, order, 100, borne_by="service")
        await shop.small.work()
        await shop.page("/ja/orders/guessed/invoice.pdf", 404)
        await shop.page(f"/ja/orders/{other.access_token}/credit-notes/CRN-2026-000001.pdf", 404)

    async def test_do_not_exist_before_it_is_paid(self, shop: MarketSite) -> None:
        order = await an_order(shop.small, await a_listing(shop.small))
        await shop.page(f"/ja/orders/{order.access_token}/invoice.pdf", 404)


class TestAPromisedPayment:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_is_shown_with_its_deadline_and_the_way_to_pay(self, shop: MarketSite, language: str) -> None:
        order = await an_order(shop.small, await a_listing(shop.small))
        await shop.small.deliver(shop.small.payments.promise(order.checkout_session, PaymentMethod.BANK_TRANSFER))
        await shop.small.work()
        page = check_frame(await shop.client.get(f"/{language}/orders/{order.access_token}?paid=1"))
        assert (await orders.find(order.id)).checkout_url in page.xpath("//main//a[@class='button']/@href")
        assert page.xpath("string(//h1)") in {"入金待ち", "Waiting for your payment to arrive"}
        assert "29" in page.find_class("lead")[0].text_content()


class TestTheOperatorsPageOfMoney:
    async def test_gives_a_part_back_once_with_a_reason(self, shop: MarketSite) -> None:
        order = await a_paid_order(shop.small)
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        wish = {"action": "give_back", "id": order.id, "yen": "５００", "borne_by": "service", "key": "k1"}
        assert (await send(shop, MONEY, **wish)).status_code == 422
        for _ in range(2):
            assert (await send(shop, MONEY, reason="お詫び", **wish)).status_code == 303
        await shop.small.work()
        assert [refund.amount_yen for refund in await RefundRecord.all()] == [500]
        assert await AuditEntry.filter(act="refund.give", reason="お詫び").exists()

    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_shows_refunds_disputes_and_payouts(self, shop: MarketSite, language: str) -> None:
        order = await a_paid_order(shop.small)
        payment = await Payment.get(order_id=order.id)
        event = shop.small.payments.object_to(payment.provider_payment, 100, DisputeState.WITHDRAWN)
        await shop.small.deliver(event)
        await give_back(shop.small, order, 100, borne_by="service")
        await shop.small.work()
        await shop.small.deliver(shop.small.payments.decide_refund("re_1", "failed"))
        await shop.small.work()
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        page = check_frame(await shop.client.get(f"/{language}/operations/money"))
        assert len(page.xpath("//article[@class='matter']")) == 2
        assert (
            await send(shop, MONEY, action="try_again", id=(await RefundRecord.get()).id, reason="x")
        ).status_code == 303

    async def test_shows_the_rest_of_a_gift_that_a_bank_sent_back_and_sends_it_out_again(
        self, shop: MarketSite
    ) -> None:
        small = with_pools(shop.small)
        shop.services.market = small.market
        gift = await a_paid_gift(small, await a_listing(small, tonnes=20))
        await changes.cancel(small.market, gift.id)
        await a_month_later(small)
        await small.deliver(small.payments.decide_refund("re_1", "failed"))
        await small.work()
        await signed_in(shop.client, small, Role.OPERATOR)
        for language in ("ja", "en"):
            page = check_frame(await shop.client.get(f"/{language}/operations/money"))
            assert gift.id in page.xpath("//article[@class='matter']//code/text()")
        assert (await send(shop, MONEY, action="return_again", id=gift.id, reason="新しいカード")).status_code == 303
        await a_month_later(small, 0)
        assert len(small.payments.refunds) == 2

    async def test_refuses_what_is_no_yen_and_keeps_what_was_typed(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        answer = await send(shop, MONEY, action="give_back", id="ord_x", yen="1.5", reason="x", key="k")
        assert answer.status_code == 422
        assert 'value="1.5"' in answer.text

    async def test_two_people_release_a_large_payout(self, shop: MarketSite) -> None:
        shop.small.market = replace(shop.small.market, terms=replace(shop.small.market.terms, payout_alone_yen=1))
        shop.services.market = shop.small.market
        await a_paid_order(shop.small)
        payout = await Payout.get()
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        assert (await send(shop, MONEY, action="propose", id=payout.id, reason="月末")).status_code == 303
        page = await shop.page(MONEY)
        assert not page.xpath("//input[@name='action'][@value='approve']")
        shop.client.cookies.clear()
        await signed_in(shop.client, shop.small, Role.OPERATOR, email="other@ashiato.example")
        proposal = (await shop.page(MONEY)).xpath("//form[.//input[@value='approve']]//input[@name='id']/@value")[0]
        assert (await send(shop, MONEY, action="approve", id=proposal)).status_code == 303
        assert (await Payout.get()).state == PayoutState.RELEASED


class TestTheBooks:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_are_checked_shown_and_taken_along(self, shop: MarketSite, language: str) -> None:
        await a_paid_order(shop.small)
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        assert (await send(shop, BOOKS)).status_code == 303
        page = check_frame(await shop.client.get(f"/{language}/operations/ledger"))
        sums = page.xpath("//tfoot//td[@class='amount']/text()")
        assert sums[0] == sums[1]
        table = await shop.client.get("/ja/operations/ledger.csv?first=2026-11-01&last=2026-11-30&by=month")
        assert "2026-11,clearing," in table.text
        assert (await shop.client.get("/ja/operations/ledger.csv?first=x&last=y")).status_code == 404


class TestASellersPayouts:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_are_its_own_only_with_serials_and_a_way_to_be_paid(self, shop: MarketSite, language: str) -> None:
        await a_paid_order(shop.small)
        await a_paid_order(shop.small, listing=await a_listing(shop.small, provider="prov_b"))
        await signed_in(shop.client, shop.small, Role.PROVIDER)
        page = check_frame(await shop.client.get(f"/{language}/provider/payouts"))
        assert len(page.find_class("matter")) == 1
        answer = await send(shop, f"/{language}/provider/payouts")
        assert "https://pay.example/onboard/acct_prov_a" in answer.text
        shop.small.payouts.fill_in("acct_prov_a")
        await onboarding.follow(shop.small.market, "acct_prov_a")
        check_frame(await shop.client.get(f"/{language}/provider/payouts"))
        table = await shop.client.get("/ja/provider/payouts.csv")
        assert len(table.text.splitlines()) == 2

    @pytest.mark.parametrize(
        ("failure", "status", "said"),
        [
            (PaymentProviderUnreachable("no answer"), 503, "数分後に"),
            (PaymentRefused("access_refused", "no"), 502, "時間をおいても変わりません"),
        ],
    )
    async def test_say_whether_waiting_helps_where_no_account_is_opened(
        self, shop: MarketSite, failure: PaymentProviderUnreachable | PaymentRefused, status: int, said: str
    ) -> None:
        await a_listing(shop.small)
        await signed_in(shop.client, shop.small, Role.PROVIDER)
        shop.small.payouts.failure = failure
        answer = await send(shop, "/ja/provider/payouts")
        assert answer.status_code == status
        assert said in check_frame(answer).text_content()
