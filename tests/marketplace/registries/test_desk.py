"""The desk: what may share an application, what is frozen, what a copied notice confirms, and the papers."""

import io
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any

import openpyxl
import pypdfium2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.inventory.serials import SerialRange
from marketplace.registries.desk.application import (
    Application,
    DeskItem,
    SerialAskedTwice,
    SerialsNotAccepted,
    prepare,
    queue,
)
from marketplace.registries.desk.entered_notice import EnteredNotice, media_type, settle
from marketplace.registries.desk.sheets import COLUMNS, BlockFacts, in_fours, labels, pre_check_workbook, printed_sheet
from marketplace.registries.desk.states import (
    ALLOWED_MOVES,
    OPEN,
    ApplicationChanged,
    DeskState,
    check_unchanged,
)
from marketplace.registries.form_limits import FieldTooLong, too_long
from marketplace.registries.matching import DifferenceCode, match_notice
from marketplace.registries.profiles import Calendar, Rhythm, load_profiles
from tests.marketplace.registries.servers import a_request

JCREDIT = load_profiles()["jcredit"]
NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
BLOCKS = {
    "B1": BlockFacts("架空の太陽光", "再エネ（電力）", "SBX-CERT-1", "SBX-JC-ER-", 9),
    "B2": BlockFacts("架空の森林", "森林", "SBX-CERT-2", "SBX-JC-FM-", 9),
}


def an_item(reference: str = "R1", first: int = 1, last: int = 10, **changed: Any) -> DeskItem:
    queued_at = changed.pop("queued_at", NOON)
    changed.setdefault("scope", "二日間の学会 2026")
    return DeskItem(a_request(reference, first, last, **changed), queued_at)


def one(*items: DeskItem) -> Application:
    [application] = prepare(items, JCREDIT)
    return application


def a_notice(application: Application, **changed: Any) -> EnteredNotice:
    """The right notice, but for what a test changes."""
    facts: dict[str, Any] = {
        "number": "N-1",
        "recorded_on": date(2026, 11, 24),
        "act": application.act,
        "use": application.use,
        "purpose_detail": application.purpose_detail,
        "credit_user": application.credit_user,
        "lines": tuple((line.block, span) for line in application.lines for span in line.serials),
        "tonnes": application.tonnes,
        "document": b"%PDF-1.7 scanned",
    }
    facts |= changed
    if "lines" in changed and "tonnes" not in changed:
        facts["tonnes"] = sum(len(span) for _, span in changed["lines"])
    return EnteredNotice(**facts)


def settled(application: Application, **changed: Any) -> Any:
    return settle(application, a_notice(application, **changed), executed_on=date(2026, 11, 24), today=TODAY)


