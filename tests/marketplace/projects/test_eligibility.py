"""Rules of the table of uses: it says no more than was confirmed."""

from datetime import date, timedelta

import pytest

from marketplace.projects.eligibility import (
    Condition,
    EligibilityTable,
    Purpose,
    Rule,
    Seen,
    Sign,
    Usability,
    Use,
    UsesNotKnown,
    _rule,
    load_eligibility,
    uses_for,
)
from marketplace.projects.facts import DataDefect
from marketplace.projects.kinds import CreditKind

TODAY = date(2026, 11, 22)


def use(kind: CreditKind, purpose: Purpose, on: date = TODAY) -> Use:
    return next(use for use in uses_for(kind, on) if use.purpose is purpose)


class TestWhatNobodyConfirmedIsNotConfirmed:
    @pytest.mark.parametrize("on", [date(2025, 4, 1), date(2026, 4, 1), TODAY])
    def test_no_unconfirmed_row_of_the_table_comes_out_as_confirmed(self, on: date) -> None:
        unconfirmed = [rule for rule in load_eligibility().rules if rule.seen is Seen.UNCONFIRMED and rule.in_force(on)]
        assert unconfirmed
        for rule in unconfirmed:
            for kind in rule.kinds:
                shown = use(kind, rule.use, on)
                assert shown.usability is Usability.NOT_CONFIRMED
                assert not shown.may_be_claimed

    @pytest.mark.parametrize("sign", Sign)
    def test_whatever_its_sign(self, sign: Sign) -> None:
        rule = Rule(use=Purpose.CDP, kinds=(CreditKind.CER,), sign=sign, seen=Seen.UNCONFIRMED)
        assert rule.as_use().usability is Usability.NOT_CONFIRMED

    def test_a_disputed_statement_is_not_confirmed_even_when_seen(self) -> None:
        shown = use(CreditKind.JCREDIT_FOREST, Purpose.KEIDANREN_PLAN)
        assert shown.usability is Usability.NOT_CONFIRMED

    def test_our_expectation_is_kept_apart(self) -> None:
        shown = use(CreditKind.JCREDIT_WASTE, Purpose.GX_ETS)
        assert (shown.usability, shown.leaning) == (Usability.NOT_CONFIRMED, Usability.USABLE)
        assert not shown.may_be_claimed


class TestUsesOfTheKinds:
    @pytest.mark.parametrize(
        ("kind", "purpose", "usability"),
        [
            (CreditKind.JCREDIT_ENERGY_SAVING, Purpose.VOLUNTARY_OFFSET, Usability.USABLE),
            (CreditKind.JCREDIT_ENERGY_SAVING, Purpose.ENERGY_LAW_JOINT_SAVING, Usability.USABLE),
            (CreditKind.JCREDIT_FOREST, Purpose.ENERGY_LAW_JOINT_SAVING, Usability.NOT_USABLE),
            (CreditKind.JCREDIT_RENEWABLE_POWER, Purpose.RE100, Usability.PARTLY),
            (CreditKind.JCREDIT_RENEWABLE_HEAT, Purpose.RE100, Usability.NOT_USABLE),
            (CreditKind.JCREDIT_RENEWABLE_OTHER, Purpose.RE100, Usability.NOT_CONFIRMED),
            (CreditKind.JCM_2021_ON, Purpose.CLIMATE_LAW_REPORT, Usability.USABLE),
            (CreditKind.JCM_2020_OR_BEFORE, Purpose.CLIMATE_LAW_REPORT, Usability.NOT_USABLE),
            (CreditKind.JCM_2020_OR_BEFORE, Purpose.GX_ETS, Usability.NOT_USABLE),
            (CreditKind.JCM_2020_OR_BEFORE, Purpose.VOLUNTARY_OFFSET, Usability.USABLE),
            (CreditKind.JVER, Purpose.GX_ETS, Usability.NOT_CONFIRMED),
            (CreditKind.A6_4ER_UNAUTHORISED, Purpose.VOLUNTARY_OFFSET, Usability.NOT_CONFIRMED),
            (CreditKind.CER, Purpose.CARBON_NEUTRAL_CLAIM, Usability.NOT_USABLE),
        ],
    )
    def test_today(self, kind: CreditKind, purpose: Purpose, usability: Usability) -> None:
        assert use(kind, purpose).usability is usability

    def test_old_jcm_units_oblige_to_show_the_vintage(self) -> None:
        assert use(CreditKind.JCM_2020_OR_BEFORE, Purpose.VOLUNTARY_OFFSET).conditions == (Condition.DISCLOSE_VINTAGE,)

    def test_no_condition_is_named_that_no_rule_needs(self) -> None:
        assert {condition for rule in load_eligibility().rules for condition in rule.conditions} == set(Condition)

    def test_every_kind_has_one_line_per_purpose(self) -> None:
        for kind in CreditKind:
            assert [use.purpose for use in uses_for(kind, TODAY)] == list(Purpose)


class TestTheTableIsDated:
    def test_gx_ets_opens_with_fiscal_year_2026(self) -> None:
        opens = date(2026, 4, 1)
        before = use(CreditKind.JCREDIT_FOREST, Purpose.GX_ETS, opens - timedelta(days=1))
        assert before.usability is Usability.NOT_CONFIRMED
        assert use(CreditKind.JCREDIT_FOREST, Purpose.GX_ETS, opens).usability is Usability.USABLE

    def test_nothing_is_said_of_days_before_it_begins(self) -> None:
        begins = load_eligibility().known_from
        assert uses_for(CreditKind.JCREDIT_FOREST, begins)
        with pytest.raises(UsesNotKnown) as refusal:
            uses_for(CreditKind.JCREDIT_FOREST, begins - timedelta(days=1))
        assert refusal.value.params == {"on": begins - timedelta(days=1), "known_from": begins}


class TestExactlyOneRulePerKindPurposeAndDay:
    rule = Rule(use=Purpose.CDP, kinds=(CreditKind.CER,), sign=Sign.NOT_USABLE, seen=Seen.SECONDARY)

    @pytest.mark.parametrize("rules", [(), (rule, rule)])
    def test_a_gap_and_a_clash_are_refused(self, rules: tuple[Rule, ...]) -> None:
        table = EligibilityTable("test", date(2025, 4, 1), rules)
        with pytest.raises(DataDefect, match="there must be one"):
            _rule(table, CreditKind.CER, Purpose.CDP, TODAY)

    def test_an_edition_names_the_table(self) -> None:
        assert load_eligibility().edition == "2026-11-22"
