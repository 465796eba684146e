"""Anyone searches the emission factors and sees where each figure comes from and whether it was recalled."""

import pytest

from frontend.calculator_words import CalculatorWords
from frontend.locales import Locale
from frontend.pages.factors import ON_A_PAGE, FactorWords
from marketplace.footprints.recalls import recall_factor
from offset_calc import factors
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite

AVERAGE = "jp.grid.fy2024.national_average"


def ids(page) -> list[str]:
    return page.xpath("//*[@class='entries']//code/text()")


class TestTheSearch:
    async def test_finds_by_words_of_either_language_and_by_id(self, shop: MarketSite) -> None:
        counts = {
            "全国平均係数": 2,
            "national average fy2024": 1,
            "ＪＰ．ＧＲＩＤ": 3,
            "unicorn": 0,
            "全国平均係数&edition=1999-01&from=x": 2,
            "全国平均係数&from=9999": 0,
        }
        for query, count in counts.items():
            page = check_frame(await shop.client.get(f"/ja/factors?q={query}"))
            assert len(ids(page)) == count, query
            assert bool(page.xpath("//*[@class='catalogue']//*[@class='empty']")) == (count == 0)

    async def test_pages_follow_each_other_without_gap_or_repetition(self, shop: MarketSite) -> None:
        address, seen = "/en/factors?q=city+gas+adjusted", []
        while address:
            page = await shop.page(address)
            assert len(ids(page)) <= ON_A_PAGE
            seen += ids(page)
            address = next(iter(page.xpath("//a[text()='More']/@href")), "")
        assert seen == [factor.id for factor in factors.load().search("city gas adjusted", limit=5_000)]
        assert len(seen) > ON_A_PAGE

    @pytest.mark.parametrize("locale", list(Locale))
    async def test_without_words_it_names_every_list_with_its_terms(self, shop: MarketSite, locale: Locale) -> None:
        page = check_frame(await shop.client.get(f"/{locale}/factors"))
        assert len(page.xpath("//main//table//tbody/tr")) == 23
        assert factors.load().sha256 in page.xpath("//code/text()")


class TestAFactor:
    @pytest.mark.parametrize("locale", list(Locale))
    async def test_names_its_publication_its_days_and_the_others(self, shop: MarketSite, locale: Locale) -> None:
        page = check_frame(await shop.client.get(f"/{locale}/factors/{AVERAGE}"))
        factor = factors.load().by_id(AVERAGE)
        assert page.xpath(f"//main//a[@href='{factor.source_url}']/text()") == [factor.source_title]
        assert "0.423" in page.xpath("string(//main//*[@class='lead'])")
        assert f"/{locale}/factors/jp.grid.fy2023.national_average" in page.xpath("//main//a/@href")

    async def test_that_does_not_exist_is_not_found(self, shop: MarketSite) -> None:
        for factor_id in ("jp.unicorn", "own.mine", "%00"):
            await shop.page(f"/ja/factors/{factor_id}", status=404)

    async def test_says_that_it_was_recalled_why_and_what_is_right(self, shop: MarketSite) -> None:
        await recall_factor(AVERAGE, reason="<b>misprint", corrected_value="0.846", clock=shop.small.clock)
        page = check_frame(await shop.client.get(f"/en/factors/{AVERAGE}"))
        notice = page.xpath("string(//main//*[@role='note'])")
        assert "<b>misprint" in notice
        assert "0.846" in notice
        assert f"/en/factors/{AVERAGE}" in (await shop.page("/en/factors")).xpath("//*[@id='recalls']//a/@href")

    async def test_is_one_step_from_the_result_that_used_it(self, shop: MarketSite) -> None:
        result = await shop.page(f"/ja/footprints/{await shop.a_footprint()}")
        await shop.page(next(link for link in result.xpath("//main//a/@href") if "/factors/" in link))


@pytest.mark.parametrize("locale", list(Locale))
def test_every_shipped_figure_has_words_for_all_of_it(locale: Locale) -> None:
    say = FactorWords(CalculatorWords(locale))
    for factor in factors.load().all():
        assert say.figure(factor)
        assert len(say.notes(factor)) == len(factor.note.split())
        assert say.region(factor)
