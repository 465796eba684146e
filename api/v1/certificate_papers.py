"""Papers made from a certificate: for reports and declarations, the disclosure sheet, and the picture for previews."""

import asyncio
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from api.calls import Call, Content, Reply
from api.endpoints import endpoint
from api.v1.certificates import STATE_MAY_CHANGE, UNLISTED, CertificatePath, PrintQuery
from api.v1.shapes import View, Wish
from certificates.card import card_png
from certificates.exports.files import to_csv, to_xlsx
from certificates.exports.model import Form, Origin
from certificates.exports.words import group_label, note_of, words_of
from certificates.qr import short_url
from certificates.records import CertificateNotFound
from certificates.render_pdf import TextNotPrintable
from certificates.sheet import Locale
from marketplace.certification.exports import export_of, printed_disclosure, printed_export
from marketplace.certification.publication import CertificateEnded, Publication, printable, published
from marketplace.projects.eligibility import UsesNotKnown

CSV = "text/csv; charset=utf-8"
PDF = "application/pdf"
PNG = "image/png"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REFUSES = (CertificateNotFound, CertificateEnded, UsesNotKnown)


class ExportPath(Wish):
    number: Annotated[str, Field(max_length=100, description="As printed; case, spaces and hyphens do not matter.")]
    form: Form


class ExportEntryView(View):
    """`origin` says where `value` comes from: the certificate, a table, left to you, or not confirmed by anybody."""

    group: str
    key: str
    number: int
    label: str
    value: str
    unit: str
    origin: Origin
    note: str


class ExportView(View):
    """`notes` say what of the form is confirmed, and what is not."""

    certificate: str
    form: Form
    title: str
    sandbox: bool
    edition: str
    uses_edition: str
    entries: list[ExportEntryView]
    notes: list[str]


@endpoint(
    "GET",
    "/v1/certificates/{number}/exports/{form}.csv",
    answers={200: Content(CSV, "One row for each entry, readable by Excel; no cell is ever a formula.")},
    refuses=REFUSES,
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_export_csv(call: Call, path: ExportPath, query: PrintQuery) -> Response:
    """Export a certificate for a report, as CSV"""
    publication = await printable(call.services.market, path.number, link_code=query.code)
    export = export_of(call.services.market, publication, path.form, query.lang)
    return _file(publication, to_csv(export, query.lang), CSV, f"{path.form}.{query.lang}.csv")


@endpoint(
    "GET",
    "/v1/certificates/{number}/exports/{form}.xlsx",
    answers={200: Content(XLSX, "One sheet, every cell a text, so that no digit is lost.")},
    refuses=REFUSES,
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_export_xlsx(call: Call, path: ExportPath, query: PrintQuery) -> Response:
    """Export a certificate for a report, as a workbook"""
    publication = await printable(call.services.market, path.number, link_code=query.code)
    export = export_of(call.services.market, publication, path.form, query.lang)
    workbook = await asyncio.to_thread(to_xlsx, export, query.lang)
    return _file(publication, workbook, XLSX, f"{path.form}.{query.lang}.xlsx")


@endpoint(
    "GET",
    "/v1/certificates/{number}/exports/{form}.pdf",
    answers={200: Content(PDF, "The same on paper.")},
    refuses=(*REFUSES, TextNotPrintable),
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_export_pdf(call: Call, path: ExportPath, query: PrintQuery) -> Response:
    """Export a certificate for a report, as PDF"""
    market = call.services.market
    publication = await printable(market, path.number, link_code=query.code)
    pdf = await asyncio.to_thread(printed_export, market, publication, path.form, query.lang)
    return _file(publication, pdf, PDF, f"{path.form}.{query.lang}.pdf")


@endpoint(
    "GET",
    "/v1/certificates/{number}/exports/{form}",
    answers={200: ExportView},
    refuses=REFUSES,
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_export(call: Call, path: ExportPath, query: PrintQuery) -> Reply:
    """Read what a certificate holds for a report

    Entries for the climate law (SHK), the Energy Conservation Act, CDP, an offset declaration or a third-party label. What
    the certificate does not hold is left to you, and what nobody confirmed is marked.
    """
    publication = await printable(call.services.market, path.number, link_code=query.code)
    export = export_of(call.services.market, publication, path.form, query.lang)
    words = words_of(query.lang)
    view = ExportView(
        certificate=export.number,
        form=export.form,
        title=words["title"][export.form],
        sandbox=export.sandbox,
        edition=export.edition,
        uses_edition=export.uses_edition,
        entries=[
            ExportEntryView(
                group=entry.group,
                key=entry.key,
                number=entry.number,
                label=f"{group_label(entry, query.lang)}: {words['item'][f'{entry.group}.{entry.key}']}",
                value=entry.value,
                unit=entry.unit,
                origin=entry.origin,
                note=note_of(entry, query.lang),
            )
            for entry in export.entries
        ],
        notes=[words["note"][note] for note in export.notes],
    )
    return Reply(view, cache=None if publication.listed else UNLISTED)


@endpoint(
    "GET",
    "/v1/certificates/{number}/disclosure.pdf",
    answers={200: Content(PDF, "What is to be disclosed with an offset.")},
    refuses=(*REFUSES, TextNotPrintable),
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_disclosure(call: Call, path: CertificatePath, query: PrintQuery) -> Response:
    """Print the disclosure sheet"""
    market = call.services.market
    publication = await printable(market, path.number, link_code=query.code)
    pdf = await asyncio.to_thread(printed_disclosure, market, publication, query.lang)
    return _file(publication, pdf, PDF, f"disclosure.{query.lang}.pdf")


@endpoint(
    "GET",
    "/v1/certificates/{number}.png",
    answers={200: Content(PNG, "1200 by 630 pixels, as previews of addresses want it.")},
    refuses=(CertificateNotFound,),
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_card(call: Call, path: CertificatePath, query: PrintQuery) -> Response:
    """Draw the picture for previews

    Amount, number and mark, the name as far as it is public, and whether the certificate has ended.
    """
    market = call.services.market
    publication = await published(market, path.number, link_code=query.code)
    picture = await asyncio.to_thread(_card, publication, market.base_url, query.lang)
    return _file(publication, picture, PNG, None)


def _card(publication: Publication, issuer_url: str, locale: Locale) -> bytes:
    record = publication.record
    return card_png(
        record.statement,
        publication.disclosures,
        verification_url=short_url(issuer_url, record.number),
        locale=locale,
        state=words_of(locale)["ended"][record.ended.state] if record.ended else None,
    )


def _file(publication: Publication, content: bytes, media_type: str, name: str | None) -> Response:
    """What a link code opened is for its holder; anything else may be kept as the endpoint says."""
    headers = {} if publication.listed else {"Cache-Control": UNLISTED}
    if name:
        headers["Content-Disposition"] = f'inline; filename="{publication.record.number}.{name}"'
    return Response(content, media_type=media_type, headers=headers)
