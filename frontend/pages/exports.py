"""What a certificate holds for reports and declarations: every entry to be read here, and each form to be taken along as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from certificates.exports.files import foot_of, head_of
from certificates.exports.model import Entry, Export, Form
from certificates.exports.words import group_label, note_of, words_of
from certificates.records import CertificateNotFound
from frontend.context import PageContext, services_of
from frontend.locales import Locale
from frontend.responses import page_response
from marketplace.certification.exports import export_of
from marketplace.certification.publication import CertificateEnded, printable

FILES = ("pdf", "xlsx", "csv")


@dataclass(frozen=True, slots=True)
class EntryView:
    """`origin` says in words where the value comes from, `kind` is its code."""

    label: str
    value: str
    kind: str
    origin: str
    note: str


@dataclass(frozen=True, slots=True)
class FormView:
    form: str
    title: str
    lead: Sequence[str]
    groups: Sequence[tuple[str, Sequence[EntryView]]]
    size: int
    notes_title: str
    notes: Sequence[str]


async def page(request: Request) -> Response:
    """Of a certificate that stands; an unlisted one opens with its ?code= only."""
    market = services_of(request).market
    link_code = request.query_params.get("code")
    try:
        publication = await printable(market, request.path_params["number"], link_code=link_code)
    except (CertificateNotFound, CertificateEnded) as missing:
        raise HTTPException(404) from missing
    locale = PageContext.of(request).locale
    return page_response(
        request,
        "pages/exports.html",
        number=publication.record.number,
        forms=[view_of(export_of(market, publication, form, locale.value), locale) for form in Form],
        files=FILES,
        code_query="" if publication.listed else f"?code={link_code}",
    )


def view_of(export: Export, locale: Locale) -> FormView:
    title = words_of(locale.value)["title"][export.form]
    notes_title, *notes = foot_of(export, locale.value)
    return FormView(
        form=export.form.value,
        title=title,
        lead=[line for line in head_of(export, locale.value) if line != title],
        groups=[
            (name, [_entry(entry, locale) for entry in entries])
            for name, entries in groupby(export.entries, lambda entry: group_label(entry, locale.value))
        ],
        size=len(export.entries),
        notes_title=notes_title,
        notes=notes,
    )


def _entry(entry: Entry, locale: Locale) -> EntryView:
    words = words_of(locale.value)
    return EntryView(
        label=words["item"][f"{entry.group}.{entry.key}"],
        value=f"{entry.value} {entry.unit}".strip() if entry.value else "",
        kind=entry.origin.value,
        origin=words["origin"][entry.origin],
        note=note_of(entry, locale.value),
    )
