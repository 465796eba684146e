"""What a kind of unit may be used for on a given day, from the versioned table eligibility.toml.

The table keeps how each statement was seen. What nobody confirmed cannot come out as confirmed: `usability` is derived.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path

from pydantic import Field
from pydantic.dataclasses import dataclass

from marketplace.errors import MarketplaceError
from marketplace.projects.facts import ROW, DataDefect, read_rows
from marketplace.projects.kinds import CreditKind

FILE = Path(__file__).with_name("eligibility.toml")


class Purpose(StrEnum):
    """Where a cancelled unit may be put to use."""

    VOLUNTARY_OFFSET = "voluntary_offset"
    CLIMATE_LAW_REPORT = "climate_law_report"
    ENERGY_LAW_JOINT_SAVING = "energy_law_joint_saving"
    ENERGY_LAW_NON_FOSSIL = "energy_law_non_fossil"
    CDP = "cdp"
    SBT = "sbt"
    RE100 = "re100"
    SHIFT_ASSET = "shift_asset"
    KEIDANREN_PLAN = "keidanren_plan"
    GX_ETS = "gx_ets"
    CARBON_NEUTRAL_CLAIM = "carbon_neutral_claim"


class Condition(StrEnum):
    """What a use depends on; the sentences live in the translations."""

    NAME_THE_JCM_ACT = "name_the_jcm_act"
    DISCLOSE_VINTAGE = "disclose_vintage"
    NO_JAPANESE_PROCEDURE_SEEN = "no_japanese_procedure_seen"
    CONTRIBUTION_ONLY = "contribution_only"
    SCHEME_IS_CLOSING = "scheme_is_closing"
    NEEDS_TONNE_CERTIFICATION = "needs_tonne_certification"
    CANCELLED_BY_END_OF_JUNE = "cancelled_by_end_of_june"
    MUST_COUNT_FOR_THE_NATIONAL_TARGET = "must_count_for_the_national_target"
    AGAINST_PURCHASED_ENERGY_ONLY = "against_purchased_energy_only"
    CANCELLED_BEFORE_FILING = "cancelled_before_filing"
    ENERGY_SAVING_PROJECTS_ONLY = "energy_saving_projects_only"
    SCOPE_2_ONLY = "scope_2_only"
    DIFFERS_PER_CERTIFICATION_ROUND = "differs_per_certification_round"
    ONLY_IN_THE_CREDIT_QUESTION = "only_in_the_credit_question"
    PURCHASED_ELECTRICITY_ONLY = "purchased_electricity_only"
    JCL_UNITS_ONLY = "jcl_units_only"
    OBLIGATION_STARTS_WITH_FISCAL_YEAR_2026 = "obligation_starts_with_fiscal_year_2026"
    AT_MOST_10_PERCENT_OF_EMISSIONS = "at_most_10_percent_of_emissions"
    PLAN_REQUIRED = "plan_required"
    AGE_LIMIT = "age_limit"


class Usability(StrEnum):
    """What may be said about one use."""

    USABLE = "usable"
    PARTLY = "partly"
    NOT_USABLE = "not_usable"
    NOT_CONFIRMED = "not_confirmed"


class Sign(StrEnum):
    """The table's own mark."""

    USABLE = "Y"
    PARTLY = "P"
    NOT_USABLE = "N"
    UNKNOWN = "?"


class Seen(StrEnum):
    """How a statement was seen: on the publisher's page, on a third-party copy of one, in a secondary source, or nowhere."""

    PUBLISHER = "V"
    COPY = "C"
    SECONDARY = "S"
    UNCONFIRMED = "K"


_MEANING: Mapping[Sign, Usability] = {
    Sign.USABLE: Usability.USABLE,
    Sign.PARTLY: Usability.PARTLY,
    Sign.NOT_USABLE: Usability.NOT_USABLE,
    Sign.UNKNOWN: Usability.NOT_CONFIRMED,
}


class UsesNotKnown(MarketplaceError):
    """The table says nothing about days before it begins; params: on, known_from."""

    code = "uses_not_known"


@plain_dataclass(frozen=True, slots=True)
class Use:
    """One line of a listing's table of uses. `leaning` is our expectation where nothing is confirmed."""

    purpose: Purpose
    usability: Usability
    conditions: tuple[Condition, ...]
    leaning: Usability | None

    @property
    def may_be_claimed(self) -> bool:
        """Only what is confirmed, conditions included, may stand in a claim."""
        return self.usability in (Usability.USABLE, Usability.PARTLY)


@dataclass(config=ROW, frozen=True, slots=True)
class Rule:
    """One statement of the table: in force from `valid_from` (None: since the table begins) until before `valid_until`."""

    use: Purpose
    kinds: tuple[CreditKind, ...]
    sign: Sign
    seen: Seen
    leaning: Sign | None = None
    conditions: tuple[Condition, ...] = ()
    valid_from: date | None = Field(default=None, alias="from")
    valid_until: date | None = Field(default=None, alias="until")

    def in_force(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_until is None or on < self.valid_until
        )

    def as_use(self) -> Use:
        confirmed = self.seen is not Seen.UNCONFIRMED
        return Use(
            purpose=self.use,
            usability=_MEANING[self.sign] if confirmed else Usability.NOT_CONFIRMED,
            conditions=self.conditions,
            leaning=None if self.leaning is None else _MEANING[self.leaning],
        )


@plain_dataclass(frozen=True, slots=True)
class EligibilityTable:
    """`edition` names the state of the table; keep it with every decision that was based on it."""

    edition: str
    known_from: date
    rules: tuple[Rule, ...]


@cache
def load_eligibility() -> EligibilityTable:
    """The table, checked to hold exactly one rule for every kind and purpose on every day. Raises DataDefect."""
    with FILE.open("rb") as file:
        head = tomllib.load(file)
    table = EligibilityTable(head["edition"], head["known_from"], read_rows(FILE, "rule", Rule))
    changes = {rule.valid_from for rule in table.rules} | {rule.valid_until for rule in table.rules}
    for day in {table.known_from} | {change for change in changes if change is not None}:
        for kind in CreditKind:
            for purpose in Purpose:
                _rule(table, kind, purpose, day)
    return table


@lru_cache(maxsize=512)
def uses_for(kind: CreditKind, on: date) -> tuple[Use, ...]:
    """One use per purpose, in the order of Purpose, for units cancelled on a day in Japan time. Raises UsesNotKnown."""
    table = load_eligibility()
    if on < table.known_from:
        raise UsesNotKnown(f"the table of uses begins on {table.known_from}", on=on, known_from=table.known_from)
    return tuple(_rule(table, kind, purpose, on).as_use() for purpose in Purpose)


def _rule(table: EligibilityTable, kind: CreditKind, purpose: Purpose, on: date) -> Rule:
    found = [rule for rule in table.rules if rule.use is purpose and kind in rule.kinds and rule.in_force(on)]
    if len(found) != 1:
        raise DataDefect(f"{len(found)} rules for {kind}, {purpose} on {on}; there must be one")
    return found[0]
