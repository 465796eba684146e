"""Our books against the registry's, serial by serial: every difference is a case, and nothing else is."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import HoldingReport
from marketplace.registries.http import HttpRegistry
from marketplace.registries.reconciliation import (
    Believed,
    BelievedRange,
    Case,
    CaseCode,
    RecordedCancellation,
    reconcile,
)
from tests.marketplace.registries.servers import a_request


def believed(first: int, last: int, state: Believed = Believed.HELD, **more: Any) -> BelievedRange:
    return BelievedRange(more.pop("account", "service"), "B1", SerialRange(first, last), state, **more)


def held(first: int, last: int, account: str = "service") -> HoldingReport:
    return HoldingReport(account, "B1", SerialRange(first, last))


def cancelled(first: int, last: int, **more: Any) -> RecordedCancellation:
    return RecordedCancellation(more.pop("account", "service"), "B1", SerialRange(first, last), **more)


def found(
    ours: list[BelievedRange], holdings: list[HoldingReport], recorded: list[RecordedCancellation] | None
) -> list[tuple[CaseCode, int, int]]:
    cases = reconcile(ours, holdings, recorded, accounts=["service", "provider"])
    return [(case.code, case.serials.first, case.serials.last) for case in cases]


class TestAgreementIsNoCase:
    def test_the_same_serials_cut_otherwise(self) -> None:
        assert found([believed(1, 4), believed(5, 10)], [held(1, 7), held(8, 10)], []) == []

    def test_an_application_that_the_registry_has_not_decided(self) -> None:
        assert found([believed(1, 10, Believed.CANCELLING, reference="R1")], [held(1, 10)], []) == []

    def test_a_cancellation_with_all_its_facts(self) -> None:
        facts = {"reference": "R1", "recorded_on": date(2026, 11, 24), "notice_number": "N1"}
        assert found([believed(1, 10, Believed.CANCELLED, **facts)], [], [cancelled(1, 10, **facts)]) == []

    def test_a_registry_that_lists_no_cancellations(self) -> None:
        assert found([believed(1, 10, Believed.CANCELLED, reference="R1")], [], None) == []

    def test_a_list_without_our_references(self) -> None:
        assert found([believed(1, 10, Believed.CANCELLED, reference="R1")], [], [cancelled(1, 10)]) == []

    def test_what_a_provider_cancelled_outside_of_the_service(self) -> None:
        assert found([], [], [cancelled(1, 10, account="provider", reference="their own")]) == []

    def test_accounts_that_were_not_read(self) -> None:
        assert reconcile([believed(1, 10, account="elsewhere")], [], [], accounts=["service"]) == ()


DONE = {"reference": "R1", "recorded_on": date(2026, 11, 24), "notice_number": "N1"}


class TestEveryDifferenceIsNamed:
    @pytest.mark.parametrize(
        ("ours", "holdings", "recorded", "cases"),
        [
            ([believed(1, 9)], [held(1, 5)], [], [(CaseCode.GONE_FROM_ACCOUNT, 6, 9)]),
            ([believed(1, 9)], [held(1, 5)], [cancelled(6, 9)], [(CaseCode.CANCELLED_WITHOUT_US, 6, 9)]),
            ([believed(1, 9)], [held(1, 9, "provider")], [], [(CaseCode.ON_ANOTHER_ACCOUNT, 1, 9)]),
            ([believed(1, 9)], [held(1, 12)], [], [(CaseCode.NOT_ON_OUR_BOOKS, 10, 12)]),
            ([believed(1, 9), believed(9, 12)], [held(1, 12)], [], [(CaseCode.CONTRADICTION_HERE, 9, 9)]),
            ([believed(1, 9)], [held(1, 9)], [cancelled(9, 9)], [(CaseCode.CONTRADICTION_AT_REGISTRY, 9, 9)]),
            ([believed(1, 9, Believed.CANCELLED)], [held(1, 9)], [], [(CaseCode.CERTIFIED_BUT_STILL_HELD, 1, 9)]),
            ([believed(1, 9, Believed.CANCELLED)], [], [], [(CaseCode.CERTIFIED_BUT_NOT_RECORDED, 1, 9)]),
            (
                [believed(1, 9, Believed.CANCELLED, **DONE)],
                [],
                [cancelled(1, 9, **DONE | {"reference": "R2"})],
                [(CaseCode.CERTIFIED_ON_ANOTHER_ACT, 1, 9)],
            ),
            (
                [believed(1, 9, Believed.CANCELLED, **DONE)],
                [],
                [cancelled(1, 9, **DONE | {"recorded_on": date(2026, 11, 25)})],
                [(CaseCode.DATE_DIFFERS, 1, 9)],
            ),
            (
                [believed(1, 9, Believed.CANCELLED, **DONE)],
                [],
                [cancelled(1, 9, **DONE | {"notice_number": "N2"})],
                [(CaseCode.NOTICE_NUMBER_DIFFERS, 1, 9)],
            ),
            (
                [believed(1, 9, Believed.CANCELLING, reference="R1")],
                [],
                [cancelled(1, 9, reference="R1")],
                [(CaseCode.CANCELLED_BUT_NOT_CONFIRMED_HERE, 1, 9)],
            ),
            (
                [believed(1, 9, Believed.CANCELLING, reference="R1")],
                [],
                [cancelled(1, 9, reference="R2")],
                [(CaseCode.CANCELLED_WITHOUT_US, 1, 9)],
            ),
            (
                [believed(1, 9, Believed.CANCELLING, reference="R1")],
                [],
                [],
                [(CaseCode.GONE_FROM_ACCOUNT, 1, 9)],
            ),
            (
                [believed(1, 9, Believed.CANCELLING, reference="R1")],
                [held(1, 9)],
                [cancelled(30, 38, reference="R1")],
                [(CaseCode.OUR_REFERENCE_ON_OTHER_SERIALS, 30, 38)],
            ),
        ],
    )
    def test_it_has_its_code(
        self,
        ours: list[BelievedRange],
        holdings: list[HoldingReport],
        recorded: list[RecordedCancellation],
        cases: list[tuple[CaseCode, int, int]],
    ) -> None:
        assert found(ours, holdings, recorded) == cases

    def test_the_gravest_come_first(self) -> None:
        cases = found([believed(1, 5, Believed.CANCELLED), believed(6, 9)], [held(1, 5), held(20, 29)], [])
        assert [code for code, _, _ in cases] == [
            CaseCode.CERTIFIED_BUT_STILL_HELD,
            CaseCode.GONE_FROM_ACCOUNT,
            CaseCode.NOT_ON_OUR_BOOKS,
        ]


class TestACaseIsTheSameCaseTomorrow:
    def the_case(self, *ours: BelievedRange) -> Case:
        [case] = reconcile(ours, [held(1, 5)], [], accounts=["service"])
        return case

    def test_whatever_else_is_cut_differently(self) -> None:
        assert self.the_case(believed(1, 9)).key == self.the_case(believed(1, 5), believed(6, 7), believed(8, 9)).key

    def test_another_difference_is_another_case(self) -> None:
        assert self.the_case(believed(1, 9)).key != self.the_case(believed(1, 8)).key


STATES = st.sampled_from([None, *Believed])


@given(
    ours=st.lists(STATES, min_size=30, max_size=30),
    theirs=st.lists(st.sampled_from(["held", "cancelled", "gone"]), min_size=30, max_size=30),
    cuts=st.sets(st.integers(1, 29)),
)
def test_a_serial_is_in_a_case_exactly_if_the_two_books_cannot_both_be_right(
    ours: list[Believed | None], theirs: list[str], cuts: set[int]
) -> None:
    """Against a table over single serials; the ranges are cut at random to show that cuts do not matter."""
    agree = {
        (None, "cancelled"),
        (None, "gone"),
        (Believed.HELD, "held"),
        (Believed.CANCELLING, "held"),
        (Believed.CANCELLED, "cancelled"),
    }
    differing = {n for n, pair in enumerate(zip(ours, theirs, strict=True), 1) if pair not in agree}
    cases = reconcile(
        [believed(*span, state) for state, span in _spans(ours, cuts) if state is not None],
        [held(*span) for word, span in _spans(theirs, set()) if word == "held"],
        [cancelled(*span) for word, span in _spans(theirs, cuts) if word == "cancelled"],
        accounts=["service"],
    )
    assert {n for case in cases for n in range(case.serials.first, case.serials.last + 1)} == differing


def _spans(words: list[Any], cuts: set[int]) -> list[tuple[Any, tuple[int, int]]]:
    spans: list[tuple[Any, tuple[int, int]]] = []
    for number, word in enumerate(words, 1):
        if spans and spans[-1][0] == word and number - 1 not in cuts:
            spans[-1] = (word, (spans[-1][1][0], number))
        else:
            spans.append((word, (number, number)))
    return spans


class TestAgainstTheSandboxRegistry:
    async def test_after_a_day_of_work_the_books_agree(self, gateway: HttpRegistry) -> None:
        ours = [believed(31, 600), BelievedRange("service", "B2", SerialRange(5001, 5100), Believed.HELD)]
        for number in range(3):
            request = a_request(f"R{number}", number * 10 + 1, number * 10 + 10)
            notice = (await gateway.submit(request)).notice
            assert notice is not None
            ours.append(
                believed(
                    request.serials.first,
                    request.serials.last,
                    Believed.CANCELLED,
                    reference=request.reference,
                    recorded_on=notice.recorded_on,
                    notice_number=notice.number,
                )
            )
        holdings, recorded = await gateway.holdings("service"), await gateway.cancellations("service")
        assert reconcile(ours, holdings, recorded, accounts=["service"]) == ()
        ours[-1] = believed(21, 30, Believed.CANCELLING, reference="R2")
        [case] = reconcile(ours, holdings, recorded, accounts=["service"])
        assert case.code is CaseCode.CANCELLED_BUT_NOT_CONFIRMED_HERE
