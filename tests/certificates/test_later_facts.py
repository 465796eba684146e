"""Facts that statements did not have from the beginning: contact, authorisation, published energy, permanence (version 3)."""

import json

import pytest
from pydantic import ValidationError

from certificates.facts import Share
from certificates.sheet import Locale, sheet
from certificates.statement import BlockEnergy, Cancellation, Permanence, Statement
from tests.certificates.authority import some_facts
from tests.certificates.builders import a_cancellation, a_jcm_cancellation, a_statement, some_disclosures

FOREST = a_cancellation(permanence=Permanence.FOREST_PLAN_AND_BUFFER)
SOLAR = a_jcm_cancellation(
    authorised=True,
    corresponding_adjustment="due",
    block_energy=BlockEnergy(mwh="12345.6", gj=None, tonnes=7_000),
)


def facts_of(statement: Statement, locale: Locale) -> dict[str, str]:
    content = sheet(statement, some_disclosures(), verification_url="https://certs.example/c/x", locale=locale)
    rows = [*content["facts"], *(row for credit in content["credits"] for row in credit["facts"] + credit["wide"])]
    return {row["label"]: row["value"] for row in rows}


class TestTheyAreShownWhereTheyApply:
    @pytest.mark.parametrize(
        ("locale", "expected"),
        [
            (
                "ja",
                {
                    "問い合わせ先": "https://certs.example",
                    "利用の承認": "承認済み",
                    "相当調整": "予定",
                    "再エネの量": "12,345.6 MWh（ブロック全体 7,000 t の公表値）",
                    "永続性の確保": "認証期間のあと10年間の計画管理と、販売しない分の積立",
                },
            ),
            (
                "en",
                {
                    "Contact": "https://certs.example",
                    "Authorised for use": "yes",
                    "Corresponding adjustment": "due",
                    "Renewable energy": "12,345.6 MWh (published for the whole block of 7,000 t)",
                    "Permanence": "ten more years under a plan after certification; part of the units set aside unsold",
                },
            ),
        ],
    )
    def test_in_words(self, locale: Locale, expected: dict[str, str]) -> None:
        statement = a_statement(version=3, contact="https://certs.example", cancellations=(FOREST, SOLAR))
        assert expected.items() <= facts_of(statement, locale).items()

    def test_and_nowhere_else(self) -> None:
        labels = facts_of(a_statement(), "en")
        assert not labels.keys() & {"Contact", "Authorised for use", "Corresponding adjustment", "Renewable energy"}


class TestOlderStatementsStayAsTheyWere:
    def test_what_is_not_stated_is_not_written(self) -> None:
        written = json.loads(a_statement().canonical_json())
        assert written["version"] == 1
        late = {"contact", "pool", "from_pool", "authorised", "corresponding_adjustment", "block_energy", "permanence"}
        assert not late & (written.keys() | written["cancellations"][0].keys())

    def test_what_is_stated_reads_back(self) -> None:
        statement = a_statement(version=3, contact="https://certs.example", cancellations=(FOREST, SOLAR))
        assert Statement.model_validate_json(statement.canonical_json()) == statement

    @pytest.mark.parametrize("changes", [{"contact": "https://certs.example"}, {"cancellations": (SOLAR,), "grams": 1}])
    def test_an_older_version_cannot_state_them(self, changes: dict[str, object]) -> None:
        with pytest.raises(ValidationError, match="came with version 3"):
            a_statement(version=2, **changes)

    @pytest.mark.parametrize(("cancellation", "version"), [(a_cancellation(), 1), (FOREST, 3), (SOLAR, 3)])
    def test_the_lowest_version_that_can_say_it_is_issued(self, cancellation: Cancellation, version: int) -> None:
        facts = some_facts(shares=(Share(cancellation, 1_000),))
        assert facts.statement(number="TEST-1", issued_at=a_statement().issued_at, disclosures={}).version == version

    def test_energy_is_a_plain_decimal(self) -> None:
        with pytest.raises(ValidationError):
            BlockEnergy(mwh="1.2E+3", tonnes=1)


def test_what_a_certificate_adds_to_came_with_version_4() -> None:
    with pytest.raises(ValidationError, match="came with version 4"):
        a_statement(version=3, adds_to="TEST-77JF-HMJX-F854-TRYN")
