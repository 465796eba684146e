"""Looking factors up, searching, own factors, editions."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from offset_calc import factors, suppliers, tables
from offset_calc.errors import EditionUnknown, FactorNotFound, FactorRefused, FactorTableDamaged
from offset_calc.factors import Factor


@pytest.fixture(scope="module")
def shipped():
    return factors.load()


def own_factor(**changes):
    row = {
        "id": "own.laundry",
        "category": "goods",
        "subcategory": "",
        "name_ja": "リネンの洗濯",
        "name_en": "Laundry of linen",
        "region": "JP",
        "year": "2025",
        "valid_from": "",
        "valid_to": "",
        "value": "1.25",
        "unit": "kgCO2e/kg",
        "gas": "CO2e",
        "gwp_set": "AR5",
        "source_title": "Own measurement at the plant, report 3",
        "source_publisher": "Example Laundry",
        "source_year": "2026",
        "source_url": "",
        "confidence": "A",
        "note": "",
    }
    return Factor.from_row({**row, **changes})


class TestAMissingFactorIsAnErrorNeverZero:
    def test_unknown_id(self, shipped):
        with pytest.raises(FactorNotFound) as missing:
            shipped.by_id("jp.grid.fy1899.national_average")
        assert missing.value.code == "factor_not_found"

    def test_unknown_activity_or_region(self, shipped):
        with pytest.raises(FactorNotFound):
            shipped.for_activity("travel.dragon", on=date(2026, 12, 12))
        with pytest.raises(FactorNotFound):
            shipped.for_activity("travel.rail", region="FR", on=date(2026, 12, 12))

    def test_a_day_before_the_first_factor(self, shipped):
        with pytest.raises(FactorNotFound) as missing:
            shipped.for_activity("travel.rail", on=date(2019, 3, 31))
        assert missing.value.params["on"] == "2019-03-31"
        assert shipped.for_activity("travel.rail", on=date(2019, 4, 1)).id == "jp.mlit.fy2019.rail"


class TestTheFactorOfTheDayIsChosen:
    @pytest.mark.parametrize(
        ("activity", "on", "expected", "vintage"),
        [
            ("electricity.national_average", date(2025, 3, 31), "jp.grid.fy2023.national_average", "in_force"),
            ("electricity.national_average", date(2025, 4, 1), "jp.grid.fy2024.national_average", "in_force"),
            ("electricity.national_average", date(2026, 3, 31), "jp.grid.fy2024.national_average", "in_force"),
            ("electricity.national_average", date(2026, 4, 1), "jp.grid.fy2024.national_average", "latest_available"),
            ("travel.car", date(2023, 4, 1), "jp.mlit.fy2023.car", "in_force"),
            ("travel.car", date(2030, 1, 1), "jp.mlit.fy2024.car", "in_force"),
            ("fuel.gasoline", date(2024, 1, 1), "jp.shk.gasoline.co2", "in_force"),
            ("lodging.person_night", date(2026, 1, 1), "jp.moe36.accommodation.person_night", "undated"),
        ],
    )
    def test_by_date(self, shipped, activity, on, expected, vintage):
        found = shipped.for_activity(activity, on=on)
        assert (found.id, found.vintage(on)) == (expected, vintage)

    def test_by_region(self, shipped):
        on = date(2026, 12, 12)
        assert shipped.for_activity("lodging.room_night", region="MV", on=on).value == Decimal("152.2")
        assert shipped.for_activity("lodging.room_night", region="JP", on=on).value == Decimal(39)

    def test_national_average_and_substitute_are_kept_apart(self, shipped):
        on = date(2025, 10, 1)
        assert shipped.for_activity("electricity.national_average", on=on).value == Decimal("0.423")
        assert shipped.for_activity("electricity.substitute", on=on).value == Decimal("0.416")


class TestSupplierMenus:
    def test_an_ordinary_customer_gets_the_residual_menu(self, shipped):
        tepco = next(s for s in suppliers.suppliers(shipped) if s.registration == "A0269")
        assert tepco.name_ja == "東京電力エナジーパートナー"
        assert (tepco.ordinary.id, tepco.ordinary.value) == (
            "jp.elec.fy2024.A0269.menu_m_residual.adjusted",
            Decimal("0.452"),
        )

    def test_the_overall_figure_is_on_no_list(self, shipped):
        listed = [menu.id for supplier in suppliers.suppliers(shipped) for menu in supplier.menus]
        assert len(listed) > 200
        assert not [menu for menu in listed if "overall" in menu]

    def test_a_supplier_without_menus_has_its_one_factor(self, shipped):
        erex = next(s for s in suppliers.suppliers(shipped) if s.registration == "A0002")
        assert erex.ordinary.id == "jp.elec.fy2024.A0002.all.adjusted"

    def test_menus_without_a_residual_leave_the_choice_to_the_customer(self, shipped):
        octopus = next(s for s in suppliers.suppliers(shipped) if s.registration == "A0793")
        assert octopus.ordinary is None


class TestSearch:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("新幹線", "jp.jreast.fy2023.shinkansen"),
            ("SHINKANSEN", "jp.jreast.fy2023.shinkansen"),
            ("ｓｈｉｎｋａｎｓｅｎ", "jp.jreast.fy2023.shinkansen"),
            ("ガソリン 揮発油", "jp.shk.gasoline.co2"),
            ("national average 2024", "jp.grid.fy2024.national_average"),
        ],
    )
    def test_in_both_languages_and_any_width(self, shipped, text, expected):
        assert expected in [factor.id for factor in shipped.search(text)]

    def test_nothing_asked_nothing_found(self, shipped):
        assert shipped.search("  ") == ()

    def test_the_limit_holds(self, shipped):
        assert len(shipped.search("調整後", limit=7)) == 7


class TestOwnFactors:
    def test_they_join_the_edition_and_change_its_hash(self, shipped):
        extended = shipped.with_own([own_factor()])
        assert extended.by_id("own.laundry").value == Decimal("1.25")
        assert extended.by_id("jp.shk.gasoline.co2").value == Decimal("2.29")
        assert extended.edition == shipped.edition
        assert extended.sha256 != shipped.sha256
        with pytest.raises(FactorNotFound):
            shipped.by_id("own.laundry")

    def test_the_hash_follows_every_column(self, shipped):
        one = shipped.with_own([own_factor()]).sha256
        assert shipped.with_own([own_factor()]).sha256 == one
        assert shipped.with_own([own_factor(value="1.26")]).sha256 != one
        assert shipped.with_own([own_factor(note="x")]).sha256 != one

    @pytest.mark.parametrize(
        ("changes", "column"),
        [
            ({"source_title": " "}, "source_title"),
            ({"source_publisher": ""}, "source_publisher"),
            ({"value": "1e3"}, "value"),
            ({"value": "NaN"}, "value"),
            ({"valid_from": "2025-02-30"}, "valid_from"),
            ({"unit": ""}, "unit"),
        ],
    )
    def test_a_bad_row_is_refused_by_column(self, changes, column):
        with pytest.raises(FactorRefused) as refused:
            own_factor(**changes)
        assert refused.value.params["column"] == column

    def test_they_cannot_take_the_place_of_a_published_figure(self, shipped):
        with pytest.raises(FactorRefused):
            shipped.with_own([own_factor(id="jp.shk.gasoline.co2")])
        with pytest.raises(FactorRefused):
            shipped.with_own([own_factor(), own_factor()])

    def test_a_row_survives_the_way_there_and_back(self):
        assert Factor.from_row(own_factor().to_row()) == own_factor()


class TestEditions:
    def test_the_current_edition_is_shipped(self):
        assert factors.CURRENT_EDITION in tables.editions()

    @pytest.mark.parametrize("name", ["1999-01", "../2026-11", "", "2026-11/../2026-11"])
    def test_others_are_refused(self, name):
        with pytest.raises(EditionUnknown):
            factors.load(name)

    def test_a_changed_file_is_noticed(self):
        shipped = tables.open_edition(factors.CURRENT_EDITION)
        forged = tuple(replace(t, sha256="0" * 64) if t.name == "mlit-passenger" else t for t in shipped.tables)
        edition = tables.Edition("2026-11", forged, ())
        assert edition.row("jp.jreast.fy2023.shinkansen")
        with pytest.raises(FactorTableDamaged):
            edition.row("jp.mlit.fy2024.rail")
        assert edition.sha256 != shipped.sha256

    def test_only_the_files_that_are_needed_are_read(self):
        edition = tables.open_edition(factors.CURRENT_EDITION)
        factors.FactorSet(edition).by_id("jp.jreast.fy2023.shinkansen")
        assert set(edition._rows) == {"jr-east-fy2023"}
