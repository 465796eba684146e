"""A product footprint as PACT data over the API."""

import re
from decimal import Decimal

import pytest

from tests.api.test_every_calculator import wish

PARTY = {
    "company_name": "株式会社例",
    "company_id": "urn:uuid:8f1d0a52-3c59-4a0e-9a39-0b1f2d3c4e5f",
    "product_id": "urn:gtin:4912345678904",
    "description": "保温ボトル 500 mL",
    "mass_kg": "0.29",
    "fossil_carbon_kg": "0",
}
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
DECIMALS = (
    "declaredUnitAmount", "productMassPerDeclaredUnit", "pcfExcludingBiogenicUptake", "pcfIncludingBiogenicUptake",
    "fossilGhgEmissions", "fossilCarbonContent", "exemptedEmissionsPercent", "primaryDataShare",
)  # fmt: skip
UNITS = {
    "liter",
    "kilogram",
    "cubic meter",
    "kilowatt hour",
    "megajoule",
    "ton kilometer",
    "square meter",
    "piece",
    "hour",
    "megabit second",
}


async def a_footprint(client, kind="product"):
    made = await client.post("/v1/footprints", json=wish(kind))
    return made.json()


class TestAProductFootprint:
    async def test_has_the_shape_that_the_specification_asks_for(self, client):
        footprint = await a_footprint(client)
        answer = await client.get(f"{footprint['url']}/pact.json", params=PARTY)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", document["id"])
        assert (document["specVersion"], document["status"]) == ("3.0.3", "Active")
        assert document["companyIds"] == [PARTY["company_id"]] and document["productIds"] == [PARTY["product_id"]]
        pcf = document["pcf"]
        assert pcf["declaredUnitOfMeasurement"] in UNITS
        assert all(DECIMAL.fullmatch(pcf[name]) for name in DECIMALS), pcf
        assert INSTANT.fullmatch(document["created"]) and INSTANT.fullmatch(pcf["referencePeriodStart"])
        assert pcf["referencePeriodStart"] < pcf["referencePeriodEnd"]
        assert set(pcf["ipccCharacterizationFactors"]) <= {"AR5", "AR6"} and pcf["crossSectoralStandards"]
        assert all(source["name"] and source["version"] for source in pcf["secondaryEmissionFactorSources"])
        # the example has only materials: all of it lies before the gate
        assert Decimal(pcf["pcfExcludingBiogenicUptake"]) * 1000 * 1000 == footprint["total_g"]

    async def test_is_the_same_object_whenever_it_is_read(self, client):
        url = f"{(await a_footprint(client))['url']}/pact.json"
        assert (await client.get(url, params=PARTY)).content == (await client.get(url, params=PARTY)).content

    @pytest.mark.parametrize(
        ("changed", "status"),
        [
            ({"company_id": "8f1d0a52"}, 422),
            ({"mass_kg": "0"}, 422),
            ({"fossil_carbon_kg": "NaN"}, 422),
            ({"description": ""}, 422),
        ],
    )
    async def test_what_it_needs_is_checked(self, client, changed, status):
        url = f"{(await a_footprint(client))['url']}/pact.json"
        assert (await client.get(url, params=PARTY | changed)).status_code == status


class TestAnyOtherFootprint:
    async def test_has_no_such_form(self, client):
        answer = await client.get(f"{(await a_footprint(client, 'household'))['url']}/pact.json", params=PARTY)
        assert (answer.status_code, answer.json()["code"]) == (422, "not_a_cradle_to_gate_product")
