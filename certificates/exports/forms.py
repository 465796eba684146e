"""Which facts of a certificate go into which form.

No official form could be read in full, so the order of the entries is ours; what stands in words.<language>.toml under
`note` says how each requirement was seen. A value that the certificate does not hold is left to whoever files.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from certificates.claims.judge import CreditUse
from certificates.claims.wording import share_text
from certificates.exports.model import Entry, Export, Form, Origin
from certificates.exports.words import words_of
from certificates.sheet import Locale, strings
from certificates.statement import (
    GRAMS_PER_TONNE,
    Cancellation,
    DisclosedField,
    Disclosures,
    Environment,
    FootprintSummary,
    OffsetType,
    Statement,
)

EDITION: Final = "2026-11-22"
T: Final = "t-CO2e"
APRIL, JULY = 4, 7
RENEWABLE: Final = frozenset(
    {"jcredit_renewable_power", "jcredit_renewable_heat", "green_power_certificate", "green_heat_certificate"}
)
NOTES: Final[Mapping[Form, tuple[str, ...]]] = {
    Form.CLIMATE_LAW: ("climate_law_place", "climate_law_window", "same_entity"),
    Form.ENERGY_LAW: ("energy_law_annex", "energy_law_joint", "energy_law_non_fossil"),
    Form.CDP: ("cdp_values", "cdp_other_credits", "same_entity"),
    Form.DECLARATION: ("declaration_self", "declaration_form", "declaration_kinds"),
    Form.LABEL: ("label_manager", "label_fees", "label_order"),
}


@dataclass(frozen=True, slots=True)
class Uses:
    """What the table of uses says on the day of the export, by kind of credit, for each form that asks for it."""

    edition: str
    by_kind: Mapping[str, Mapping[Form, CreditUse]]


def export(
    form: Form, statement: Statement, disclosures: Disclosures, *, uses: Uses, verification_url: str, locale: Locale
) -> Export:
    """The entries of one form. Texts that are not in `disclosures` are named as not public, never guessed."""
    writer = _Writer(form, statement, disclosures, uses, verification_url, locale)
    return Export(
        form=form,
        number=statement.number,
        sandbox=statement.environment is Environment.SANDBOX,
        edition=EDITION,
        uses_edition=uses.edition,
        entries=tuple(writer.entries()),
        notes=NOTES[form] + _pool_notes(statement),
    )


def _pool_notes(statement: Statement) -> tuple[str, ...]:
    if statement.pool:
        return ("pool_parent",)
    return ("pool_share",) if statement.from_pool else ()


def report_years(recorded_on: date) -> tuple[int, ...]:
    """Fiscal years (by their first calendar year) that a cancellation may be reported in: its own, and, until the end of
    June, at the reporter's choice the one before."""
    own = recorded_on.year if recorded_on.month >= APRIL else recorded_on.year - 1
    return (own - 1, own) if APRIL <= recorded_on.month < JULY else (own,)


