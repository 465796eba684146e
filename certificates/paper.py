"""Sheets of facts as PDF: the disclosure sheet of a certificate, and its exports for the forms of others."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby

from certificates.claims.judge import Judgement
from certificates.claims.wording import ClaimTexts
from certificates.claims.wording import sentence as claim_sentence
from certificates.exports.files import foot_of, head_of
from certificates.exports.model import Export, Origin
from certificates.exports.words import group_label, note_of, words_of
from certificates.pdf_packing import packed
from certificates.sheet import Locale, sheet, strings
from certificates.statement import Disclosures, Environment, Statement
from certificates.typesetting import to_pdf


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]


def export_pdf(export: Export, statement: Statement, locale: Locale) -> bytes:
    """An export as printed sheets. Raises: TextNotPrintable."""
    words = words_of(locale)
    sections = []
    for title, entries in groupby(export.entries, lambda entry: group_label(entry, locale)):
        rows = []
        for entry in entries:
            origin = "" if entry.origin is Origin.CERTIFICATE else words["origin"][entry.origin]
            note = " · ".join(part for part in (origin, note_of(entry, locale)) if part)
            value = f"{entry.value} {entry.unit}".strip() if entry.value else entry.unit
            rows.append(Row(words["item"][f"{entry.group}.{entry.key}"], value, note))
        sections.append(Section(title, tuple(rows)))
    title = words["title"][export.form]
    lead = [line for line in head_of(export, locale) if line != title]
    notes_title, *notes = foot_of(export, locale)
    return _pdf(statement, locale=locale, title=title, lead=lead, sections=sections, notes=(notes_title, notes))


def disclosure_pdf(
    statement: Statement,
    disclosures: Disclosures,
    *,
    verification_url: str,
    locale: Locale,
    judgement: Judgement,
    texts: ClaimTexts,
) -> bytes:
    """What is to be disclosed with an offset, as its page says it. Raises: TextNotPrintable, DisclosureNotCommitted."""
    content = sheet(statement, disclosures, verification_url=verification_url, locale=locale)
    words, own = content["words"], words_of(locale)
    sections = [
        Section(content["type"], (*_facts(content["facts"]), Row(words["issued"], content["issued"]))),
        Section(own["disclosure"]["amounts"], tuple(_figures(content["figures"]))),
    ]
    if content["calculation"]:
        lines = [Row(one["label"], f"{one['amount']} kg", one["formula"]) for one in content["calculation"]["lines"]]
        total = Row(words["calculation_total"], f"{content['calculation']['total']} kg")
        sections.append(Section(words["calculation"], (*lines, total)))
    for credit in content["credits"]:
        serials = [
            Row(words["serials"], f"{span['first']} {words['to']} {span['last']}", span["quantity"])
            for span in credit["serials"]
        ]
        sections.append(Section(credit["name"], (*_facts(credit["facts"] + credit["wide"]), *serials)))
    if content["registered"]:
        sections.append(Section(words["registry_details"], tuple(_facts(content["registered"]))))
    sections.append(Section(own["disclosure"]["claims"], tuple(_claims(judgement, texts, locale))))
    evidence = [
        Row(own["item"]["evidence.number"], statement.number),
        Row(own["item"]["evidence.verification_url"], verification_url),
        Row(own["item"]["evidence.statement_sha256"], statement.sha256()),
    ]
    sections.append(Section(own["group"]["evidence"], tuple(evidence)))
    return _pdf(
        statement,
        locale=locale,
        title=own["disclosure"]["title"],
        lead=[content["headline"], content["meaning"]],
        sections=sections,
        notes=(words["limits"], content["limits"]),
    )


def _facts(facts: Iterable[dict[str, str]]) -> Iterable[Row]:
    return (Row(fact["label"], fact["value"]) for fact in facts)


def _figures(figures: Iterable[dict[str, str]]) -> Iterable[Row]:
    return (Row(row["label"], f"{row['figure']} {row['unit']}", row.get("note", "")) for row in figures)


def _claims(judgement: Judgement, texts: ClaimTexts, locale: Locale) -> Iterable[Row]:
    own = words_of(locale)
    for decision in judgement.decisions:
        if decision.allowed:
            yield Row(own["wording"][decision.wording], claim_sentence(decision.wording, texts, locale))
        else:
            reasons = " ".join(rule.explanation[locale] for rule in decision.against)
            yield Row(own["wording"][decision.wording], own["disclosure"]["not_to_be_said"], reasons)


def _pdf(
    statement: Statement,
    *,
    locale: Locale,
    title: str,
    lead: Sequence[str],
    sections: Sequence[Section],
    notes: tuple[str, Sequence[str]],
) -> bytes:
    """`notes` are their heading and the sentences below it."""
    paper = {
        "locale": locale,
        "region": "jp" if locale == "ja" else "gb",
        "sandbox": statement.environment is Environment.SANDBOX,
        "words": strings(locale)["words"],
        "title": title,
        "lead": list(lead),
        "sections": [asdict(section) for section in sections],
        "notes_title": notes[0],
        "notes": list(notes[1]),
        "number": statement.number,
    }
    inputs = {"paper": json.dumps(paper, ensure_ascii=False)}
    return packed(to_pdf("paper", inputs, timestamp=int(statement.issued_at.timestamp())))
