from dataclasses import replace
from datetime import date

import pytest

from certificates.claims.judge import (
    RULES,
    Audience,
    ClaimFacts,
    CreditFacts,
    CreditUse,
    Wording,
    judge,
    load_rules,
)
from certificates.statement import OffsetType

GOOD_CREDIT = CreditFacts(for_offset=CreditUse.USABLE, for_neutrality=CreditUse.PARTLY)
EVENT = ClaimFacts(
    type=OffsetType.EVENT,
    on=date(2026, 11, 22),
    covered_g=3_000_000,
    footprint_g=3_000_000,
    reduction_effort="資料を両面印刷にしました。",
    credits=(GOOD_CREDIT,),
)


def allowed(facts: ClaimFacts) -> set[Wording]:
    return {decision.wording for decision in judge(facts).decisions if decision.allowed}


class TestAnOffsetNeedsThreeThings:
    def test_footprint_effort_and_cancelled_amount_are_enough(self) -> None:
        assert judge(EVENT).best is Wording.OFFSET_FULL
        assert allowed(EVENT) == {Wording.OFFSET_FULL, Wording.CONTRIBUTION}

    def test_without_a_footprint_only_a_contribution_is_left(self) -> None:
        assert allowed(replace(EVENT, footprint_g=None)) == {Wording.CONTRIBUTION}

    @pytest.mark.parametrize("effort", ["", " ", "　"])
    def test_without_an_own_effort_only_a_contribution_is_left(self, effort: str) -> None:
        facts = replace(EVENT, reduction_effort=effort)
        assert allowed(facts) == {Wording.CONTRIBUTION}
        assert judge(facts).against(Wording.OFFSET_FULL) == ("reduction_effort_missing",)

    def test_without_a_cancellation_nothing_is_left(self) -> None:
        facts = replace(EVENT, covered_g=0)
        assert judge(facts).best is None
        assert judge(facts).against(Wording.CONTRIBUTION) == ("nothing_cancelled",)

    def test_a_part_is_shown_as_a_part(self) -> None:
        facts = replace(EVENT, covered_g=2_999_999)
        assert judge(facts).best is Wording.OFFSET_PARTIAL
        assert judge(facts).against(Wording.OFFSET_FULL) == ("not_fully_covered",)

    def test_more_than_all_is_still_all(self) -> None:
        assert judge(replace(EVENT, covered_g=4_000_000)).best is Wording.OFFSET_FULL

    def test_an_effort_without_a_subject_is_a_contribution(self) -> None:
        assert allowed(replace(EVENT, type=OffsetType.OTHER)) == {Wording.CONTRIBUTION}

    def test_units_are_not_used_where_they_were_earned(self) -> None:
        assert allowed(replace(EVENT, same_site=True)) == {Wording.CONTRIBUTION}


class TestCreditsDecideToo:
    @pytest.mark.parametrize(
        ("use", "code"),
        [(CreditUse.NOT_USABLE, "credit_not_usable"), (CreditUse.NOT_CONFIRMED, "credit_use_not_confirmed")],
    )
    def test_one_credit_that_may_not_be_used_spoils_the_offset(self, use: CreditUse, code: str) -> None:
        facts = replace(EVENT, credits=(GOOD_CREDIT, CreditFacts(use, use)))
        assert allowed(facts) == {Wording.CONTRIBUTION}
        assert judge(facts).against(Wording.OFFSET_FULL) == (code,)

    def test_partly_usable_is_usable(self) -> None:
        facts = replace(EVENT, credits=(CreditFacts(CreditUse.PARTLY, CreditUse.NOT_USABLE),))
        assert judge(facts).best is Wording.OFFSET_FULL


class TestCarbonNeutralNeedsMore:
    NEUTRAL = replace(EVENT, type=OffsetType.ORGANISATION, all_sources_counted=True, has_plan=True)

    def test_all_counted_a_plan_and_the_whole_rest_cancelled(self) -> None:
        assert judge(self.NEUTRAL).best is Wording.CARBON_NEUTRAL

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"all_sources_counted": False}, "boundary_incomplete"),
            ({"has_plan": False}, "plan_missing"),
            ({"covered_g": 2_999_999}, "not_fully_covered"),
            ({"on_badge": True}, "neutral_never_on_a_badge"),
            ({"type": OffsetType.PRODUCT_SERVICE}, "neutral_for_organisations_and_events_only"),
            ({"credits": (CreditFacts(CreditUse.USABLE, CreditUse.NOT_CONFIRMED),)}, "credit_use_not_confirmed"),
        ],
    )
    def test_or_it_is_not_said(self, change: dict[str, object], code: str) -> None:
        facts = replace(self.NEUTRAL, **change)
        assert judge(facts).against(Wording.CARBON_NEUTRAL) == (code,)
        assert judge(facts).best is not Wording.CARBON_NEUTRAL

    def test_before_the_fourth_edition_a_plan_was_not_asked_for(self) -> None:
        facts = replace(self.NEUTRAL, has_plan=False, all_sources_counted=False)
        assert judge(replace(facts, on=date(2024, 3, 5))).best is Wording.CARBON_NEUTRAL
        assert judge(replace(facts, on=date(2024, 3, 6))).best is not Wording.CARBON_NEUTRAL


class TestConsumersInTheEuropeanUnion:
    PRODUCT = replace(EVENT, type=OffsetType.PRODUCT_SERVICE, audience=Audience.EU_CONSUMERS)

    def test_are_told_of_a_contribution_only(self) -> None:
        assert allowed(self.PRODUCT) == {Wording.CONTRIBUTION}
        assert "eu_consumer_product" in judge(self.PRODUCT).against(Wording.OFFSET_FULL)

    def test_from_the_day_the_directive_applies(self) -> None:
        assert judge(replace(self.PRODUCT, on=date(2026, 9, 26))).best is Wording.OFFSET_FULL
        assert judge(replace(self.PRODUCT, on=date(2026, 9, 27))).best is Wording.CONTRIBUTION

    def test_about_events_they_may_be_told(self) -> None:
        assert judge(replace(self.PRODUCT, type=OffsetType.EVENT)).best is Wording.OFFSET_FULL

    def test_a_contribution_may_stand_on_a_badge(self) -> None:
        assert judge(replace(self.PRODUCT, on_badge=True)).best is Wording.CONTRIBUTION


class TestEveryRuleIsExplained:
    def test_code_and_data_name_the_same_rules(self) -> None:
        _, rules = load_rules()
        assert rules.keys() == RULES.keys()

    @pytest.mark.parametrize("code", sorted(RULES))
    def test_in_both_languages_with_its_source(self, code: str) -> None:
        rule = load_rules()[1][code]
        assert rule.explanation["ja"].endswith("。")
        assert rule.explanation["en"].endswith(".")
        assert rule.source
        assert rule.seen in {"V", "C", "S", "P", "K"}

    def test_the_edition_comes_with_the_judgement(self) -> None:
        assert judge(EVENT).edition == load_rules()[0]
