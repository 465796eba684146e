"""A product by life-cycle stages, per unit and per batch, and as PACT data."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from offset_calc import InputsRefused, by_type, pact, replay
from offset_calc.calculators import product
from offset_calc.quantities import Rounding
from tests.offset_calc.builders import sum_in_grams as grams

VERIFIED = {
    "quantity": "5000",
    "unit": "台",
    "verifier": "第三者検証機関",
    "standard": "ISO 14067",
    "factor": {"value": "1.234", "unit": "kgCO2e/台", "source": "検証報告書 2026-031", "publisher": "第三者検証機関"},
}


def raw(subject=None, **stages):
    header = {"name": "保温ボトル", "functional_unit": "500 mL を保温するボトル1本", "units": "1000", **(subject or {})}
    return {"subject": header, "period": {"start": "2026-04-01", "end": "2027-03-31"}, **stages}


def footprint(subject=None, **stages):
    return product.calculate(product.read_inputs(raw(subject, **stages)))


def a_bottle():
    return footprint(
        {"cut_off_percent": "1.5", "cut_off_reason": "ラベル", "allocation_rule": "質量による配分"},
        materials=[{"material": "steel", "mass_kg": "250", "label": "本体"}, {"material": "pp", "mass_kg": "40"}],
        packaging=[{"material": "board", "mass_kg": "60"}],
        production=[{"electricity_kwh": "2000", "allocation_percent": "25"}],
        distribution=[{"mass_kg": "350", "distance_km": "500", "mode": "rail"}],
        end_of_life=[{"mass_kg": "100", "kind": "metal_recycled"}],
    )


class TestStages:
    def test_each_line_to_the_gram(self):
        assert [(line.category, line.g) for line in a_bottle().lines] == [
            ("materials", grams("250 * 2.86390131")),
            ("materials", grams("40 * 2.57757172")),
            ("packaging", grams("60 * 1.19972542")),
            ("production", grams("2000 * 25 / 100 * 0.423")),
            ("distribution", grams("0.35 * 500 * 0.022")),
            ("end_of_life", grams("100 * 0.00468568")),
        ]

    def test_an_allocated_share_is_shown_in_the_sum(self):
        line = next(line for line in a_bottle().lines if line.category == "production")
        assert [t.name for t in line.terms] == [
            "electricity_kwh",
            "allocation_percent",
            "per_cent",
            "factor",
            "grams_per_kg",
        ]
        assert line.unused == ()

    def test_shares_of_one_activity_add_up_to_the_whole(self):
        whole = footprint(production=[{"electricity_kwh": "2000"}]).total.value
        parts = [
            footprint(production=[{"electricity_kwh": "2000", "allocation_percent": p}]).total.value
            for p in ("37.5", "62.5")
        ]
        assert sum(parts) == whole

    def test_a_batch_and_a_unit(self):
        batch = a_bottle()
        assert product.per_unit(batch) == Decimal(batch.total.value) / 1000
        assert product.for_units(batch, Decimal(1)).value == -(-batch.total.value // 1000)
        assert product.for_units(batch, Decimal(1000)) == batch.total

    def test_covering_many_units_rounds_once_and_never_short(self):
        third = footprint({"units": "3"}, materials=[{"material": "pp", "mass_kg": "0.001"}])  # 3 g over 3 units
        assert product.for_units(third, Decimal(2)).value == 2
        assert (
            product.for_units(footprint({"units": "7"}, materials=[{"material": "pp", "mass_kg": 1}]), Decimal(3)).value
            == 1105
        )
        assert product.for_units(third, Decimal("0.5"), Rounding.HALF_UP).value == 1

    def test_it_replays(self):
        document = json.loads(a_bottle().canonical_json())
        assert replay(document).to_dict() == document


class TestAVerifiedFigure:
    def test_stands_with_its_proof_and_replays(self):
        result = footprint(verified_figure=[VERIFIED])
        assert result.total.value == 6_170_000
        assert result.own_factors[0].source_title == "検証報告書 2026-031"
        assert result.inputs["verified_figure"][0]["standard"] == "ISO 14067"
        document = json.loads(result.canonical_json())
        assert replay(document).to_dict() == document

    def test_without_a_verifier_it_is_refused(self):
        with pytest.raises(InputsRefused) as refused:
            footprint(verified_figure=[{**VERIFIED, "verifier": ""}])
        assert [(p.pointer, p.code) for p in refused.value.problems] == [("/verified_figure/0/verifier", "required")]


class TestHeader:
    @pytest.mark.parametrize(
        ("subject", "expected"),
        [
            ({"units": ""}, ("/subject/units", "required")),
            ({"units": "0"}, ("/subject/units", "too_small")),
            ({"functional_unit": " "}, ("/subject/functional_unit", "required")),
            ({"declared_unit": "dozen"}, ("/subject/declared_unit", "unknown_choice")),
            ({"cut_off_percent": "101"}, ("/subject/cut_off_percent", "too_large")),
        ],
    )
    def test_refused(self, subject, expected):
        with pytest.raises(InputsRefused) as refused:
            footprint(subject, materials=[{"material": "pp", "mass_kg": "1"}])
        assert [(p.pointer, p.code) for p in refused.value.problems] == [expected]


class TestPact:
    PARTY = pact.PactParty(
        company_name="株式会社例",
        company_ids=["urn:uuid:8f1d0a52-3c59-4a0e-9a39-0b1f2d3c4e5f"],
        product_ids=["urn:gtin:4912345678904"],
        product_description="保温ボトル 500 mL",
        mass_kg=Decimal("0.29"),
        fossil_carbon_kg=Decimal("0.034"),
    )

    def document(self, result):
        return pact.product_footprint(
            result,
            self.PARTY,
            footprint_id=UUID("0b0c9a52-91cf-4c8c-9d3a-0f6f1f8d5a11"),
            created=datetime(2026, 11, 22, 3, tzinfo=UTC),
        )

    def test_the_figure_is_cradle_to_gate_per_declared_unit(self):
        pcf = self.document(a_bottle())["pcf"]
        gate = grams("250 * 2.86390131") + grams("40 * 2.57757172") + grams("60 * 1.19972542") + grams("500 * 0.423")
        assert Decimal(pcf["pcfExcludingBiogenicUptake"]) * 1_000_000 == gate
        assert pcf["fossilGhgEmissions"] == pcf["pcfIncludingBiogenicUptake"] == pcf["pcfExcludingBiogenicUptake"]
        assert pcf["outboundLogisticsGhgEmissions"] == "0.00385"
        assert pcf["exemptedEmissionsPercent"] == "1.5"
        assert Decimal(pcf["primaryDataShare"]) == (Decimal(211_500) * 100 / gate).quantize(Decimal("0.1"))

    def test_the_reference_period_is_japan_time_with_an_exclusive_end(self):
        pcf = self.document(a_bottle())["pcf"]
        assert (pcf["referencePeriodStart"], pcf["referencePeriodEnd"]) == (
            "2026-03-31T15:00:00Z",
            "2027-03-31T15:00:00Z",
        )

    def test_every_property_that_the_specification_requires_is_there(self):
        document = self.document(a_bottle())
        assert document["specVersion"] == "3.0.3"
        assert set(document) >= {
            "id", "specVersion", "created", "status", "companyName", "companyIds", "productDescription", "productIds",
            "productNameCompany", "pcf",
        }  # fmt: skip
        assert set(document["pcf"]) >= {
            "declaredUnitOfMeasurement", "declaredUnitAmount", "productMassPerDeclaredUnit", "referencePeriodStart",
            "referencePeriodEnd", "pcfExcludingBiogenicUptake", "pcfIncludingBiogenicUptake", "fossilGhgEmissions",
            "fossilCarbonContent", "ipccCharacterizationFactors", "crossSectoralStandards", "exemptedEmissionsPercent",
        }  # fmt: skip
        assert json.loads(json.dumps(document)) == document

    def test_without_a_gate_there_is_no_such_figure(self):
        with pytest.raises(pact.NotACradleToGateProduct):
            self.document(footprint(use=[{"units_sold": "10", "lifetime_kwh_each": "5"}]))


def test_it_is_found_by_its_type():
    assert by_type("product") is product.PRODUCT