class TestOnlyWhatAgreesInEveryWordSharesAnApplication:
    def test_neighbouring_serials_become_one_line(self) -> None:
        application = one(an_item("R1", 1, 10), an_item("R2", 11, 15), an_item("R3", 20, 20, block="B2"))
        assert [(line.block, line.serials) for line in application.lines] == [
            ("B1", (SerialRange(1, 15),)),
            ("B2", (SerialRange(20, 20),)),
        ]
        assert application.tonnes == 16

    @pytest.mark.parametrize(
        "changed",
        [
            {"account": "provider"},
            {"act": "shokyaku"},
            {"purpose": "climate_law_emissions"},
            {"purpose_detail": "別の目的"},
            {"credit_user": "別の会社"},
            {"scope": "別の範囲"},
        ],
    )
    def test_any_difference_parts_them(self, changed: dict[str, Any]) -> None:
        assert len(prepare([an_item("R1", 1, 10), an_item("R2", 11, 15, **changed)], JCREDIT)) == 2

    def test_the_longest_waiting_comes_first(self) -> None:
        late = an_item("R1", 1, 1, credit_user="A", queued_at=NOON)
        early = an_item("R2", 2, 2, credit_user="B", queued_at=NOON - timedelta(hours=1))
        assert [application.credit_user for application in prepare([late, early], JCREDIT)] == ["B", "A"]

    def test_one_serial_in_two_retirements_stops_everything(self) -> None:
        with pytest.raises(SerialAskedTwice):
            prepare([an_item("R1", 1, 10), an_item("R2", 10, 12, credit_user="B")], JCREDIT)

    def test_a_registry_that_chooses_the_units_itself_is_not_for_the_desk(self) -> None:
        with pytest.raises(SerialsNotAccepted):
            prepare([an_item()], load_profiles()["a6_4"])

    @given(
        wishes=st.lists(
            st.tuples(st.sampled_from(["A", "B"]), st.sampled_from(["s1", "s2"]), st.integers(1, 3)), max_size=12
        )
    )
    def test_nothing_is_lost_and_no_two_applications_could_be_one(self, wishes: list[tuple[str, str, int]]) -> None:
        items, first = [], 1
        for number, (user, scope, size) in enumerate(wishes):
            items.append(an_item(f"R{number}", first, first + size - 1, credit_user=user, scope=scope))
            first += size
        applications = prepare(items, JCREDIT)
        assert sorted(i.request.reference for a in applications for i in a.items) == sorted(
            item.request.reference for item in items
        )
        assert all((a.credit_user, a.scope) != (b.credit_user, b.scope) for a, b in combinations(applications, 2))


class TestWhatIsApprovedIsWhatIsDone:
    def test_the_order_in_which_retirements_came_does_not_matter(self) -> None:
        items = [an_item("R1", 1, 10), an_item("R2", 11, 15)]
        assert one(*items).fingerprint() == one(*reversed(items)).fingerprint()

    @pytest.mark.parametrize(
        "other",
        [
            an_item("R1", 1, 11),
            an_item("R9", 1, 10),
            an_item("R1", 1, 10, credit_user="髙﨑商事  株式会社"),
            an_item("R1", 1, 10, block="B2"),
        ],
    )
    def test_any_change_changes_the_fingerprint(self, other: DeskItem) -> None:
        assert one(an_item("R1", 1, 10)).fingerprint() != one(other).fingerprint()

    def test_a_changed_application_is_not_done(self) -> None:
        check_unchanged(seen="x", fingerprint="x")
        with pytest.raises(ApplicationChanged):
            check_unchanged(seen="x", fingerprint="y")

    def test_after_the_act_only_the_notice_decides(self) -> None:
        assert DeskState.WITHDRAWN not in ALLOWED_MOVES[DeskState.EXECUTED]
        assert set(ALLOWED_MOVES) == set(DeskState)
        assert {state for state in DeskState if ALLOWED_MOVES[state]} == set(OPEN)


class TestLimitsOfTheForm:
    def test_an_unknown_limit_refuses_nothing(self) -> None:
        assert too_long(one(an_item(credit_user="あ" * 500)), JCREDIT) == ()

    def test_a_known_one_names_field_limit_and_length(self) -> None:
        profile = JCREDIT.with_settings(limits={"credit_user": 5})
        assert too_long(one(an_item(credit_user="あ" * 6)), profile) == (FieldTooLong("credit_user", 5, 6),)
        assert too_long(one(an_item(credit_user="あ" * 5)), profile) == ()


class TestTheQueueTellsAgeAndDueMoment:
    def test_by_the_registrys_calendar(self) -> None:
        profile = JCREDIT.with_settings(Calendar(rhythm=Rhythm.BUSINESS_DAYS))
        application = one(an_item(queued_at=NOON))
        [waiting] = queue([application], profile, NOON + timedelta(hours=5))
        assert (waiting.age, waiting.due_at, waiting.overdue) == (
            timedelta(hours=5),
            datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
            False,
        )
        [late] = queue([application], profile, NOON + timedelta(hours=6))
        assert late.overdue


