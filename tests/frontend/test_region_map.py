"""The map of tiles: every prefecture has one place of its own, neighbours stay neighbours, and the figures are the catalogue's."""

from itertools import combinations

import pytest
from lxml import html

from frontend.locales import Locale
from frontend.market_words import MarketWords
from frontend.region_map import PLACES, region_map
from marketplace.projects.catalogue import load_catalogue
from marketplace.projects.places import load_prefectures
from tests.builders.market import a_listing
from tests.frontend.market_site import MarketSite

NEIGHBOURS = [
    ("JP-13", "JP-12"),
    ("JP-13", "JP-11"),
    ("JP-13", "JP-14"),
    ("JP-27", "JP-26"),
    ("JP-40", "JP-41"),
    ("JP-38", "JP-39"),
]


class TestTheArrangement:
    def test_has_a_place_for_every_prefecture_and_none_twice(self) -> None:
        assert set(PLACES) == set(load_prefectures())
        assert len(set(PLACES.values())) == len(PLACES)

    @pytest.mark.parametrize(("one", "other"), NEIGHBOURS)
    def test_keeps_neighbours_together(self, one: str, other: str) -> None:
        (column, row), (other_column, other_row) = PLACES[one], PLACES[other]
        assert abs(column - other_column) + abs(row - other_row) == 1

    @pytest.mark.parametrize("locale", Locale)
    def test_no_tile_covers_another(self, locale: Locale) -> None:
        shown = region_map(load_catalogue().values(), MarketWords(locale))
        corners = [(tile.x, tile.y) for tile in shown.tiles]
        assert all(one != other for one, other in combinations(corners, 2))
        assert all(0 <= x < shown.width and 0 <= y < shown.height for x, y in corners)


class TestTheFigures:
    def test_count_each_project_where_it_is(self) -> None:
        projects = load_catalogue().values()
        shown = region_map(projects, MarketWords(Locale.JA))
        counted = {tile.code: tile.projects for tile in shown.tiles}
        for code in load_prefectures():
            assert counted[code] == sum(code in project.prefectures for project in projects)
        assert shown.nationwide == sum(p.country == "JP" and not p.prefectures for p in projects)
        assert sum(n for code, n in counted.items() if not code.startswith("JP-")) == sum(
            p.country != "JP" for p in projects
        )

    def test_names_are_short_in_japanese(self) -> None:
        labels = {tile.code: tile.label for tile in region_map((), MarketWords(Locale.JA)).tiles}
        assert (labels["JP-01"], labels["JP-13"], labels["JP-26"]) == ("北海道", "東京", "京都")


async def test_a_tile_leads_to_the_list_of_its_place(shop: MarketSite) -> None:
    listing = await a_listing(shop.small)
    page = await shop.page("/en/credits?footprint=fpr_1")
    (link,) = page.xpath("//*[@class='region-map']//*[local-name()='a']/@href")
    answer = html.fromstring((await shop.client.get(link)).content)
    assert "footprint=fpr_1" in link
    assert answer.xpath(f"//a[contains(@href, 'listing={listing.id}')]")
