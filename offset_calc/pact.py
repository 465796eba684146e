"""A product footprint as PACT data (PACT Technical Specifications 3.0.3, ProductFootprint), cradle to gate.

Stages materials, packaging and production make up the figure; distribution is given as outbound logistics; use and end of
life are no part of PACT data.  Our factors do not split fossil from biogenic emissions: all are stated as fossil, and the
comment says so.  Figures are kilograms of CO2e per declared unit, as decimal texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from offset_calc.calculators.product import CRADLE_TO_GATE
from offset_calc.errors import OffsetCalcError
from offset_calc.footprint import Footprint
from offset_calc.quantities import plain, round_ratio

SPEC_VERSION = "3.0.3"
_JAPAN = timezone(timedelta(hours=9))
_GRAMS_TO_KILOGRAM_DIGITS = 9
_PRIMARY_GRADE = "A"


class NotACradleToGateProduct(OffsetCalcError):
    """PACT data need a product footprint with at least one line from cradle to gate."""

    code = "not_a_cradle_to_gate_product"


@dataclass(frozen=True, slots=True)
class PactParty:
    """What PACT data say about company and product and a footprint does not know.

    company_ids, product_ids: URNs, at least one each.  mass_kg, fossil_carbon_kg: per declared unit.
    """

    company_name: str
    company_ids: Sequence[str]
    product_ids: Sequence[str]
    product_description: str
    mass_kg: Decimal
    fossil_carbon_kg: Decimal


def product_footprint(
    footprint: Footprint, party: PactParty, *, footprint_id: UUID, created: datetime
) -> dict[str, Any]:
    """Build the ProductFootprint object.  created: aware; the reference period is given in UTC, its end exclusive.

    Raises: NotACradleToGateProduct.
    """
    by_category = footprint.by_category()
    gate = sum(by_category[stage].value for stage in CRADLE_TO_GATE if stage in by_category)
    if footprint.type != "product" or not any(stage in by_category for stage in CRADLE_TO_GATE):
        raise NotACradleToGateProduct("the footprint has no line from cradle to gate")
    figure = _per_unit(footprint, gate)
    pcf: dict[str, Any] = {
        "declaredUnitOfMeasurement": footprint.subject["declared_unit"],
        "declaredUnitAmount": "1",
        "productMassPerDeclaredUnit": plain(party.mass_kg),
        "referencePeriodStart": _instant(datetime.combine(footprint.period.start, time(), _JAPAN)),
        "referencePeriodEnd": _instant(datetime.combine(footprint.period.end, time(), _JAPAN) + timedelta(days=1)),
        "geographyCountry": "JP",
        "boundaryProcessesDescription": ", ".join(stage for stage in CRADLE_TO_GATE if stage in by_category),
        "pcfExcludingBiogenicUptake": figure,
        "pcfIncludingBiogenicUptake": figure,
        "fossilGhgEmissions": figure,
        "fossilCarbonContent": plain(party.fossil_carbon_kg),
        "packagingEmissionsIncluded": "packaging" in by_category,
        "ccsTechnologicalCO2CaptureIncluded": False,
        "ipccCharacterizationFactors": ["AR5"],
        "crossSectoralStandards": ["ISO14067"],
        "exemptedEmissionsPercent": footprint.subject["cut_off_percent"],
        "exemptedEmissionsDescription": footprint.subject.get("cut_off_reason", ""),
        "allocationRulesDescription": footprint.subject.get("allocation_rule", ""),
        "secondaryEmissionFactorSources": _sources(footprint),
        "primaryDataShare": _primary_share(footprint, gate),
    }
    if "packaging" in by_category:
        pcf["packagingGhgEmissions"] = _per_unit(footprint, by_category["packaging"].value)
    if "distribution" in by_category:
        pcf["outboundLogisticsGhgEmissions"] = _per_unit(footprint, by_category["distribution"].value)
    return {
        "id": str(footprint_id),
        "specVersion": SPEC_VERSION,
        "created": _instant(created),
        "status": "Active",
        "companyName": party.company_name,
        "companyIds": list(party.company_ids),
        "productDescription": party.product_description,
        "productIds": list(party.product_ids),
        "productNameCompany": footprint.subject["name"],
        "comment": (
            f"Factor set {footprint.edition}, sha256 {footprint.factor_set_sha256}. "
            "The factors do not split fossil from biogenic emissions; all are stated as fossil."
        ),
        "pcf": pcf,
    }


def _per_unit(footprint: Footprint, grams: int) -> str:
    units = Decimal(footprint.subject["units"])
    return plain(Decimal(round_ratio(Decimal(grams) * 10**6, units)).scaleb(-_GRAMS_TO_KILOGRAM_DIGITS))


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _sources(footprint: Footprint) -> list[dict[str, str]]:
    lines = (line for line in footprint.lines if line.category in CRADLE_TO_GATE)
    named = {(factor.source_title, factor.source_year or factor.year) for line in lines for factor in line.factors}
    return [{"name": name, "version": version} for name, version in sorted(named)]


def _primary_share(footprint: Footprint, gate: int) -> str:
    """Percent of the figure that rests on measured or invoiced activity data (grade A), to one decimal."""
    lines = [line for line in footprint.lines if line.category in CRADLE_TO_GATE and line.grade == _PRIMARY_GRADE]
    primary = sum(line.g for line in lines)
    return plain(Decimal(round_ratio(Decimal(1000 * primary), Decimal(gate))).scaleb(-1)) if gate else "0"
