"""Papers for reports and declarations: every field that comes from the certificate is the certificate's, and nothing is made up."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from certificates.claims.judge import CreditUse
from certificates.exports.files import to_csv, to_xlsx
from certificates.exports.forms import Uses, export, report_years, tonnes
from certificates.exports.model import Entry, Export, Form, Origin
from certificates.exports.words import words_of
from certificates.paper import export_pdf
from certificates.sheet import Locale, strings
from certificates.statement import BlockEnergy, DisclosedField, Disclosures, OffsetType, Permanence, Statement
from tests.certificates.builders import a_cancellation, a_statement, some_disclosures
from tests.certificates.pdf_reading import unspaced
from tests.certificates.pdf_reading import words_of as printed_words

LOCALES: tuple[Locale, ...] = ("ja", "en")
URL = "https://certs.example/c/x"
ALL_FORMS = pytest.mark.parametrize("form", Form)


def an_export(
    form: Form,
    statement: Statement | None = None,
    disclosures: Disclosures | None = None,
    *,
    use: CreditUse = CreditUse.USABLE,
    locale: Locale = "en",
) -> Export:
    statement = statement or a_statement()
    uses = Uses("table-1", {one.credit_kind: dict.fromkeys(Form, use) for one in statement.cancellations})
    shown = some_disclosures() if disclosures is None else disclosures
    return export(form, statement, shown, uses=uses, verification_url=URL, locale=locale)


def values(made: Export, group: str, key: str) -> list[str]:
    return [entry.value for entry in made.entries if (entry.group, entry.key) == (group, key)]


def one(made: Export, group: str, key: str) -> Entry:
    (entry,) = (entry for entry in made.entries if (entry.group, entry.key) == (group, key))
    return entry


@ALL_FORMS
class TestEveryFieldIsTheCertificates:
    def test_what_it_is_about(self, form: Form) -> None:
        statement, made = a_statement(), an_export(form)
        texts = some_disclosures()
        assert one(made, "filer", "body").value == texts[DisclosedField.BENEFICIARY].value
        assert one(made, "subject", "subject").value == texts[DisclosedField.SUBJECT].value
        assert one(made, "subject", "type").value == strings("en")["type"][statement.type]
        assert one(made, "subject", "period_first").value == statement.period.first.isoformat()
        assert one(made, "subject", "period_last").value == statement.period.last.isoformat()
        assert Decimal(one(made, "amount", "certified").value) * 1_000_000 == statement.grams
        assert Decimal(one(made, "amount", "cancelled").value) * 1_000_000 == statement.cancelled_g

    def test_each_credit(self, form: Form) -> None:
        made, cancelled = an_export(form), a_statement().cancellations
        assert values(made, "credit", "registry") == [c.registry_name_en for c in cancelled]
        assert values(made, "credit", "kind") == [strings("en")["kind"][c.credit_kind] for c in cancelled]
        assert values(made, "credit", "project_key") == [c.project.key for c in cancelled]
        assert values(made, "credit", "project_name") == [c.project.name_en for c in cancelled]
        assert values(made, "credit", "project_operator") == [c.project.operator for c in cancelled]
        assert all(
            c.project.place in shown
            for c, shown in zip(cancelled, values(made, "credit", "project_place"), strict=True)
        )
        assert values(made, "credit", "methodology") == [c.project.methodology for c in cancelled]
        assert values(made, "credit", "certification_number") == [c.certification_number for c in cancelled]
        assert values(made, "credit", "vintage") == [", ".join(v.label for v in c.vintages) for c in cancelled]
        assert values(made, "credit", "serials") == [
            f"{span.first_text} - {span.last_text}" for c in cancelled for span in c.serials
        ]
        assert values(made, "credit", "tonnes") == [str(c.tonnes) for c in cancelled]
        assert values(made, "credit", "recorded_on") == [c.recorded_on.isoformat() for c in cancelled]
        assert values(made, "credit", "notice_number") == [c.notice_number for c in cancelled]
        assert values(made, "credit", "executed_by") == [c.executed_by for c in cancelled]

    def test_where_it_is_checked(self, form: Form) -> None:
        statement, made = a_statement(), an_export(form)
        assert one(made, "evidence", "number").value == made.number == statement.number
        assert one(made, "evidence", "verification_url").value == URL
        assert one(made, "evidence", "statement_sha256").value == statement.sha256()
        assert one(made, "evidence", "issued_at").value == statement.issued_at.isoformat()

    def test_what_it_does_not_hold_stays_empty_and_says_so(self, form: Form) -> None:
        for entry in an_export(form).entries:
            assert entry.value or entry.origin in {Origin.FILER, Origin.OPEN}
            assert not entry.value or entry.origin is not Origin.FILER

    def test_names_that_are_not_public_are_left_out(self, form: Form) -> None:
        made = an_export(form, disclosures={})
        hidden = {text.value for text in some_disclosures().values()}
        assert not any(name in entry.value for entry in made.entries for name in hidden)
        assert (one(made, "filer", "body").origin, one(made, "filer", "body").note) == (Origin.FILER, "withheld")


@pytest.mark.parametrize("form", [Form.DECLARATION, Form.LABEL])
class TestTheCalculation:
    def test_is_the_certificates(self, form: Form) -> None:
        footprint, made = a_statement().footprint, an_export(form)
        assert footprint is not None
        assert Decimal(one(made, "emissions", "footprint").value) * 1_000_000 == footprint.total_g
        assert one(made, "emissions", "factor_set").value == footprint.factor_set
        assert one(made, "emissions", "calculation_sha256").value == footprint.sha256
        assert len(values(made, "emissions", "excluded")) == len(footprint.excluded)
        assert one(made, "emissions", "reduction_effort").value == a_statement().reduction_effort
        assert one(made, "amount", "share").value == "87.0"

    def test_gives_no_share_where_nothing_is_offset(self, form: Form) -> None:
        assert values(an_export(form, a_statement(type=OffsetType.OTHER)), "amount", "share") == []

    def test_may_be_missing(self, form: Form) -> None:
        made = an_export(form, a_statement(footprint=None))
        assert one(made, "emissions", "footprint").origin is Origin.FILER

    def test_has_every_line_where_it_is_checked(self, form: Form) -> None:
        footprint = a_statement().footprint
        assert footprint is not None
        grams = [str(line.grams) for line in footprint.lines]
        assert values(an_export(form), "line", "grams") == (grams if form is Form.LABEL else [])


class TestWhatOnlySomeCreditsHave:
    @ALL_FORMS
    def test_is_taken_over_as_it_was_published(self, form: Form) -> None:
        energy = BlockEnergy(mwh="1234.5", gj=None, tonnes=700)
        one_of_all = a_cancellation(
            authorised=True,
            corresponding_adjustment="due",
            block_energy=energy,
            permanence=Permanence.FOREST_PLAN_AND_BUFFER,
        )
        statement = a_statement(
            version=3, contact="https://certs.example", cancellations=(one_of_all,), grams=3_000_000
        )
        made = an_export(form, statement)
        assert values(made, "credit", "authorised") == ["yes"]
        assert values(made, "credit", "adjustment") == ["due"]
        assert (values(made, "credit", "block_power"), values(made, "credit", "block_heat")) == (["1234.5"], [])
        assert values(made, "credit", "block_tonnes") == ["700"]
        assert values(made, "credit", "permanence") == [strings("en")["permanence"]["forest_plan_and_buffer"]]
        assert values(made, "evidence", "contact") == ["https://certs.example"]


class TestTheYearsOfAReport:
    @pytest.mark.parametrize(
        ("recorded_on", "years"),
        [
            (date(2026, 3, 31), (2025,)),
            (date(2026, 4, 1), (2025, 2026)),
            (date(2026, 6, 30), (2025, 2026)),
            (date(2026, 7, 1), (2026,)),
            (date(2027, 1, 1), (2026,)),
        ],
    )
    def test_are_its_own_and_until_june_the_one_before(self, recorded_on: date, years: tuple[int, ...]) -> None:
        assert report_years(recorded_on) == years


class TestWhatNobodyConfirmed:
    @pytest.mark.parametrize("use", CreditUse)
    def test_is_never_said_to_be_usable(self, use: CreditUse) -> None:
        made = an_export(Form.CLIMATE_LAW, use=use)
        said = [entry for entry in made.entries if entry.key == "use"]
        assert {entry.value for entry in said} == {words_of("en")["use"][use]}
        assert {entry.origin for entry in said} == {Origin.OPEN if use is CreditUse.NOT_CONFIRMED else Origin.TABLE}

    def test_is_no_kind_of_declaration_for_an_organisation(self) -> None:
        entry = one(an_export(Form.DECLARATION, a_statement(type=OffsetType.ORGANISATION)), "subject", "declared_kind")
        assert (entry.value, entry.origin) == ("", Origin.OPEN)

    def test_is_marked_in_the_energy_report(self) -> None:
        made = an_export(Form.ENERGY_LAW)
        assert {entry.key for entry in made.entries if entry.origin is Origin.OPEN} == {
            "crude_oil",
            "non_fossil_power",
            "non_fossil_heat",
        }


@pytest.mark.parametrize("locale", LOCALES)
class TestFiles:
    @ALL_FORMS
    def test_all_say_the_same(self, form: Form, locale: Locale) -> None:
        made = an_export(form, locale=locale)
        rows = [row for row in csv.reader(io.StringIO(to_csv(made, locale).decode("utf-8-sig"))) if len(row) > 2][1:]
        assert [row[2] for row in rows] == [entry.value for entry in made.entries]
        sheet = load_workbook(io.BytesIO(to_xlsx(made, locale))).active
        assert sheet is not None
        cells = [[cell.value or "" for cell in row] for row in sheet.iter_rows(max_col=6)]
        start = next(number for number, row in enumerate(cells) if row[1])
        assert cells[start + 1 : start + 1 + len(rows)] == rows
        printed = printed_words(export_pdf(made, a_statement(), locale))
        assert [entry.value for entry in made.entries if unspaced(entry.value) not in printed] == []

    def test_no_text_becomes_a_formula(self, locale: Locale) -> None:
        evil = {"beneficiary": '=HYPERLINK("https://evil.example")', "subject": "＠SUM(1)"}
        texts = some_disclosures(**evil)
        made = an_export(Form.CDP, a_statement(texts), texts, locale=locale)
        assert "\r\n=" not in to_csv(made, locale).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(to_csv(made, locale).decode("utf-8-sig"))))
        assert f"'{evil['beneficiary']}" in [row[2] for row in rows if len(row) > 2]
        assert f"'{evil['subject']}" in [row[2] for row in rows if len(row) > 2]
        sheet = load_workbook(io.BytesIO(to_xlsx(made, locale))).active
        assert sheet is not None
        assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}

    def test_a_test_certificate_says_so_first(self, locale: Locale) -> None:
        rows = list(csv.reader(io.StringIO(to_csv(an_export(Form.LABEL, locale=locale), locale).decode("utf-8-sig"))))
        assert rows[0] == [words_of(locale)["file"]["sandbox"]]


def test_both_languages_have_the_same_words() -> None:
    keys = [{(table, key) for table, entries in words_of(locale).items() for key in entries} for locale in LOCALES]
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("grams", "text"), [(5_742_402, "5.742402"), (7_000_000, "7"), (1, "0.000001"), (10**12, "1000000")]
)
def test_tonnes_are_exact_and_plain(grams: int, text: str) -> None:
    assert tonnes(grams) == text
