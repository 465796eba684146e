"""The certificate's page shows its place in the public log and hands out what proves it; the disclosure sheet agrees with it."""

import pytest

from certificates import visibility
from certificates.bundle import read_bundle_files
from certificates.claims.wording import ClaimTexts
from certificates.evidence import read_evidence
from certificates.verdict import CheckResult
from frontend.claim_view import view_of
from frontend.locales import Locale
from marketplace.certification.claims import judge_certificate
from marketplace.certification.examination import examine
from marketplace.certification.publication import published
from marketplace.certification.takeaway import public_bundle
from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from tests.builders.market import a_listing
from tests.certificates.builders import a_statement
from tests.frontend.market_site import MarketSite
from tests.frontend.test_order_path import to_the_last_look
from tests.frontend.test_verify_page import a_certificate


class TestTheCertificatesPage:
    @pytest.mark.parametrize(("lang", "said"), [("ja", "全1件の1番目"), ("en", "entry 1 of 1")])
    async def test_names_the_place_in_the_public_log(self, shop: MarketSite, lang: str, said: str) -> None:
        record = await a_certificate(shop)
        page = await shop.page(f"/c/{record.number}?lang={lang}")
        assert said in page.xpath("string(//*[contains(@class, 'log-position')])")

    @pytest.mark.parametrize("form", ["zip", "tlog-proof", "badge.jwt", "jwt", "svg", "pdf"])
    async def test_leads_to_every_form(self, shop: MarketSite, form: str) -> None:
        record = await a_certificate(shop)
        page = await shop.page(f"/c/{record.number}")
        (link,) = page.xpath(f"//main//a[contains(@href, '/c/{record.number}.{form}')]/@href")
        answer = await shop.client.get(link)
        assert answer.status_code == 302
        assert answer.headers["location"].startswith(f"/v1/certificates/{record.number}.{form}")

    async def test_of_an_unlisted_certificate_opens_with_its_code_and_hands_it_on(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        code = await run_tx(lambda _: visibility.unlist(record.number))
        await shop.page(f"/c/{record.number}", status=404)
        await shop.page(f"/c/{record.number}/disclosure", status=404)
        page = await shop.page(f"/c/{record.number}?code={code}")
        links = page.xpath("//main//a[starts-with(@href, '/c/')]/@href")
        assert links and all(f"code={code}" in link for link in links)
        moved = await shop.client.get(f"/c/{record.number}.zip?code={code}")
        assert f"code={code}" in moved.headers["location"]


class TestTheDisclosureSheet:
    @pytest.mark.parametrize("lang", ["ja", "en"])
    async def test_states_what_the_certificate_states(self, shop: MarketSite, lang: str) -> None:
        record = await a_certificate(shop)
        text = (await shop.page(f"/c/{record.number}/disclosure?lang={lang}")).text_content()
        (cancellation,) = record.statement.cancellations
        for said in (
            record.number,
            record.statement.sha256(),
            cancellation.notice_number,
            cancellation.certification_number,
        ):
            assert said in text
        assert cancellation.serials[0].first_text in text
        assert cancellation.serials[0].last_text in text

    async def test_hides_what_the_page_hides(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        await run_tx(lambda _: visibility.hide(record.number, list(record.disclosures), until=None))
        text = (await shop.page(f"/c/{record.number}/disclosure")).text_content()
        assert not any(disclosure.value in text for disclosure in record.disclosures.values())


class TestWhatMayBeSaid:
    async def test_without_a_footprint_only_the_contribution(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        judgement = judge_certificate(record.statement, on=japan_date(shop.small.clock()))
        assert [one.wording.value for one in judgement.decisions if one.allowed] == ["contribution"]

    async def test_stands_on_the_last_look_with_its_reasons(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        look = await to_the_last_look(shop)
        (allowed,) = look.xpath("//dl[contains(@class, 'may-say')][1]")
        assert "排出そのものがなくなったわけではありません" in allowed.text_content()
        refused = look.xpath("string(//dl[contains(@class, 'may-not-say')])")
        assert "カーボン・ニュートラル" in refused
        assert "計画" in refused

    def test_a_refused_wording_gives_no_sentence_to_copy(self) -> None:

        statement = a_statement()
        judgement = judge_certificate(statement, on=japan_date(statement.issued_at))
        texts = ClaimTexts(
            "催し",
            "2026年",
            "クレジット",
            "無効化",
            statement.grams,
            statement.footprint.total_g if statement.footprint else None,
        )
        view = view_of(judgement, texts, Locale.JA)
        assert view.may_not_say
        assert {one.sentence for one in view.may_not_say} == {""}
        assert all(one.reasons for one in view.may_not_say)


async def test_the_verification_page_takes_the_bundle(shop: MarketSite) -> None:

    record = await a_certificate(shop)
    market = shop.small.market
    packed = (await public_bundle(market, await published(market, record.number), pdf=None)).to_zip()
    assert "certificate.tlog-proof" in read_bundle_files(packed)
    answer = await shop.client.post(
        "/ja/verify", data={"number": ""}, files={"file": ("a.zip", packed, "application/zip")}
    )
    assert answer.status_code == 200
    assert "テスト証明書です" in answer.text
    examination = await examine(market, read_evidence(packed))
    assert {check.result for check in examination.verdict.checks} == {CheckResult.PASSED}
