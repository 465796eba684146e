"""Builders of statements with sound defaults: a test names only what matters to it.

The default is the two-day academic conference in Sapporo, covered in part by two cancellations (a Japanese forest and a
Mongolian solar plant). Projects are public facts; serials, notices and names of people and bodies are invented.
"""

import hashlib
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from certificates.statement import (
    Cancellation,
    DisclosedField,
    Disclosure,
    Disclosures,
    Environment,
    Exclusion,
    FootprintLine,
    FootprintSummary,
    OffsetType,
    Period,
    ProjectFacts,
    SerialSpan,
    Statement,
    Vintage,
)

GRAMS_PER_FACTOR_UNIT = {"kg": 1_000, "t": 1_000_000}

DEFAULT_TEXTS: dict[DisclosedField, str] = {
    DisclosedField.BENEFICIARY: "北方計算科学会",
    DisclosedField.PURCHASER: "株式会社サンプル企画",
    DisclosedField.CREDIT_USER: "北方計算科学会",
    DisclosedField.PURPOSE_DETAIL: "第12回大会(札幌)の開催に伴う排出量のカーボン・オフセット",
    DisclosedField.SUBJECT: "第12回大会(札幌・2日間・57名)",
}


def fixed_hash(label: str) -> str:
    """A sha256 that is the same in every run."""
    return hashlib.sha256(label.encode()).hexdigest()


def some_disclosures(**texts: str) -> Disclosures:
    """The default texts with those in `texts` replaced (keys are DisclosedField values); salts are fixed, not random."""
    chosen = DEFAULT_TEXTS | {DisclosedField(field): text for field, text in texts.items()}
    return {field: Disclosure(salt=fixed_hash(f"salt/{field}")[:32], value=text) for field, text in chosen.items()}


def commitments_to(disclosures: Disclosures) -> dict[DisclosedField, str]:
    return {field: disclosure.commitment(field) for field, disclosure in disclosures.items()}


def a_line(category: str, method: str, quantity: str, unit: str, factor: tuple[str, str, str]) -> FootprintLine:
    """A line whose grams follow from quantity x factor; `factor` is (id, value, unit), the unit in kg or t per `unit`."""
    factor_id, factor_value, factor_unit = factor
    per_unit = GRAMS_PER_FACTOR_UNIT["kg" if factor_unit.startswith("kg") else "t"]
    exact = Decimal(quantity) * Decimal(factor_value) * per_unit
    return FootprintLine(
        category=category,
        method=method,
        quantity=quantity,
        unit=unit,
        factor_id=factor_id,
        factor_value=factor_value,
        factor_unit=factor_unit,
        grams=int(exact.to_integral_value(ROUND_HALF_EVEN)),
    )


GRID = ("jp.grid.fy2024.national_average", "0.423", "kgCO2/kWh")
FLIGHT = ("jp.mlit.fy2023.air_domestic", "0.094", "kgCO2/人km")
RAIL = ("jp.mlit.fy2023.rail", "0.017", "kgCO2/人km")
BUS = ("jp.mlit.fy2023.bus", "0.063", "kgCO2/人km")
HOTEL = ("jp.moe36.accommodation.person_night", "31.532238", "kgCO2/人・泊")
PAPER = (
    "uk.desnz.material.paper.paper_and_board_paper.primary_material_production.2025",
    "1345.0779",
    "kgCO2e/t",
)
WASTE_PAPER = ("jp.moe36.waste.paper", "0.144", "tCO2/t")


def conference_lines() -> tuple[FootprintLine, ...]:
    return (
        a_line("venue_energy", "metered", "720", "kWh", GRID),
        a_line("travel_participants", "distance_by_mode", "36080", "人km", FLIGHT),
        a_line("travel_participants", "distance_by_mode", "1350", "人km", RAIL),
        a_line("travel_participants", "distance_by_mode", "364", "人km", BUS),
        a_line("lodging", "person_nights", "62", "人・泊", HOTEL),
        a_line("printed_matter", "sheets", "0.02736", "t", PAPER),
        a_line("waste", "mass_by_kind", "0.06", "t", WASTE_PAPER),
    )


def a_footprint(**changes: Any) -> FootprintSummary:
    lines = changes.pop("lines", conference_lines())
    facts: dict[str, Any] = {
        "id": "fp_sapporo",
        "sha256": fixed_hash("footprint"),
        "total_g": sum(line.grams for line in lines),
        "factor_set": "jp-2026.1",
        "calculated_on": date(2026, 10, 2),
        "lines": lines,
        "excluded": (
            Exclusion(category="freight", reason="not_stated"),
            Exclusion(category="online", reason="not_stated"),
        ),
    }
    return FootprintSummary(**facts | changes)


