"""What is made from a certificate, as its visitors find it: papers for reports, the disclosure sheet on paper, the preview."""

from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest

from certificates import visibility
from certificates.exports.model import Form
from marketplace.database.transactions import run_tx
from tests.frontend.market_site import MarketSite
from tests.frontend.test_verify_page import a_certificate


class TestPapersForReports:
    @pytest.mark.parametrize("lang", ["ja", "en"])
    async def test_the_page_shows_every_entry_and_leads_to_the_files(self, shop: MarketSite, lang: str) -> None:
        record = await a_certificate(shop)
        page = await shop.page(f"/c/{record.number}/exports?lang={lang}")
        text = page.text_content()
        (cancellation,) = record.statement.cancellations
        for said in (cancellation.notice_number, cancellation.serials[0].first_text, record.statement.sha256()):
            assert text.count(said) == len(Form)
        files = [urlsplit(link).path for link in page.xpath("//main//*[@class='downloads']//a/@href")]
        assert len(files) == 3 * len(Form)
        assert {PurePosixPath(path).suffix for path in files} == {".pdf", ".xlsx", ".csv"}

    async def test_of_an_unlisted_certificate_only_with_its_code(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        code = await run_tx(lambda _: visibility.unlist(record.number))
        await shop.page(f"/c/{record.number}/exports", status=404)
        page = await shop.page(f"/c/{record.number}/exports?code={code}")
        assert all(f"code={code}" in link for link in page.xpath("//main//*[@class='downloads']//a/@href"))

    async def test_hidden_names_are_left_to_whoever_files(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        await run_tx(lambda _: visibility.hide(record.number, list(record.disclosures), until=None))
        text = (await shop.page(f"/c/{record.number}/exports?lang=ja")).text_content()
        assert not any(disclosure.value in text for disclosure in record.disclosures.values())


class TestThePreview:
    async def test_names_the_picture_and_what_is_certified(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        page = await shop.page(f"/c/{record.number}?lang=en")
        said = dict(zip(page.xpath("//meta/@property"), page.xpath("//meta[@property]/@content"), strict=True))
        assert said["og:image"] == f"https://ashiato.example/v1/certificates/{record.number}.png?lang=en"
        assert (said["og:image:width"], said["og:image:height"]) == ("1200", "630")
        assert record.number in said["og:title"]
        assert said["og:url"] == f"https://ashiato.example/c/{record.number}"
        assert page.xpath("//meta[@name='twitter:card']/@content") == ["summary_large_image"]

    async def test_of_an_unlisted_certificate_there_is_none(self, shop: MarketSite) -> None:
        record = await a_certificate(shop)
        code = await run_tx(lambda _: visibility.unlist(record.number))
        page = await shop.page(f"/c/{record.number}?code={code}")
        assert page.xpath("//meta[starts-with(@property, 'og:')]") == []
