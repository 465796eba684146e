"""The catalogue and the project pages: what is on offer, narrowed without scripts, every fact with its source."""

import pytest
from lxml import html

from frontend.locales import Locale
from frontend.market_words import MarketWords
from marketplace.projects.catalogue import load_catalogue
from marketplace.projects.eligibility import Condition, Purpose, Usability
from marketplace.projects.kinds import CreditKind
from tests.builders.market import PROJECT, a_listing
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite


def prices(page: html.HtmlElement) -> list[str]:
    return [cell.xpath("string(.//*[@class='figure'])") for cell in page.find_class("offer-price")]


class TestTheCatalogue:
    async def test_cheapest_first_with_price_including_tax_and_what_is_left(self, shop: MarketSite) -> None:
        await a_listing(shop.small, yen_per_tonne=5_000, provider="prov_b")
        await a_listing(shop.small, yen_per_tonne=2_000, tonnes=30)
        page = await shop.page("/ja/credits")
        assert [price.replace("\u202f", "") for price in prices(page)] == ["2,200円/ t", "5,500円/ t"]
        assert "残り 30 t" in page.text_content()

    async def test_invented_supply_is_marked_on_every_offer(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        (offer,) = (await shop.page("/ja/credits")).find_class("offer")
        assert "架空" in offer.text_content()

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("", 1),
            ("kind=jcredit_forest", 1),
            ("kind=jcredit_waste", 0),
            ("registry=jcm_jp", 0),
            ("country=JP", 1),
            ("country=MN", 0),
            ("use=voluntary_offset", 1),
            ("max_price=3999", 0),
            ("max_price=４，０００", 1),
            ("kind=nonsense&country=XX&use=none&registry=x&prefecture=y", 1),
            ("after=nonsense", 1),
            ("after=4000.zzz", 0),
        ],
    )
    async def test_narrowing(self, shop: MarketSite, query: str, count: int) -> None:
        await a_listing(shop.small, yen_per_tonne=4_000)
        page = await shop.page(f"/ja/credits?{query}")
        assert len(page.find_class("offer")) == count
        assert bool(page.find_class("empty")) == (count == 0)

    async def test_a_price_that_cannot_be_read_is_said_next_to_it(self, shop: MarketSite) -> None:
        page = await shop.page("/ja/credits?max_price=cheap&kind=jcredit_forest", status=422)
        assert page.xpath("//input[@name='max_price']/@value") == ["cheap"]
        assert page.xpath("//select[@name='kind']/option[@selected]/@value") == ["jcredit_forest"]
        assert page.xpath("//*[@id='f-max_price-error']")

    async def test_pages_follow_each_other_without_gap_or_repetition(self, shop: MarketSite) -> None:
        for number in range(30):
            await a_listing(shop.small, yen_per_tonne=2_000 + number // 3, first_serial=1 + number * 100)
        address, seen = "/ja/credits?kind=jcredit_forest&footprint=fpr_x", []
        while address:
            page = await shop.page(address)
            seen += [link.rpartition("=")[2] for link in page.xpath("//*[@class='offer-price']/a/@href")]
            more = page.xpath("//a[text()='続きを見る']/@href")
            address = more[0] if more else ""
        assert len(seen) == len(set(seen)) == 30

    async def test_with_a_footprint_at_hand_each_offer_leads_back_to_it(self, shop: MarketSite) -> None:
        listing = await a_listing(shop.small)
        footprint_id = await shop.a_footprint()
        page = await shop.page(f"/ja/credits?footprint={footprint_id}")
        (link,) = page.xpath("//*[@class='offer-price']/a/@href")
        choice = await shop.page(link)
        assert choice.xpath("//input[@name='listing'][@checked]/@value") == [listing.id]

    async def test_it_is_sound_html(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        for address in ("/ja/credits", "/en/credits?max_price=x", f"/ja/projects/{PROJECT}"):
            check_frame(await shop.client.get(address))


class TestAProject:
    async def test_its_offers_lead_to_the_order(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        page = await shop.page(f"/ja/projects/{PROJECT}?footprint=fpr_x")
        assert len(page.find_class("offer")) == 1
        assert page.xpath("//*[@class='offer-price']/a/@href")[0].startswith("/ja/footprints/fpr_x/offset?listing=")

    @pytest.mark.parametrize("locale", list(Locale))
    async def test_every_project_has_a_page_that_names_its_source(self, shop: MarketSite, locale: Locale) -> None:
        words = MarketWords(locale)
        for project in load_catalogue().values():
            page = await shop.page(f"/{locale}/projects/{project.key}")
            assert page.xpath("string(//h1)").strip() == words.name(project)
            assert project.source.url in page.xpath("//a/@href")
            marked = {"ja": "当サービスの訳", "en": "our translation"}[locale] in page.find_class("page-head")[
                0
            ].text_content()
            assert marked == (project.our_translation.value == locale.value)

    async def test_a_plan_figure_is_called_a_plan(self, shop: MarketSite) -> None:
        text = (await shop.page(f"/ja/projects/{PROJECT}")).text_content()
        assert "計画の削減量" in text
        assert "発行された量でも、販売する量でもありません" in text

    async def test_what_nobody_confirmed_is_never_shown_as_usable(self, shop: MarketSite) -> None:
        text = (await shop.page(f"/ja/projects/{PROJECT}")).text_content()
        assert "確認できていない" in text

    async def test_an_unknown_project_is_not_found(self, shop: MarketSite) -> None:
        await shop.page("/ja/projects/jcredit/normal/999999", status=404)


@pytest.mark.parametrize("locale", list(Locale))
def test_every_code_of_the_market_has_words(locale: Locale) -> None:
    words = MarketWords(locale)
    for code in CreditKind:
        assert words.kind(code)
    for group, codes in (("purpose", Purpose), ("usability", Usability), ("condition", Condition)):
        assert all(words.of(f"{group}.{code.value}") for code in codes)
    for project in load_catalogue().values():
        assert words.where(project)