class TestARightNoticeConfirmsEveryRetirementItCovers:
    def test_each_gets_its_own_share(self) -> None:
        application = one(an_item("R1", 1, 10), an_item("R2", 11, 15), an_item("R3", 20, 20, block="B2"))
        settlement = settled(application)
        assert settlement.differences == ()
        assert settlement.remaining == {}
        assert set(settlement.confirmed) == {"R1", "R2", "R3"}
        for item in application.items:
            assert match_notice(item.request, settlement.confirmed[item.request.reference]) == ()

    def test_the_recorded_date_is_kept_to_the_day(self) -> None:
        settlement = settled(one(an_item()), recorded_on=date(2026, 11, 24))
        assert settlement.confirmed["R1"].recorded_on == date(2026, 11, 24)
        assert settlement.confirmed["R1"].document_media_type == "application/pdf"


class TestAnyDifferenceConfirmsNothing:
    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"number": "  "}, DifferenceCode.NUMBER_MISSING),
            ({"recorded_on": date(2026, 11, 23)}, DifferenceCode.RECORDED_BEFORE_ACT),
            ({"recorded_on": date(2026, 11, 25)}, DifferenceCode.RECORDED_IN_FUTURE),
            ({"act": "shokyaku"}, DifferenceCode.ACT),
            ({"use": "gx_ets"}, DifferenceCode.PURPOSE),
            ({"purpose_detail": "二日間の学会"}, DifferenceCode.PURPOSE_DETAIL),
            ({"credit_user": "高崎商事 株式会社"}, DifferenceCode.CREDIT_USER),
            ({"tonnes": 9}, DifferenceCode.TONNES),
            ({"document": b"<html>"}, DifferenceCode.DOCUMENT),
            ({"document": b""}, DifferenceCode.DOCUMENT),
            ({"lines": (("B1", SerialRange(1, 11)),)}, DifferenceCode.SERIALS_NOT_ASKED),
            ({"lines": (("B1", SerialRange(2, 11)),)}, DifferenceCode.SERIALS_NOT_ASKED),
            ({"lines": (("B1", SerialRange(1, 10)), ("B2", SerialRange(1, 1)))}, DifferenceCode.BLOCK),
            ({"lines": (("B1", SerialRange(1, 10)), ("B1", SerialRange(5, 5)))}, DifferenceCode.SERIALS_TWICE),
        ],
    )
    def test_it_is_named(self, changed: dict[str, Any], code: DifferenceCode) -> None:
        settlement = settled(one(an_item("R1", 1, 10)), **changed)
        assert code in [difference.code for difference in settlement.differences]
        assert settlement.confirmed == {}
        assert settlement.remaining == {"R1": (SerialRange(1, 10),)}


class TestAPartialNoticeConfirmsItsPart:
    def test_one_retirement_whole_one_in_part_one_not(self) -> None:
        application = one(an_item("R1", 1, 10), an_item("R2", 11, 15), an_item("R3", 16, 20))
        settlement = settled(application, lines=(("B1", SerialRange(1, 12)),))
        assert [difference.code for difference in settlement.differences] == [DifferenceCode.SERIALS_MISSING]
        assert {reference: notice.serials for reference, notice in settlement.confirmed.items()} == {
            "R1": (SerialRange(1, 10),),
            "R2": (SerialRange(11, 12),),
        }
        assert settlement.remaining == {"R2": (SerialRange(13, 15),), "R3": (SerialRange(16, 20),)}

    @given(
        sizes=st.lists(st.integers(1, 6), min_size=1, max_size=6),
        stated=st.sets(st.integers(1, 40), max_size=40),
    )
    def test_confirmed_and_remaining_are_together_what_was_asked(self, sizes: list[int], stated: set[int]) -> None:
        items, first = [], 1
        for number, size in enumerate(sizes):
            items.append(an_item(f"R{number}", first, first + size - 1))
            first += size
        asked = {item.request.reference: item.request.serials for item in items}
        settlement = settled(one(*items), lines=tuple(("B1", SerialRange(s, s)) for s in sorted(stated)))
        beyond = stated - set(range(1, first))
        for reference, serials in asked.items():
            done = settlement.confirmed[reference].serials if reference in settlement.confirmed else ()
            both = [*done, *settlement.remaining.get(reference, ())]
            assert sorted(s for span in both for s in range(span.first, span.last + 1)) == list(
                range(serials.first, serials.last + 1)
            )
            assert not (beyond and done)


