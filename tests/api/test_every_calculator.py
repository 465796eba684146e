"""Every type of footprint over the API: household, product, organisation and plain activities, with factors of one's own."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from marketplace.footprints.recalls import recall_factor
from offset_calc.calculators import CALCULATORS

PERIOD = {"start": "2025-04-01", "end": "2026-03-31"}
OWN = {"value": "1.25", "unit": "kgCO2e/kg", "source": "Supplier’s report 2026"}
WISHES = {
    "household": {"subject": {"name": "Home"}, "inputs": {"electricity": [{"electricity_kwh": "3600"}]}},
    "product": {
        "subject": {"name": "Bottle", "functional_unit": "500 mL carried once", "units": "1000"},
        "inputs": {"materials": [{"quantity": "10", "unit": "kg", "factor": OWN}]},
    },
    "organisation": {
        "subject": {"name": "Example organisation"},
        "inputs": {"scope1_fuels": [{"fuel": "gasoline", "quantity": "2000", "unit": "L"}]},
    },
    "activities": {
        "subject": {"name": "Cars"},
        "inputs": {"activities": [{"quantity": "33401", "unit": "L", "factor_id": "jp.shk.gasoline.co2"}]},
    },
}


def wish(kind, **changes):
    return {"type": kind, "period": PERIOD, **WISHES[kind], **changes}


class TestEveryType:
    def test_none_is_left_out(self):
        assert WISHES.keys() | {"event"} == {calculator.type for calculator in CALCULATORS}

    @pytest.mark.parametrize("kind", list(WISHES))
    async def test_is_calculated_and_read_again(self, client, kind):
        made = await client.post("/v1/footprints", json=wish(kind))
        assert made.status_code == 201, made.text
        footprint = made.json()
        assert footprint["total_g"] == sum(line["amount_g"] for line in footprint["lines"]) > 0
        assert footprint["uncertainty"]["low_g"] < footprint["total_g"] < footprint["uncertainty"]["high_g"]
        assert (await client.get(made.headers["location"])).json() == footprint

    @pytest.mark.parametrize("kind", list(WISHES))
    async def test_has_a_workbook_with_the_total(self, client, kind):
        footprint = (await client.post("/v1/footprints", json=wish(kind))).json()
        answer = await client.get(footprint["worksheet_url"])
        book = load_workbook(BytesIO(answer.content), data_only=True)
        assert footprint["total_g"] in [cell.value for row in book.worksheets[1].iter_rows() for cell in row]

    async def test_no_text_of_the_caller_becomes_a_formula_in_it(self, client):
        evil = '=HYPERLINK("http://x")'
        own = OWN | {"source": evil, "name": evil, "publisher": "@SUM(A1)", "url": "http://x"}
        inputs = {"materials": [{"label": evil, "quantity": "10", "unit": "kg", "factor": own}]}
        made = await client.post("/v1/footprints", json=wish("product", inputs=inputs))
        assert made.status_code == 201, made.text
        book = load_workbook(BytesIO((await client.get(made.json()["worksheet_url"])).content))
        cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
        assert {cell.data_type for cell in cells if cell.value in {evil, "@SUM(A1)", "http://x"}} == {"s"}
        assert all(cell.hyperlink is None for cell in cells)

    async def test_a_workbook_is_not_found_by_guessing(self, client):
        answer = await client.get("/v1/footprints/fpr_guess/worksheet.xlsx")
        assert (answer.status_code, answer.json()["code"]) == (404, "footprint_not_found")


class TestAFactorOfOnesOwn:
    async def test_is_used_and_carried_in_full(self, client):
        footprint = (await client.post("/v1/footprints", json=wish("product"))).json()
        document = (await client.get(footprint["document_url"])).json()
        assert footprint["total_g"] == 12_500
        assert [factor["source_title"] for factor in document["own_factors"]] == [OWN["source"]]

    @pytest.mark.parametrize(
        ("factor", "pointer", "code"),
        [
            ({"unit": "kgCO2e/kg", "source": "x"}, "/inputs/materials/0/factor/value", "required"),
            (OWN | {"value": "many"}, "/inputs/materials/0/factor/value", "not_a_number"),
            (OWN | {"unit": "boxes"}, "/inputs/materials/0/factor/unit", "not_an_emission_factor"),
            (OWN | {"colour": "green"}, "/inputs/materials/0/factor/colour", "unknown_field"),
            (OWN | {"value": {"deep": 1}}, "/inputs/materials/0/factor/value", "not_a_text_or_number"),
            ([1], "/inputs/materials/0/factor", "not_a_text_or_number"),
        ],
    )
    async def test_is_refused_at_its_place(self, client, factor, pointer, code):
        inputs = {"materials": [{"quantity": "10", "unit": "kg", "factor": factor}]}
        answer = await client.post("/v1/footprints", json=wish("product", inputs=inputs))
        assert answer.status_code == 422
        assert (pointer, code) in [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


class TestADayBeforeTheFactor:
    """A line never uses a figure of a later day, chosen by the calculator or by the caller."""

    @pytest.mark.parametrize(
        ("kind", "inputs"),
        [
            ("household", {"electricity": [{"electricity_kwh": "1"}]}),
            ("organisation", {"scope1_fuels": [{"fuel": "kerosene", "quantity": "1", "unit": "L"}]}),
            ("product", {"materials": [{"material": "steel", "mass_kg": "1"}]}),
            (
                "activities",
                {"activities": [{"quantity": "1", "unit": "kWh", "factor_id": "jp.grid.fy2024.national_average"}]},
            ),
        ],
    )
    async def test_is_refused_in_its_row(self, offline, kind, inputs):
        long_ago = {"start": "1990-04-01", "end": "1990-04-30"}
        answer = await offline.post("/v1/footprints", json=wish(kind, inputs=inputs, period=long_ago))
        (category,) = inputs
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
            (f"/inputs/{category}/0", "factor_not_found")
        ]


class TestTheSubject:
    @pytest.mark.parametrize(
        ("subject", "pointer", "code"),
        [
            ({}, "/subject/name", "required"),
            ({"name": "x" * 201}, "/subject/name", "too_long"),
            ({"name": "x", "units": "1000"}, "/subject/functional_unit", "required"),
            ({"name": "x", "functional_unit": "y", "units": "0"}, "/subject/units", "too_small"),
            ({"name": "x", "functional_unit": "y", "units": "1", "place": "札幌"}, "/subject/place", "unknown_field"),
            ({"name": {"first": "x"}}, "/subject/name", "not_a_text_or_number"),
            ([], "/subject", "not_an_object"),
        ],
    )
    async def test_is_refused_at_its_place(self, client, subject, pointer, code):
        answer = await client.post("/v1/footprints", json=wish("product", subject=subject))
        assert answer.status_code == 422
        assert (pointer, code) in [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


class TestEditionsAndRecalls:
    async def test_exactly_one_edition_is_current(self, offline):
        editions = (await offline.get("/v1/factors/editions")).json()["data"]
        assert [edition["current"] for edition in editions].count(True) == 1
        assert all(len(edition["sha256"]) == 64 for edition in editions)

    async def test_a_recall_is_listed_with_its_reason(self, client, small):
        assert (await client.get("/v1/factors/recalls")).json() == {"data": [], "next_cursor": None}
        await recall_factor("jp.shk.gasoline.co2", reason="misprint", corrected_value="2.3", clock=small.clock)
        (recall,) = (await client.get("/v1/factors/recalls")).json()["data"]
        assert (recall["factor_id"], recall["reason"], recall["corrected_value"]) == (
            "jp.shk.gasoline.co2",
            "misprint",
            "2.3",
        )
