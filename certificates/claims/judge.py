"""Which wordings a buyer may use, and for each one that is refused, every reason why.

One row per rule; claims/rules.toml says since when it holds, on what it rests and how to explain it.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path

from certificates.statement import OffsetType

_FILE = Path(__file__).with_name("rules.toml")


class Wording(StrEnum):
    """From the most to the least one can say."""

    CARBON_NEUTRAL = "carbon_neutral"
    OFFSET_FULL = "offset_full"
    OFFSET_PARTIAL = "offset_partial"
    CONTRIBUTION = "contribution"


class Audience(StrEnum):
    GENERAL = "general"
    EU_CONSUMERS = "eu_consumers"


class CreditUse(StrEnum):
    """What the table of uses says of a credit for one purpose (the values of marketplace.projects.eligibility.Usability)."""

    USABLE = "usable"
    PARTLY = "partly"
    NOT_USABLE = "not_usable"
    NOT_CONFIRMED = "not_confirmed"


@dataclass(frozen=True, slots=True)
class CreditFacts:
    """How one cancelled credit may be used on the day of the claim."""

    for_offset: CreditUse
    for_neutrality: CreditUse


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What was really done. Grams of CO2e; `on` is the day of the claim in Japan time."""

    type: OffsetType
    on: date
    covered_g: int
    footprint_g: int | None
    reduction_effort: str
    credits: tuple[CreditFacts, ...]
    audience: Audience = Audience.GENERAL
    on_badge: bool = False
    all_sources_counted: bool = False
    has_plan: bool = False
    same_site: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """`explanation` by language; `valid_from` None means always."""

    code: str
    valid_from: date | None
    seen: str
    source: str
    explanation: dict[str, str]

    def in_force(self, on: date) -> bool:
        return self.valid_from is None or self.valid_from <= on


@dataclass(frozen=True, slots=True)
class Decision:
    """One wording; it is allowed if nothing speaks against it."""

    wording: Wording
    against: tuple[Rule, ...]

    @property
    def allowed(self) -> bool:
        return not self.against


@dataclass(frozen=True, slots=True)
class Judgement:
    """`edition` names the state of the rules; keep it with the claim."""

    edition: str
    decisions: tuple[Decision, ...]

    @property
    def best(self) -> Wording | None:
        """The most that may be said."""
        return next((decision.wording for decision in self.decisions if decision.allowed), None)

    def against(self, wording: Wording) -> tuple[str, ...]:
        """The codes of the rules that speak against a wording."""
        decision = next(decision for decision in self.decisions if decision.wording is wording)
        return tuple(rule.code for rule in decision.against)


def _uses(facts: ClaimFacts, wording: Wording) -> set[CreditUse]:
    neutral = wording is Wording.CARBON_NEUTRAL
    return {credit.for_neutrality if neutral else credit.for_offset for credit in facts.credits}


_NEUTRAL = frozenset({Wording.CARBON_NEUTRAL})
_FULL = _NEUTRAL | {Wording.OFFSET_FULL}
_OFFSET = _FULL | {Wording.OFFSET_PARTIAL}
_ALL = frozenset(Wording)

Broken = Callable[[ClaimFacts, Wording], bool]

# Each rule: which wordings it concerns, and when it is broken.
RULES: dict[str, tuple[frozenset[Wording], Broken]] = {
    "nothing_cancelled": (_ALL, lambda f, w: f.covered_g <= 0),
    "footprint_missing": (_OFFSET, lambda f, w: not f.footprint_g),
    "reduction_effort_missing": (_OFFSET, lambda f, w: not f.reduction_effort.strip()),
    "not_fully_covered": (_FULL, lambda f, w: bool(f.footprint_g) and f.covered_g < (f.footprint_g or 0)),
    "covered_in_full": (
        frozenset({Wording.OFFSET_PARTIAL}),
        lambda f, w: bool(f.footprint_g) and f.covered_g >= (f.footprint_g or 0),
    ),
    "other_effort": (_OFFSET, lambda f, w: f.type is OffsetType.OTHER),
    "same_site": (_OFFSET, lambda f, w: f.same_site),
    "credit_not_usable": (_OFFSET, lambda f, w: CreditUse.NOT_USABLE in _uses(f, w)),
    "credit_use_not_confirmed": (_OFFSET, lambda f, w: CreditUse.NOT_CONFIRMED in _uses(f, w)),
    "neutral_for_organisations_and_events_only": (
        _NEUTRAL,
        lambda f, w: f.type not in {OffsetType.ORGANISATION, OffsetType.EVENT},
    ),
    "boundary_incomplete": (_NEUTRAL, lambda f, w: not f.all_sources_counted),
    "plan_missing": (_NEUTRAL, lambda f, w: not f.has_plan),
    "neutral_never_on_a_badge": (_NEUTRAL, lambda f, w: f.on_badge),
    "eu_consumer_product": (
        _OFFSET,
        lambda f, w: f.audience is Audience.EU_CONSUMERS and f.type is OffsetType.PRODUCT_SERVICE,
    ),
}


@cache
def load_rules() -> tuple[str, dict[str, Rule]]:
    """The edition and every rule's data by code."""
    with _FILE.open("rb") as file:
        data = tomllib.load(file)
    rules = {
        code: Rule(code, row.get("from"), row["seen"], row["source"], {"ja": row["ja"], "en": row["en"]})
        for code, row in data["rule"].items()
    }
    return data["edition"], rules


def judge(facts: ClaimFacts) -> Judgement:
    """Every wording with all that speaks against it on that day."""
    edition, rules = load_rules()
    decisions = []
    for wording in Wording:
        broken = [
            code for code, (concerns, is_broken) in RULES.items() if wording in concerns and is_broken(facts, wording)
        ]
        decisions.append(Decision(wording, tuple(rules[code] for code in broken if rules[code].in_force(facts.on))))
    return Judgement(edition, tuple(decisions))
