"""The operators' pages and the public ones around the registries, without JavaScript."""

import pytest

from marketplace.accounts.roles import Role
from marketplace.audit.models import AuditEntry
from marketplace.inventory.models import Block, RegistryAccount
from marketplace.inventory.serials import SerialRange
from marketplace.orders import service as orders
from marketplace.reconciliation import service as reconciliation
from marketplace.reconciliation.models import CaseRecord, CaseState, ComparisonRecord
from marketplace.registries.gateway import HoldingReport
from marketplace.registries.matching import DifferenceCode
from marketplace.registries.reconciliation import CaseCode
from tests.builders.market import a_listing, a_quote, a_wish
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import signed_in

ACCOUNT = "ACC-prov_a"


async def bought(shop: MarketSite, *, email="reader@example.jp", script=()):
    listing = await a_listing(shop.small)
    order = await orders.place(shop.small.market, a_wish(await a_quote(shop.small, listing), email=email))
    order = await orders.open_checkout(shop.small.market, order.id)
    shop.small.registry.script = list(script)
    await shop.small.deliver(shop.small.payments.pay(order.checkout_session))
    await shop.small.work()
    return await orders.find(order.id)


async def send(shop: MarketSite, page: str, *, files=None, **typed: str):
    """Send what a form of this page would, with its token."""
    token = (await shop.page(page)).xpath("//main//input[@name='forms_token']/@value")[0]
    return await shop.client.post(page, data={"forms_token": token, **typed}, files=files)


class TestTheMailbox:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_shows_what_would_have_been_sent(self, shop: MarketSite, language: str) -> None:
        order = await bought(shop)
        box = check_frame(await shop.client.get(f"/{language}/mailbox", params={"to": "reader@example.jp"}))
        letters = box.xpath("//table//a/@href")
        assert len(letters) == 3
        texts = [check_frame(await shop.client.get(letter)).text_content() for letter in letters]
        assert any(order.certificate_number in text for text in texts)

    async def test_exists_only_where_copies_are_kept(self, shop: MarketSite) -> None:
        from dataclasses import replace

        market = shop.services.market
        shop.services.market = replace(market, post=replace(market.post, keeps_copies=False))
        assert (await shop.client.get("/ja/mailbox")).status_code == 404
        assert (await shop.client.get("/ja/mailbox/mail_1")).status_code == 404


class TestThePublicLedger:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_every_cancellation_with_its_certificate(self, shop: MarketSite, language: str) -> None:
        order = await bought(shop)
        page = check_frame(await shop.client.get(f"/{language}/ledger"))
        assert f"/c/{order.certificate_number}?lang={language}" in page.xpath("//main//a/@href")
        assert page.xpath("//footer//a[contains(@href, '/ledger')]")

    async def test_files_and_searches(self, shop: MarketSite) -> None:
        order = await bought(shop)
        for path in ("/ja/ledger.csv", "/en/ledger-cad-trust.csv"):
            answer = await shop.client.get(path)
            assert answer.headers["content-type"] == "text/csv; charset=utf-8"
            assert order.certificate_number in answer.text
        nothing = await shop.page("/ja/ledger?q=nothing&registry=strange&after=x.y")
        assert nothing.find_class("empty")


class TestTheRegistriesPage:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_says_of_each_what_is_known_and_what_is_not(self, shop: MarketSite, language: str) -> None:
        page = check_frame(await shop.client.get(f"/{language}/registries"))
        assert len(page.find_class("section")) == 5
        assert (
            "japancredit" in page.text_content()
            or "J-Credit" in page.text_content()
            or "J-クレジット" in page.text_content()
        )


class TestWhatNeedsAPerson:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_a_refused_request_is_asked_again_with_a_reason(self, shop: MarketSite, language: str) -> None:
        order = await bought(shop, script=["refused"])
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        path = f"/{language}/operations"
        page = check_frame(await shop.client.get(path))
        (retirement,) = set(page.xpath("//main//input[@name='id']/@value"))
        refused = await send(shop, path, action="ask_again", id=retirement, reason=" ")
        assert refused.status_code == 422
        answer = await send(shop, path, action="ask_again", id=retirement, reason="電話で確認した")
        assert answer.status_code == 303
        await shop.small.work()
        assert (await orders.find(order.id)).certificate_number
        assert (await AuditEntry.get(act="retirement.ask_again")).reason == "電話で確認した"
        assert (await shop.page(path)).find_class("empty")

    async def test_an_auditor_reads_and_presses_nothing(self, shop: MarketSite) -> None:
        await bought(shop, script=["refused"])
        await signed_in(shop.client, shop.small, Role.AUDITOR)
        page = await shop.page("/ja/operations")
        assert page.find_class("matter")
        assert page.xpath("//main//button") == []

    async def test_every_difference_has_words(self, shop: MarketSite) -> None:
        from frontend.locales import Locale
        from frontend.wording import words

        for locale in Locale:
            for code in (*DifferenceCode, "notice_missing", "registry_refused_request"):
                assert words("operations", f"review.{code}", locale)
            for code in CaseCode:
                assert words("reconciliation", f"code.{code}", locale)


class TestReconciliation:
    async def a_case(self, shop: MarketSite) -> CaseRecord:
        await a_listing(shop.small, tonnes=10)
        block = (await Block.get()).certification_number
        shop.small.registry.held = [HoldingReport(ACCOUNT, block, SerialRange(1, 7))]
        await reconciliation.compare_with_registry(shop.small.market, "jcredit", ACCOUNT)
        return await CaseRecord.get()

    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_a_case_is_taken_and_explained(self, shop: MarketSite, language: str) -> None:
        case = await self.a_case(shop)
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        listed = check_frame(await shop.client.get(f"/{language}/operations/reconciliation"))
        path = f"/{language}/operations/reconciliation/{case.key}"
        assert path in listed.xpath("//main//a/@href")
        check_frame(await shop.client.get(path))
        assert (await send(shop, path, action="take", text="")).status_code == 303
        assert (await send(shop, path, action="explain", text="")).status_code == 422
        assert (await send(shop, path, action="explain", text="移転済み")).status_code == 303
        assert (await CaseRecord.get()).state == CaseState.EXPLAINED
        assert "移転済み" in (await shop.page(path)).text_content()

    async def test_a_list_is_compared_or_refused_with_every_faulty_row(self, shop: MarketSite) -> None:
        await a_listing(shop.small, tonnes=10)
        block = (await Block.get()).certification_number
        account = (await RegistryAccount.get()).id
        await signed_in(shop.client, shop.small, Role.OPERATOR)
        path, head = "/ja/operations/reconciliation", "account,block,serial_first,serial_last\n"
        bad = {"holdings": ("l.csv", f"{head}{ACCOUNT},{block},9,1\n,{block},x,2\n".encode())}
        refused = await send(shop, path, files=bad, account=account)
        assert refused.status_code == 422
        assert "2行目" in refused.text
        assert "3行目" in refused.text
        assert not await ComparisonRecord.exists()
        good = {"holdings": ("l.csv", f"{head}{ACCOUNT},{block},1,10\n".encode())}
        assert (await send(shop, path, files=good, account=account)).status_code == 303
        assert (await ComparisonRecord.get()).differences == 0
