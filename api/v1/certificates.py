"""Certificates for programs: the signed statement, its state, and its forms on paper and on screen."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema
from starlette.responses import Response

from api.calls import Call, Content, Reply
from api.endpoints import endpoint
from api.v1.orders import LocaleTag
from api.v1.shapes import View, Wish
from certificates.credential import certificate_url, status_list_url
from certificates.qr import proof_url, qr_svg, short_url
from certificates.records import CertificateNotFound, CertificateRecord, CertificateState
from certificates.render_pdf import TextNotPrintable, render_pdf
from certificates.statement import DisclosedField, Environment, Statement
from marketplace.certification.publication import CertificateEnded, Publication, printable, published

CREDENTIAL = "application/vc+jwt"
# The state can change at any moment; who asks again soon is answered from its own copy if it has not.
STATE_MAY_CHANGE = "public, max-age=60"
FOREVER = "public, max-age=31536000, immutable"

StatementJson = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {"type": "object", "description": "The statement under the signature, as in the credential and the PDF."}
    ),
]


class CertificatePath(Wish):
    number: Annotated[str, Field(max_length=100, description="As printed; case, spaces and hyphens do not matter.")]


class PdfQuery(Wish):
    lang: LocaleTag = "ja"


class DisclosureView(View):
    """A text and the salt that opens its commitment in the statement."""

    value: str
    salt: str
    commitment: str


class EndView(View):
    """Why and when the certificate stopped being valid."""

    state: CertificateState
    reason: str
    replaced_by: str | None
    at: datetime


class CertificateUrls(View):
    page: str
    data: str
    credential: str
    pdf: str | None
    qr: str
    status_list: str


class CertificateView(View):
    """`statement` is what was signed; `amount_g` is a part of it. `withheld` names texts that are not public."""

    number: str
    state: CertificateState
    environment: Environment
    amount_g: int
    cancelled_g: int
    issued_at: datetime
    statement: StatementJson
    statement_sha256: str
    disclosures: dict[DisclosedField, DisclosureView]
    withheld: list[DisclosedField]
    ended: EndView | None
    urls: CertificateUrls


@endpoint(
    "GET",
    "/v1/certificates/{number}.jwt",
    answers={200: Content(CREDENTIAL, "The verifiable credential, signed with ES256.")},
    refuses=(CertificateNotFound,),
    tag="Certificates",
    cache=FOREVER,
)
async def read_credential(call: Call, path: CertificatePath) -> Response:
    """Read the credential

    A W3C Verifiable Credential 2.0 as vc+jwt; keys at /.well-known/jwks.json. Check its status list too.
    """
    record = (await published(path.number)).record
    return Response(record.credential, media_type=CREDENTIAL)


@endpoint(
    "GET",
    "/v1/certificates/{number}.pdf",
    answers={200: Content("application/pdf", "The certificate on paper, credential attached.")},
    refuses=(CertificateNotFound, CertificateEnded, TextNotPrintable),
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_pdf(call: Call, path: CertificatePath, query: PdfQuery) -> Response:
    """Print the certificate"""
    publication = await printable(path.number)
    record, issuer_url = publication.record, call.services.market.base_url
    pdf = await asyncio.to_thread(
        render_pdf,
        record.statement,
        publication.disclosures,
        verification_url=short_url(issuer_url, record.number),
        qr_svg=qr_svg(proof_url(issuer_url, record.number, record.proof)),
        locale=query.lang,
        credential_jwt=record.credential,
    )
    headers = {"Content-Disposition": f'inline; filename="{record.number}.{query.lang}.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


@endpoint(
    "GET",
    "/v1/certificates/{number}.svg",
    answers={200: Content("image/svg+xml", "A QR code of the address with the proof that verifies offline.")},
    refuses=(CertificateNotFound,),
    tag="Certificates",
    cache=FOREVER,
)
async def read_qr(call: Call, path: CertificatePath) -> Response:
    """Draw the QR code"""
    record = (await published(path.number)).record
    url = proof_url(call.services.market.base_url, record.number, record.proof)
    return Response(await asyncio.to_thread(qr_svg, url), media_type="image/svg+xml")


@endpoint(
    "GET",
    "/v1/certificates/{number}",
    answers={200: CertificateView},
    refuses=(CertificateNotFound,),
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_certificate(call: Call, path: CertificatePath) -> Reply:
    """Read a certificate

    Everything that was cancelled, for which subject and period, and whether it still stands.
    """
    return Reply(_view(call, await published(path.number)))


def statement_json(statement: Statement) -> dict[str, Any]:
    return statement.model_dump(mode="json")


def _view(call: Call, publication: Publication) -> CertificateView:
    record = publication.record
    return CertificateView(
        number=record.number,
        state=record.state,
        environment=record.environment,
        amount_g=record.grams,
        cancelled_g=record.statement.cancelled_g,
        issued_at=record.issued_at,
        statement=statement_json(record.statement),
        statement_sha256=record.statement.sha256(),
        disclosures={
            name: DisclosureView(value=text.value, salt=text.salt, commitment=text.commitment(name))
            for name, text in publication.disclosures.items()
        },
        withheld=sorted(publication.withheld),
        ended=None
        if record.ended is None
        else EndView(
            state=record.ended.state,
            reason=record.ended.reason,
            replaced_by=record.ended.replaced_by,
            at=record.ended.at,
        ),
        urls=_urls(call, record),
    )


def _urls(call: Call, record: CertificateRecord) -> CertificateUrls:
    base = f"{call.services.public_origin}/v1/certificates/{record.number}"
    issuer_url = call.services.market.base_url
    return CertificateUrls(
        page=certificate_url(issuer_url, record.number),
        data=base,
        credential=f"{base}.jwt",
        pdf=None if record.ended else f"{base}.pdf",
        qr=f"{base}.svg",
        status_list=status_list_url(issuer_url, record.slot.list_number),
    )
