"""An attendee list becomes rows of an event: who came from where and how, how many nights, who was online."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import IO

from offset_calc import factors as factor_sets
from offset_calc import places as place_tables
from offset_calc.errors import PlaceAmbiguous, PlaceUnknown, QuantityRefused
from offset_calc.methods.travel import MODES
from offset_calc.places import PlaceTable
from offset_calc.quantities import plain, read_decimal, read_integer
from offset_calc.tabular import RowProblem, Table, TableRow, open_table

_ALIASES = MappingProxyType(
    {
        "origin": ("出発地", "出発地点", "居住地", "住所", "都市", "from", "city", "departure"),
        "mode": ("交通手段", "移動手段", "手段", "transport", "means"),
        "distance_km": ("往復距離", "距離", "往復距離km", "距離km", "distance"),
        "nights": ("泊数", "宿泊数", "宿泊", "宿泊日数", "nights stayed"),
        "people": ("人数", "参加人数", "participants", "number"),
        "hours": ("時間", "参加時間", "視聴時間", "hours online"),
    }
)

ONLINE = "online"
_MODE_WORDS = MappingProxyType(
    {
        "飛行機": "air", "航空": "air", "航空機": "air", "flight": "air", "plane": "air", "air": "air",
        "国内線": "air_domestic", "国際線": "air_international_economy",
        "ビジネスクラス": "air_international_business", "新幹線": "shinkansen", "鉄道": "rail", "電車": "rail", "jr": "rail",
        "列車": "rail", "train": "rail", "地下鉄": "local_transit", "地下鉄・バス": "local_transit",
        "公共交通": "local_transit", "metro": "local_transit", "subway": "local_transit", "バス": "bus",
        "車": "car", "自動車": "car", "自家用車": "car", "タクシー": "taxi", "バイク": "motorbike", "船": "ferry",
        "フェリー": "ferry", "自転車": "bicycle", "徒歩": "walk", "オンライン": ONLINE, "リモート": ONLINE, "web": ONLINE,
        "remote": ONLINE,
    }
)  # fmt: skip
_MOST_NIGHTS = Decimal(366)
_MOST_KM = Decimal(50_000)
_MOST_PEOPLE = Decimal(1_000_000)
_MOST_HOURS = Decimal(8784)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a list gave: raw rows per category (ready for read_inputs), and every row that was refused, with reasons."""

    rows: Mapping[str, list[dict[str, str]]]
    people: int
    rejected: tuple[tuple[TableRow, tuple[RowProblem, ...]], ...]
    columns: Mapping[str, str]
    ignored_columns: tuple[str, ...]


@dataclass(slots=True)
class _Attendee:
    people: int = 1
    mode: str = ""
    origin: str = ""
    distance_km: str = ""
    nights: int = 0
    hours: str = ""


def import_attendees(stream: IO[bytes], *, edition: str = factor_sets.CURRENT_EDITION) -> Imported:
    """Read an attendee list (CSV or XLSX) and add equal journeys together.

    Columns: origin or distance_km, mode, nights, people (1 if absent), hours (online), under any usual Japanese or English header.
    A row that cannot be used is returned with its problems; the others are not held up by it.  Raises: TableRefused.
    """
    table = open_table(stream, _ALIASES, required=("mode",))
    places = place_tables.load(edition)
    travel: dict[tuple[str, str, str], int] = {}
    lodging: dict[int, int] = {}
    online: dict[str, int] = {}
    rejected: list[tuple[TableRow, tuple[RowProblem, ...]]] = []
    people = 0
    for row in table.rows:
        attendee, problems = _attendee(row, table, places)
        if problems:
            rejected.append((row, tuple(problems)))
            continue
        people += attendee.people
        if attendee.mode == ONLINE:
            online[attendee.hours] = online.get(attendee.hours, 0) + attendee.people
        else:
            journey = (attendee.mode, attendee.origin, attendee.distance_km)
            travel[journey] = travel.get(journey, 0) + attendee.people
        if attendee.nights:
            lodging[attendee.nights] = lodging.get(attendee.nights, 0) + attendee.people
    return Imported(_rows(travel, lodging, online), people, tuple(rejected), table.columns, table.ignored)


def _rows(
    travel: Mapping[tuple[str, str, str], int], lodging: Mapping[int, int], online: Mapping[str, int]
) -> dict[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = {}
    for (mode, origin, distance), count in travel.items():
        where = {"distance_km": distance} if distance else {"origin": origin}
        rows.setdefault("travel_participants", []).append({"people": str(count), "mode": mode, **where})
    for nights, count in lodging.items():
        rows.setdefault("lodging", []).append({"people": str(count), "nights": str(nights)})
    for hours, count in online.items():
        rows.setdefault("online", []).append({"people": str(count), "hours": hours})
    return rows


def _attendee(row: TableRow, table: Table, places: PlaceTable) -> tuple[_Attendee, list[RowProblem]]:
    attendee = _Attendee()
    problems: list[RowProblem] = []

    def problem(name: str, code: str, **params: object) -> None:
        problems.append(RowProblem(row.number, table.columns.get(name, name), code, MappingProxyType(params)))

    def number(name: str, most: Decimal, *, whole: bool) -> Decimal | None:
        if name not in row.cells:
            return None
        try:
            if whole:
                return Decimal(read_integer(row.cells[name], maximum=most))
            return read_decimal(row.cells[name], maximum=most)
        except QuantityRefused as refused:
            problem(name, refused.reason, given=row.cells[name])
            return None

    for name in sorted(row.merged):
        problem(name, "merged_cell")
    people = number("people", _MOST_PEOPLE, whole=True)
    attendee.people = 1 if people is None else int(people)
    if people == 0:
        problem("people", "too_small", minimum="1")
    attendee.nights = int(number("nights", _MOST_NIGHTS, whole=True) or 0)
    km = number("distance_km", _MOST_KM, whole=False)
    attendee.distance_km = "" if km is None else plain(km)
    hours = number("hours", _MOST_HOURS, whole=False)
    attendee.hours = "" if hours is None else plain(hours)
    abroad = False
    if "origin" in row.cells and not attendee.distance_km:
        try:
            place = places.find(row.cells["origin"])
            attendee.origin, abroad = place.key, place.country != "JP"
        except (PlaceUnknown, PlaceAmbiguous) as refused:
            problem("origin", refused.code, **refused.params)
    attendee.mode = _mode(row.cells.get("mode", ""), abroad=abroad)
    if not attendee.mode:
        problem("mode", "unknown_choice" if "mode" in row.cells else "required", given=row.cells.get("mode", ""))
    elif attendee.mode == ONLINE:
        if not attendee.hours:
            problem("hours", "required")
    elif not problems and not attendee.origin and not attendee.distance_km:
        problem("origin", "required")
    return attendee, problems


def _mode(text: str, *, abroad: bool) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().replace(" ", "")
    if folded in MODES:
        return folded
    mode = _MODE_WORDS.get(folded, "")
    if mode == "air":
        return "air_international_economy" if abroad else "air_domestic"
    return mode