def a_project(**changes: Any) -> ProjectFacts:
    facts: dict[str, Any] = {
        "key": "jcredit/normal/10",
        "name_ja": "町有林における森林経営活動",
        "name_en": "Forest management in a town-owned forest",
        "operator": "中標津町",
        "country": "JP",
        "place": "北海道標津郡中標津町",
        "methodology": "FO-001 Ver. 2.0",
        "source_url": "https://japancredit.go.jp/project/",
    }
    return ProjectFacts(**facts | changes)


def a_span(first: int, last: int, *, prefix: str = "SBX-JC-000010-", width: int = 9) -> SerialSpan:
    return SerialSpan(
        first_text=f"{prefix}{first:0{width}d}",
        last_text=f"{prefix}{last:0{width}d}",
        first_serial=first,
        last_serial=last,
    )


def a_cancellation(**changes: Any) -> Cancellation:
    """Three tonnes of a J-Credit forest project in the sandbox registry."""
    serials: tuple[SerialSpan, ...] = changes.pop("serials", (a_span(4_201, 4_203),))
    facts: dict[str, Any] = {
        "registry": "jcredit",
        "registry_name_ja": "J-クレジット登録簿",
        "registry_name_en": "J-Credit registry",
        "credit_kind": "jcredit_forest",
        "project": a_project(),
        "block": "blk_forest",
        "certification_number": "SBX-CERT-000010",
        "vintages": (Vintage(basis="fiscal_year", label="2023"),),
        "serials": serials,
        "tonnes": sum(span.tonnes for span in serials),
        "act": "無効化",
        "purpose": "carbon_offset",
        "executed_by": "サンドボックス供給者A",
        "our_reference": "ret_0001",
        "notice_number": "SBX-N-2026-000123",
        "recorded_on": date(2026, 11, 16),
        "notice_sha256": fixed_hash("notice/1"),
        "invented": True,
    }
    return Cancellation(**facts | changes)


def a_jcm_cancellation(**changes: Any) -> Cancellation:
    """Two tonnes of a Mongolian solar plant, cancelled for a purpose other than Japan's NDC."""
    return a_cancellation(
        **{
            "registry": "jcm_jp",
            "registry_name_ja": "JCM登録簿(日本)",
            "registry_name_en": "JCM registry (Japan)",
            "credit_kind": "jcm_2020_or_before",
            "project": a_project(
                key="jcm/MN004",
                name_ja="ダルハン市における10MW太陽光発電プロジェクト",
                name_en="10MW Solar Power Project in Darkhan City",
                operator="Solar Power International LLC / Sharp Energy Solutions Corporation",
                country="MN",
                place="Darkhan",
                methodology="MN_AM003 Ver2.0",
                source_url="https://www.jcm.go.jp/jc/mn-projects-issues",
            ),
            "block": "blk_solar",
            "certification_number": "SBX-MN004-2020",
            "vintages": (Vintage(basis="monitoring_period", label="2017-08-01/2020-12-31"),),
            "serials": (a_span(880_001, 880_002, prefix="SBX-JCM-MN004-"),),
            "act": "取消し",
            "purpose": "other_purposes",
            "our_reference": "ret_0002",
            "notice_number": "SBX-N-2026-000124",
            "recorded_on": date(2026, 11, 17),
            "notice_sha256": fixed_hash("notice/2"),
        }
        | changes
    )


def a_statement(disclosures: Disclosures | None = None, **changes: Any) -> Statement:
    """A statement that commits to `disclosures` (default: some_disclosures()); `changes` replace its fields."""
    facts: dict[str, Any] = {
        "environment": Environment.SANDBOX,
        "number": "TEST-95D3-6JW7-8R4H-CNDC",
        "type": OffsetType.EVENT,
        "period": Period(first=date(2026, 9, 12), last=date(2026, 9, 13)),
        "issued_at": datetime(2026, 11, 18, 3, 4, 5, tzinfo=UTC),
        "grams": 5_000_000,
        "cancellations": (a_cancellation(), a_jcm_cancellation()),
        "footprint": a_footprint(),
        "reduction_effort": "会場を地下鉄駅から徒歩5分の施設とし、資料を両面印刷にして部数を参加者数に合わせました。",
        "third_party_check": None,
        "commitments": commitments_to(disclosures if disclosures is not None else some_disclosures()),
    }
    return Statement(**facts | changes)
