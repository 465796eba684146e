"""Every method of every event category, each with a sum done by hand."""

import pytest

from offset_calc import event
from tests.offset_calc.builders import event_footprint, event_line
from tests.offset_calc.builders import sum_in_grams as grams

MENU = "jp.elec.fy2024.A0267.menu_f_residual.adjusted"  # the residual menu of the Hokkaido utility, 0.526 kg/kWh

# category, row, method, the sums of the lines in kilograms of CO2e
CASES = [
    ("venue_energy", {"electricity_kwh": "1,234.5"}, "metered", ["1234.5 * 0.423"]),
    ("venue_energy", {"electricity_kwh": "1000", "electricity_menu": MENU}, "metered", ["1000 * 0.526"]),
    (
        "venue_energy",
        {
            "electricity_kwh": "10",
            "city_gas_m3": "20",
            "lpg_kg": "30",
            "kerosene_l": "40",
            "heavy_oil_a_l": "50",
            "heat_gj": "6",
        },
        "metered",
        ["10 * 0.423", "20 * 2.05", "30 * 2.99", "40 * 2.50", "50 * 2.75", "6 * 53.2"],
    ),
    ("venue_energy", {"area_m2": "800", "hours": "18"}, "area_hours", ["800 * 18 * 0.05 * 0.423"]),
    (
        "venue_energy",
        {"area_m2": "100", "hours": "8", "kwh_per_m2_hour": "0.03"},
        "area_hours",
        ["100 * 8 * 0.03 * 0.423"],
    ),
    ("travel_participants", {"people": "5", "mode": "car", "distance_km": "80"}, "distance", ["5 * 80 * 0.125"]),
    (
        "travel_participants",
        {"people": "5", "mode": "shinkansen", "distance_km": "800"},
        "distance",
        ["5 * 800 * 0.020"],
    ),
    (
        "travel_participants",
        {"people": "2", "mode": "taxi", "distance_km": "10.5"},
        "distance",
        ["2 * 10.5 * 0.429510033"],
    ),
    (
        "travel_participants",
        {"people": "1", "mode": "air_international_business", "distance_km": "17000"},
        "distance",
        ["17000 * 0.31656"],
    ),
    (
        "travel_participants",
        {"people": "1", "mode": "air_international_economy", "distance_km": "17000", "radiative_forcing": "no"},
        "distance",
        ["17000 * 0.06449"],
    ),
    (
        "travel_participants",
        {"people": "22", "mode": "air_domestic", "origin": "東京"},
        "places",
        ["22 * 821 * 2 * 0.091"],
    ),
    (
        "travel_participants",
        {"people": "3", "mode": "rail", "origin": "旭川", "trip": "one_way"},
        "places",
        ["3 * 136.8 * 0.017"],
    ),
    (
        "travel_participants",
        {"people": "3", "mode": "rail", "origin": "旭川", "detour": "1.2"},
        "places",
        ["3 * 114 * 2 * 1.2 * 0.017"],
    ),
    (
        "travel_participants",
        {"people": "2", "mode": "shinkansen", "origin": "東京都", "destination": "福岡"},
        "places",
        ["2 * 1174.9 * 2 * 0.020"],
    ),
    (
        "travel_participants",
        {"people": "3", "mode": "rail", "origin": "富良野"},
        "places",
        ["3 * 89 * 2 * 1.3 * 0.017"],
    ),
    (
        "travel_participants",
        {"people": "4", "mode": "air_international_economy", "origin": "ソウル", "destination": "成田空港"},
        "places",
        ["4 * 1258 * 2 * 0.10916"],
    ),
    ("travel_participants", {"mode": "air_domestic", "fare_yen": "48,000"}, "fare", ["48000 * 0.00525"]),
    (
        "travel_participants",
        {"people": "7", "days": "3", "trip_kind": "domestic_overnight"},
        "days",
        ["7 * 3 * 27.284"],
    ),
    ("travel_staff", {"people": "6", "mode": "bus", "distance_km": "30"}, "distance", ["6 * 30 * 0.057"]),
    ("travel_staff", {"people": "6", "mode": "car", "origin": "千歳"}, "places", ["6 * 36 * 2 * 1.3 * 0.125"]),
    ("travel_staff", {"mode": "taxi", "fare_yen": "5200"}, "fare", ["5200 * 0.003313"]),
    ("travel_staff", {"people": "2", "days": "1", "trip_kind": "domestic_day_trip"}, "days", ["2 * 1 * 30.133"]),
    ("lodging", {"people": "31", "nights": "2"}, "person_nights", ["31 * 2 * 31.532238"]),
    ("lodging", {"rooms": "20", "nights": "2", "country": "SG"}, "room_nights", ["20 * 2 * 24.5"]),
    ("lodging", {"spend_yen": "120000"}, "spend", ["120 * 3.770333888"]),
    ("meals", {"food": "beef", "food_kg": "12.5"}, "mass", ["12.5 * 18.34219895"]),
    ("meals", {"shop": "bar_cafe", "spend_yen": "150,000"}, "spend", ["150 * 2.991595476"]),
    ("meals", {"people": "57", "meals_each": "2"}, "count", ["57 * 2 * 0.5 * 3.940265729"]),
    ("meals", {"people": "57", "meals_each": "1", "meal": "snack"}, "count", ["57 * 1 * 0.2 * 3.940265729"]),
    (
        "meals",
        {"people": "10", "meals_each": "1", "meal": "dinner", "kg_per_meal": "0.65"},
        "count",
        ["10 * 1 * 0.65 * 3.940265729"],
    ),
    ("printed_matter", {"paper_kg": "25", "paper": "recycled"}, "mass", ["25 * 1.0500779"]),
    (
        "printed_matter",
        {"copies": "57", "pages": "120", "sides": "double", "grammage": "64"},
        "pages",
        ["57 * 120 / 2 * 0.06237 * 64 / 1000 * 1.3450779"],
    ),
    (
        "printed_matter",
        {"copies": "100", "pages": "1", "size": "B4"},
        "pages",
        ["100 * 1 * 0.093548 * 68 / 1000 * 1.3450779"],
    ),
    ("printed_matter", {"spend_yen": "33000"}, "spend", ["33 * 2.52738082"]),
    ("goods", {"material": "clothing", "mass_kg": "15"}, "mass", ["15 * 22.310"]),
    ("goods", {"kind": "bags_jewelries_goods", "spend_yen": "50000"}, "spend", ["50 * 2.558629508"]),
    ("freight", {"fuel_l": "42"}, "fuel", ["42 * 2.62"]),
    ("freight", {"fuel": "gasoline", "fuel_l": "42"}, "fuel", ["42 * 2.29"]),
    (
        "freight",
        {"mass_kg": "1500", "distance_km": "300", "payload_kg": "3000", "load_percent": "58"},
        "truck",
        ["1.5 * 300 * 0.124451 * 2.62"],
    ),
    ("freight", {"mass_kg": "1500", "distance_km": "300", "mode": "rail"}, "tonne_km", ["1.5 * 300 * 0.022"]),
    ("freight", {"spend_yen": "20000"}, "spend", ["20 * 3.81741193"]),
    ("waste", {"mass_kg": "60"}, "mass", ["60 * 0.533928", "60 * 0.047219"]),
    ("waste", {"mass_kg": "60", "kind": "plastics_industrial"}, "mass", ["60 * 2.56", "60 * 0.047219"]),
    ("waste", {"mass_kg": "60", "kind": "paper_recycled"}, "mass", ["60 * 0.00468568"]),
    (
        "waste",
        {"people": "57", "days": "2"},
        "people_days",
        ["57 * 2 * 0.5 * 0.533928", "57 * 2 * 0.5 * 0.047219"],
    ),
    ("water", {"water_m3": "12.3"}, "metered", ["12.3 * 0.584462203"]),
    ("water", {"water_m3": "12.3", "basis": "supply_operation"}, "metered", ["12.3 * 0.239"]),
    ("water", {"people": "57", "days": "2"}, "people_days", ["57 * 2 * 50 / 1000 * 0.584462203"]),
    ("online", {"data_gb": "250"}, "data", ["250 * 0.1482"]),
    ("online", {"people": "40", "hours": "12.5"}, "person_hours", ["40 * 12.5 * 0.157"]),
]


