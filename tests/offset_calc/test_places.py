"""Places: found by any usual name, ambiguous ones are asked about, and distances are right."""

from decimal import Decimal

import pytest

from offset_calc import factors, places, rail, tables
from offset_calc.distances import great_circle_km
from offset_calc.errors import PlaceAmbiguous, PlaceUnknown

TABLE = places.load(factors.CURRENT_EDITION)


def between(a, b):
    start, end = TABLE.find(a), TABLE.find(b)
    return great_circle_km(start.latitude, start.longitude, end.latitude, end.longitude)


class TestAPlaceIsFoundAsItIsWritten:
    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("札幌", "jp.hokkaido.sapporo"),
            ("札幌市", "jp.hokkaido.sapporo"),
            ("北海道札幌市", "jp.hokkaido.sapporo"),
            ("Sapporo", "jp.hokkaido.sapporo"),
            ("ＳＡＰＰＯＲＯ ", "jp.hokkaido.sapporo"),
            ("東京都", "jp.tokyo"),
            ("東京", "jp.tokyo.tokyo"),
            ("Tōkyō", "jp.tokyo.tokyo"),
            ("津", "jp.mie.tsu"),
            ("四日市", "jp.mie.yokkaichi"),
            ("愛知県", "jp.aichi"),
            ("北海道", "jp.hokkaido"),
            ("CTS", "air.cts"),
            ("羽田空港", "air.hnd"),
            ("名古屋飛行場", "air.nkm"),
            ("ソウル", "kr.seoul"),
            ("府中市（広島県）", "jp.hiroshima.fuchu"),
            ("東京都府中市", "jp.tokyo.fuchu"),
            ("Fuchu (Tokyo)", "jp.tokyo.fuchu"),
            ("jp.hiroshima.fuchu", "jp.hiroshima.fuchu"),
        ],
    )
    def test_find(self, text, key):
        assert TABLE.find(text).key == key

    def test_a_capital_and_its_prefecture_are_one_spot(self):
        assert TABLE.find("大阪").kind == "city"

    @pytest.mark.parametrize(
        ("text", "keys"),
        [
            ("府中", {"jp.tokyo.fuchu", "jp.hiroshima.fuchu", "jp.hiroshima.fuchu_town"}),
            ("府中市", {"jp.tokyo.fuchu", "jp.hiroshima.fuchu"}),
            ("伊達", {"jp.hokkaido.date", "jp.fukushima.date"}),
            ("草津", {"jp.gunma.kusatsu", "jp.shiga.kusatsu"}),
            ("沖縄", {"jp.okinawa", "jp.okinawa.okinawa"}),
        ],
    )
    def test_a_shared_name_is_asked_about(self, text, keys):
        with pytest.raises(PlaceAmbiguous) as asked:
            TABLE.find(text)
        choices = asked.value.params["choices"]
        assert {choice["key"] for choice in choices} == keys
        for name in ("name_ja", "name_en"):
            assert len({choice[name] for choice in choices}) == len(choices)

    @pytest.mark.parametrize("text", ["アトランティス", "", "12", "x" * 1000])
    def test_unknown(self, text):
        with pytest.raises(PlaceUnknown):
            TABLE.find(text)


class TestTheTable:
    @pytest.mark.parametrize("language", ["name_ja", "name_en"])
    def test_every_place_is_found_again_by_the_name_it_is_offered_under(self, language):
        offered = {place.key: place.as_choice()[language] for place in TABLE.all()}
        assert len(set(offered.values())) == len(offered)
        for key, name in offered.items():
            found, meant = TABLE.find(name), TABLE.by_key(key)
            assert (found.latitude, found.longitude, found.airport) == (meant.latitude, meant.longitude, meant.airport)

    def test_towns_and_cities_of_one_name_are_told_apart_in_english(self):
        assert TABLE.find("Fuchu Town (Hiroshima)").key == "jp.hiroshima.fuchu_town"
        assert TABLE.find("Fuchu City, Hiroshima").key == "jp.hiroshima.fuchu"
        assert TABLE.find("Okinawa Prefecture").key == "jp.okinawa"

    def test_all_prefectures_are_there(self):
        assert len([p for p in TABLE.all() if p.kind == "prefecture"]) == 47

    def test_every_place_is_served_by_an_airport_within_reach(self):
        for place in TABLE.all():
            airport = TABLE.airport_of(place)
            assert airport.country == place.country
            assert great_circle_km(place.latitude, place.longitude, airport.latitude, airport.longitude) <= 170, place

    def test_every_key_finds_itself(self):
        assert all(TABLE.find(place.key) is place for place in TABLE.all())


class TestDistances:
    @pytest.mark.parametrize(
        ("a", "b", "km"),
        [
            ("HND", "CTS", 819),  # published sector lengths are within a few kilometres of these
            ("HND", "ITM", 404),
            ("HND", "FUK", 883),
            ("HND", "OKA", 1554),
            ("NRT", "LHR", 9591),
            ("NRT", "JFK", 10824),
            ("NRT", "SYD", 7821),
        ],
    )
    def test_great_circles_between_airports(self, a, b, km):
        assert abs(between(a, b) - km) <= max(4, km // 300)

    def test_the_way_back_is_as_long(self):
        assert between("NRT", "JFK") == between("JFK", "NRT")

    @pytest.mark.parametrize(
        ("points", "km"),
        [
            (("0", "0", "0", "180"), 20015),
            (("90", "0", "-90", "0"), 20015),
            (("0", "0", "0", "90"), 10008),
            (("35.5", "139.5", "35.5", "139.5"), 0),
            (("0", "179.5", "0", "-179.5"), 111),
        ],
    )
    def test_poles_antipodes_and_the_date_line(self, points, km):
        assert great_circle_km(*(Decimal(point) for point in points)) == km


class TestRailways:
    @pytest.mark.parametrize(
        ("a", "b", "km"),
        [
            ("東京", "大阪", "552.6"),
            ("東京", "福岡", "1174.9"),
            ("東京", "新潟", "333.9"),
            ("東京", "金沢", "450.5"),
            ("東京", "青森", "713.7"),
            ("東京", "札幌", "1163.3"),
            ("名古屋", "広島", "528.2"),
            ("札幌", "釧路", "348.5"),
            ("岡山", "松江", "187.9"),
            ("福岡", "鹿児島", "288.9"),
        ],
    )
    def test_operating_kilometres(self, a, b, km):
        ends = [TABLE.station_of(TABLE.find(name)) for name in (a, b)]
        assert rail.load(factors.CURRENT_EDITION).km(*ends) == Decimal(km)
        assert rail.load(factors.CURRENT_EDITION).km(*reversed(ends)) == Decimal(km)

    def test_a_city_off_the_table_has_no_distance(self):
        assert rail.load(factors.CURRENT_EDITION).km("jp.hokkaido.furano", "jp.hokkaido.sapporo") is None

    def test_every_way_is_longer_than_the_great_circle_and_at_most_a_detour_round_a_bay(self):
        for row in tables.open_edition(factors.CURRENT_EDITION).resource("rail_km"):
            one, other = TABLE.by_key(row["one"]), TABLE.by_key(row["other"])
            straight = great_circle_km(one.latitude, one.longitude, other.latitude, other.longitude)
            assert 0.9 * straight <= float(row["km"]) <= 2.1 * straight + 5, row
