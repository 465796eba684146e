"""Where the projects on offer are: a map of equal tiles, one for each prefecture, and one for each country abroad.

The arrangement is ours: it keeps neighbours together and north on top, and is no picture of the coast.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from frontend.market_words import MarketWords
from marketplace.projects.catalogue import Project
from marketplace.projects.places import load_prefectures

TILE, GAP = 56, 4
# Column and row of each prefecture; JP-13 is Tokyo (ISO 3166-2).
PLACES: Mapping[str, tuple[int, int]] = {
    "JP-01": (12, 0), "JP-02": (12, 1), "JP-05": (11, 2), "JP-03": (12, 2), "JP-06": (11, 3), "JP-04": (12, 3),
    "JP-17": (8, 4), "JP-16": (9, 4), "JP-15": (10, 4), "JP-07": (11, 4),
    "JP-18": (8, 5), "JP-21": (9, 5), "JP-20": (10, 5), "JP-10": (11, 5), "JP-09": (12, 5),
    "JP-32": (4, 6), "JP-31": (5, 6), "JP-28": (6, 6), "JP-26": (7, 6), "JP-25": (8, 6), "JP-23": (9, 6),
    "JP-19": (10, 6), "JP-11": (11, 6), "JP-08": (12, 6),
    "JP-35": (3, 7), "JP-34": (4, 7), "JP-33": (5, 7), "JP-27": (7, 7), "JP-29": (8, 7), "JP-24": (9, 7),
    "JP-22": (10, 7), "JP-13": (11, 7), "JP-12": (12, 7),
    "JP-41": (0, 8), "JP-40": (1, 8), "JP-44": (2, 8), "JP-38": (4, 8), "JP-37": (5, 8), "JP-30": (8, 8), "JP-14": (11, 8),
    "JP-42": (0, 9), "JP-43": (1, 9), "JP-45": (2, 9), "JP-39": (4, 9), "JP-36": (5, 9), "JP-46": (1, 10), "JP-47": (0, 11),
}  # fmt: skip
COLUMNS, ROWS = 13, 12
# Countries fill the corner that Japan leaves free; their names are long, so a tile is two columns wide.
COUNTRIES_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Tile:
    """`x` and `y` are its corner, `width` its width; `filter` and `code` narrow the list to it; `projects` counts those on offer."""

    x: int
    y: int
    width: int
    label: str
    filter: str
    code: str
    projects: int


@dataclass(frozen=True, slots=True)
class RegionMap:
    """`nationwide` counts Japanese projects that belong to no one prefecture: no tile can stand for them."""

    tiles: tuple[Tile, ...]
    width: int
    height: int
    nationwide: int

    @property
    def filled(self) -> tuple[Tile, ...]:
        """The places that have something, most projects first."""
        return tuple(sorted((tile for tile in self.tiles if tile.projects), key=lambda tile: -tile.projects))


def region_map(projects: Iterable[Project], words: MarketWords) -> RegionMap:
    """Count the projects by place. One that covers several prefectures counts in each of them."""
    by_prefecture: Counter[str] = Counter()
    by_country: Counter[str] = Counter()
    nationwide = 0
    for project in projects:
        if project.country != "JP":
            by_country[project.country] += 1
        elif project.prefectures:
            by_prefecture.update(project.prefectures)
        else:
            nationwide += 1
    japanese = words.locale.value == "ja"
    prefectures = (
        _tile(PLACES[p.code], _short(p.name_ja) if japanese else p.name_en, "prefecture", p.code, by_prefecture[p.code])
        for p in load_prefectures().values()
    )
    abroad = (
        _tile((2 * (n % COUNTRIES_IN_A_ROW), n // COUNTRIES_IN_A_ROW), words.country(code), "country", code, count)
        for n, (code, count) in enumerate(sorted(by_country.items()))
    )
    step = TILE + GAP
    return RegionMap((*abroad, *prefectures), COLUMNS * step - GAP, ROWS * step - GAP, nationwide)


def _tile(place: tuple[int, int], label: str, filter_name: str, code: str, projects: int) -> Tile:
    column, row = place
    width = TILE if filter_name == "prefecture" else 2 * TILE + GAP
    return Tile(column * (TILE + GAP), row * (TILE + GAP), width, label, filter_name, code, projects)


def _short(name_ja: str) -> str:
    """Prefectures go without their ending on a tile, as on weather maps: 東京, 大阪, 神奈川; 北海道 keeps it."""
    return name_ja if name_ja.endswith("道") else name_ja[:-1]