class TestEachMethodIsTheStatedProduct:
    @pytest.mark.parametrize(("category", "row", "method", "sums"), CASES)
    def test_to_the_gram(self, category, row, method, sums):
        lines = event_footprint(**{category: [row]}).lines
        assert [line.method for line in lines] == [method] * len(sums)
        assert [line.grams.value for line in lines] == [grams(kilograms) for kilograms in sums]
        assert all(line.unused == () for line in lines)

    def test_no_method_is_without_a_case(self):
        declared = {(c.id, m.id) for c in event.EVENT.categories for m in c.methods}
        assert declared == {(category, method) for category, _, method, _ in CASES}

    def test_every_category_has_at_least_two_methods(self):
        assert all(len(category.methods) >= 2 for category in event.EVENT.categories)


class TestEveryChoiceCanBeCalculated:
    @pytest.mark.parametrize(
        ("category", "field", "row"),
        [
            ("travel_participants", "mode", {"people": "1", "distance_km": "10"}),
            ("lodging", "country", {"rooms": "1", "nights": "1"}),
            ("meals", "food", {"food_kg": "1"}),
            ("meals", "shop", {"spend_yen": "1000"}),
            ("meals", "meal", {"people": "1", "meals_each": "1"}),
            ("printed_matter", "size", {"copies": "100", "pages": "10"}),
            ("printed_matter", "paper", {"paper_kg": "1"}),
            ("goods", "material", {"mass_kg": "1"}),
            ("goods", "kind", {"spend_yen": "1000"}),
            ("freight", "mode", {"mass_kg": "1000", "distance_km": "10"}),
            ("waste", "kind", {"mass_kg": "1000"}),
            ("water", "basis", {"water_m3": "10"}),
        ],
    )
    def test_all_choices(self, category, field, row):
        for choice in event.EVENT.category(category).fields_by_name[field].choices:
            found = event_footprint(**{category: [{**row, field: choice}]})
            assert found.total.value > 0 or choice == "walk", choice