class TestThePapers:
    def test_the_workbook_lists_every_field_as_text(self) -> None:
        application = one(an_item("R1", 1, 10, credit_user="=1+1"), an_item("R2", 20, 25, credit_user="=1+1"))
        content = pre_check_workbook([application], JCREDIT, BLOCKS, made_at=NOON)
        rows = list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows())
        column = {name: place for place, name in enumerate(COLUMNS)}
        assert [cell.value for cell in rows[0]][:5] == [
            "口座番号",
            "行為",
            "無効化の用途",
            "目的詳細",
            "クレジット利用者名",
        ]
        assert [cell.value for cell in rows[1]][:5] == [
            "service",
            "無効化",
            "カーボン・オフセット",
            application.purpose_detail,
            "=1+1",
        ]
        assert rows[1][column["credit_user"]].data_type == "s"
        assert [row[column["serial_last"]].value for row in rows[1:3]] == ["SBX-JC-ER-000000010", "SBX-JC-ER-000000025"]
        assert [row[column["tonnes"]].value for row in rows[1:4]] == [10, 6, 16]

    def test_the_same_applications_give_the_same_workbook(self) -> None:
        application = one(an_item())
        books = [pre_check_workbook([application], JCREDIT, BLOCKS, made_at=NOON) for _ in range(2)]
        assert books[0] == books[1]

    def test_an_empty_queue_makes_a_workbook_with_a_total_of_nought(self) -> None:
        content = pre_check_workbook([], JCREDIT, BLOCKS, made_at=NOON)
        rows = list(openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True))
        assert rows[1][COLUMNS.index("tonnes")] == 0

    @pytest.mark.parametrize("sandbox", [True, False])
    def test_the_sheet_says_everything_that_will_be_typed(self, sandbox: bool) -> None:
        application = one(an_item(credit_user="髙﨑 𠮷田商店", purpose_detail='#read("/etc/passwd") *学会*'))
        pdf = printed_sheet(application, JCREDIT, BLOCKS, sandbox=sandbox)
        text = pypdfium2.PdfDocument(io.BytesIO(pdf))[0].get_textpage().get_text_bounded()
        for expected in (
            "J-クレジット登録簿",
            "カーボン・オフセット",
            "髙﨑 𠮷田商店",
            '#read("/etc/passwd") *学会*',
            "SBX-JC-ER-000000001",
            in_fours(application.fingerprint())[:40],
            labels()["irreversible"][:10],
        ):
            assert expected in text.replace("\r\n", "")
        assert (labels()["sandbox"] in text) == sandbox

    def test_a_run_of_letters_ends_at_the_margin_and_hides_nothing_to_copy(self) -> None:
        detail = "https://example.jp/" + "a" * 160
        pdf = printed_sheet(one(an_item(purpose_detail=detail)), JCREDIT, BLOCKS, sandbox=False)
        page = pypdfium2.PdfDocument(io.BytesIO(pdf))[0]
        text = page.get_textpage()
        rights = [text.get_charbox(place)[2] for place in range(text.count_chars())]
        assert max(rights) <= page.get_width() - 50
        assert detail in text.get_text_bounded().replace("\r\n", "")

    def test_a_long_application_runs_over_pages(self) -> None:
        items = [an_item(f"R{number}", number * 3 + 1, number * 3 + 2) for number in range(80)]
        assert len(pypdfium2.PdfDocument(io.BytesIO(printed_sheet(one(*items), JCREDIT, BLOCKS, sandbox=False)))) > 1


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (b"%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", None),
        (b"MZ", None),
    ],
)
def test_a_document_is_known_by_its_first_bytes(document: bytes, kind: str | None) -> None:
    assert media_type(document) == kind