def tonnes(grams: int) -> str:
    """Exact tonnes as a plain decimal without separators: 5742402 g are "5.742402"."""
    text = f"{Decimal(grams) / GRAMS_PER_TONNE:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class _Writer:
    form: Form
    statement: Statement
    disclosures: Disclosures
    uses: Uses
    url: str
    locale: Locale

    def entries(self) -> Iterator[Entry]:
        yield from self._filer()
        yield from self._subject()
        if self.form in {Form.DECLARATION, Form.LABEL}:
            yield from self._emissions()
        yield from self._amounts()
        for number, cancellation in enumerate(self.statement.cancellations, start=1):
            yield from self._credit(cancellation, number)
        if self.form is Form.LABEL and self.statement.footprint:
            yield from self._lines(self.statement.footprint)
        yield from self._evidence()

    def _filer(self) -> Iterator[Entry]:
        yield self._text("filer", "body", DisclosedField.BENEFICIARY)
        match self.form:
            case Form.CLIMATE_LAW:
                yield _left("filer", "reporter_number")
                yield _left("filer", "fiscal_year", note="climate_law_window")
            case Form.ENERGY_LAW:
                yield _left("filer", "reporter_number")
                yield _left("filer", "fiscal_year")
            case Form.CDP:
                yield _left("filer", "cdp_year")
                yield _left("filer", "cdp_question", note="cdp_question")
            case Form.DECLARATION:
                yield _left("filer", "contact")
                yield _left("filer", "website")
            case Form.LABEL:
                yield _left("filer", "contact")
                yield _left("filer", "label", note="label_manager")
                yield _left("filer", "certifier")

    def _subject(self) -> Iterator[Entry]:
        statement = self.statement
        yield _stated("subject", "type", strings(self.locale)["type"][statement.type])
        if self.form is Form.DECLARATION:
            yield self._declared_kind()
        yield self._text("subject", "subject", DisclosedField.SUBJECT)
        yield _stated("subject", "period_first", statement.period.first.isoformat())
        yield _stated("subject", "period_last", statement.period.last.isoformat())

    def _declared_kind(self) -> Entry:
        """The kinds that the declaration counts differ from the guideline's types; for an organisation only neutrality."""
        if self.statement.type is OffsetType.ORGANISATION:
            return Entry("subject", "declared_kind", "", Origin.OPEN, note="declaration_kinds")
        kind = words_of(self.locale)["declared_kind"][self.statement.type]
        return Entry("subject", "declared_kind", kind, Origin.OPEN, note="declaration_kinds")

    def _emissions(self) -> Iterator[Entry]:
        footprint = self.statement.footprint
        if footprint is None:
            yield _left("emissions", "footprint")
        else:
            words = strings(self.locale)
            counted = dict.fromkeys(words["category"].get(line.category, line.category) for line in footprint.lines)
            yield _stated("emissions", "counted", self._list(counted))
            for out in footprint.excluded:
                reason = words["reason"].get(out.reason, out.reason)
                left_out = f"{words['category'].get(out.category, out.category)}: {reason}"
                yield _stated("emissions", "excluded", left_out)
            yield _stated("emissions", "footprint", tonnes(footprint.total_g), unit=T)
            yield _stated("emissions", "factor_set", footprint.factor_set)
            yield _stated("emissions", "calculated_on", footprint.calculated_on.isoformat())
            yield _stated("emissions", "calculation_sha256", footprint.sha256)
        yield _stated("emissions", "reduction_effort", self.statement.reduction_effort)
        if self.form is Form.LABEL:
            yield _left("emissions", "plan")

    def _amounts(self) -> Iterator[Entry]:
        statement, footprint = self.statement, self.statement.footprint
        yield _stated("amount", "certified", tonnes(statement.grams), unit=T)
        yield _stated("amount", "cancelled", tonnes(statement.cancelled_g), unit=T)
        asks_share = self.form in {Form.DECLARATION, Form.LABEL} and statement.type is not OffsetType.OTHER
        if asks_share and footprint:
            covered = min(statement.grams, footprint.total_g)
            yield _stated("amount", "share", share_text(covered, footprint.total_g).removesuffix("%"), unit="%")
        if self.form is Form.ENERGY_LAW:
            yield Entry("amount", "crude_oil", "", Origin.OPEN, unit="kL", note="energy_law_joint")
            yield Entry("amount", "non_fossil_power", "", Origin.OPEN, unit="MWh", note="energy_law_non_fossil")
            yield Entry("amount", "non_fossil_heat", "", Origin.OPEN, unit="GJ", note="energy_law_non_fossil")

    def _credit(self, cancellation: Cancellation, number: int) -> Iterator[Entry]:
        words, japanese = strings(self.locale), self.locale == "ja"
        project = cancellation.project

        def fact(key: str, value: str, unit: str = "") -> Entry:
            return _stated("credit", key, value, unit=unit, number=number)

        yield fact("registry", cancellation.registry_name_ja if japanese else cancellation.registry_name_en)
        yield fact("kind", words["kind"].get(cancellation.credit_kind, cancellation.credit_kind))
        use = self.uses.by_kind[cancellation.credit_kind].get(self.form)
        if use is not None:
            origin = Origin.OPEN if use is CreditUse.NOT_CONFIRMED else Origin.TABLE
            yield Entry("credit", "use", words_of(self.locale)["use"][use], origin, number=number)
        yield fact("project_key", project.key)
        yield fact("project_name", project.name_ja if japanese else project.name_en)
        yield fact("project_operator", project.operator)
        yield fact("project_place", f"{words['country'].get(project.country, project.country)} {project.place}".strip())
        yield fact("methodology", project.methodology)
        yield fact("certification_number", cancellation.certification_number)
        yield fact("vintage", self._list(vintage.label for vintage in cancellation.vintages))
        for span in cancellation.serials:
            yield fact("serials", f"{span.first_text} - {span.last_text}")
        yield fact("tonnes", str(cancellation.tonnes), unit=T)
        yield from self._late_facts(cancellation, number)
        if self.form is Form.CDP and cancellation.credit_kind in RENEWABLE:
            for key, unit in (("renewable_power", "MWh"), ("renewable_heat", "GJ")):
                yield Entry("credit", key, "", Origin.OPEN, unit=unit, number=number, note="cdp_values")
        yield fact("act", words["act"].get(f"{cancellation.registry} {cancellation.act}", cancellation.act))
        yield fact("recorded_on", cancellation.recorded_on.isoformat())
        if self.form is Form.CLIMATE_LAW:
            years = self._list(str(year) for year in report_years(cancellation.recorded_on))
            yield Entry("credit", "report_years", years, Origin.TABLE, number=number, note="climate_law_window")
        yield fact("notice_number", cancellation.notice_number)
        yield fact("purpose", words["purpose"].get(cancellation.purpose, cancellation.purpose))
        yield fact("executed_by", cancellation.executed_by)

    def _late_facts(self, cancellation: Cancellation, number: int) -> Iterator[Entry]:
        """What only some kinds of credits have."""
        words, energy = strings(self.locale), cancellation.block_energy
        if cancellation.authorised is not None:
            authorised = words["words"]["authorised" if cancellation.authorised else "not_authorised"]
            yield _stated("credit", "authorised", authorised, number=number)
        if cancellation.corresponding_adjustment is not None:
            adjustment = words["adjustment"][cancellation.corresponding_adjustment]
            yield _stated("credit", "adjustment", adjustment, number=number)
        if energy is not None:
            for key, amount, unit in (("block_power", energy.mwh, "MWh"), ("block_heat", energy.gj, "GJ")):
                if amount is not None:
                    yield _stated("credit", key, amount, unit=unit, number=number, note="whole_block")
            yield _stated("credit", "block_tonnes", str(energy.tonnes), unit=T, number=number)
        if cancellation.permanence is not None:
            yield _stated("credit", "permanence", words["permanence"][cancellation.permanence], number=number)

    def _lines(self, footprint: FootprintSummary) -> Iterator[Entry]:
        categories = strings(self.locale)["category"]
        for line in footprint.lines:
            sum_of_it = f"{line.quantity} {line.unit} × {line.factor_value} {line.factor_unit}"
            what = f"{categories.get(line.category, line.category)}: {sum_of_it} ({line.factor_id})"
            yield _stated("line", "sum", what)
            yield _stated("line", "grams", str(line.grams), unit="g-CO2e")

    def _evidence(self) -> Iterator[Entry]:
        statement = self.statement
        yield _stated("evidence", "number", statement.number)
        yield _stated("evidence", "verification_url", self.url)
        yield _stated("evidence", "statement_sha256", statement.sha256())
        yield _stated("evidence", "issued_at", statement.issued_at.isoformat())
        if statement.contact:
            yield _stated("evidence", "contact", statement.contact)
        check = statement.third_party_check or strings(self.locale)["words"]["self_declared"]
        yield _stated("evidence", "third_party_check", check)
        for share in statement.from_pool or ():
            yield _stated("evidence", "pool", f"{share.parent}: {share.grams} g", note="pool_share")

    def _text(self, group: str, key: str, field: DisclosedField) -> Entry:
        shown = self.disclosures.get(field)
        if shown is None:
            return _left(group, key, note="withheld" if field in self.statement.commitments else "")
        return _stated(group, key, shown.value)

    def _list(self, items: Iterable[str]) -> str:
        return strings(self.locale)["words"]["list_joiner"].join(items)


def _stated(group: str, key: str, value: str, *, unit: str = "", number: int = 0, note: str = "") -> Entry:
    return Entry(group, key, value, Origin.CERTIFICATE, unit=unit, number=number, note=note)


def _left(group: str, key: str, *, note: str = "") -> Entry:
    return Entry(group, key, "", Origin.FILER, note=note)