class TestTheBetterDataWins:
    def test_a_stated_distance_goes_before_the_city(self):
        line = event_line("travel_participants", people="1", mode="rail", distance_km="100", origin="旭川")
        assert (line.method, line.unused) == ("distance", ("origin",))

    def test_a_meter_goes_before_the_floor_area(self):
        line = event_line("venue_energy", electricity_kwh="500", area_m2="800", hours="18")
        assert (line.method, line.unused) == ("metered", ("area_m2", "hours"))


class TestGrades:
    @pytest.mark.parametrize(
        ("category", "row", "grade"),
        [
            ("venue_energy", {"electricity_kwh": "500"}, "A"),
            ("venue_energy", {"area_m2": "800", "hours": "18"}, "D"),
            ("venue_energy", {"area_m2": "800", "hours": "18", "kwh_per_m2_hour": "0.04"}, "C"),
            ("travel_participants", {"people": "1", "mode": "rail", "distance_km": "10"}, "B"),
            ("travel_participants", {"people": "1", "mode": "taxi", "distance_km": "10"}, "C"),
            ("travel_participants", {"people": "1", "mode": "air_international_first", "distance_km": "10"}, "C"),
            ("travel_participants", {"people": "1", "mode": "rail", "origin": "旭川"}, "C"),
            ("travel_participants", {"people": "1", "mode": "car", "origin": "旭川"}, "D"),
            ("freight", {"fuel_l": "42"}, "A"),
            ("lodging", {"people": "2", "nights": "2"}, "B"),
        ],
    )
    def test_follow_method_factor_and_assumptions(self, category, row, grade):
        assert event_line(category, **row).grade == grade


class TestConservativeRounding:
    def test_each_line_is_rounded_up_and_the_choice_is_stated(self):
        usual = event_footprint(lodging=[{"people": "1", "nights": "1"}])
        conservative = event_footprint(lodging=[{"people": "1", "nights": "1"}], rounding="up")
        assert (usual.total.value, conservative.total.value) == (31_532, 31_533)
        assert conservative.to_dict()["rounding"] == "up"
