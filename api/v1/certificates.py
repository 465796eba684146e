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
from certificates.log.store import NotInTheLog, proof_of
from certificates.open_badge import sign_open_badge
from certificates.qr import proof_url, qr_svg
from certificates.records import CertificateNotFound, CertificateRecord, CertificateState
from certificates.render_pdf import TextNotPrintable
from certificates.statement import DisclosedField, Environment, Statement
from marketplace.certification.publication import CertificateEnded, Publication, printable, published
from marketplace.certification.takeaway import public_bundle

CREDENTIAL = "application/vc+jwt"
BADGE = "application/jwt"
PROOF = "text/plain; charset=utf-8"
BUNDLE = "application/zip"
# The state can change at any moment; who asks again soon is answered from its own copy if it has not.
STATE_MAY_CHANGE = "public, max-age=60"
FOREVER = "public, max-age=31536000, immutable"
UNLISTED = "private, no-store"

StatementJson = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {"type": "object", "description": "The statement under the signature, as in the credential and the PDF."}
    ),
]


class CertificatePath(Wish):
    number: Annotated[str, Field(max_length=100, description="As printed; case, spaces and hyphens do not matter.")]


class LinkQuery(Wish):
    code: Annotated[str | None, Field(max_length=100, description="Opens an unlisted certificate.")] = None


class PrintQuery(LinkQuery):
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
    log_proof: str
    bundle: str
    badge: str
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
    "/v1/certificates/{number}.badge.jwt",
    answers={200: Content(BADGE, "An Open Badges 3.0 credential, signed with ES256.")},
    refuses=(CertificateNotFound,),
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_open_badge(call: Call, path: CertificatePath, query: LinkQuery) -> Response:
    """Read the certificate as an Open Badge

    The same facts in the vocabulary of badge wallets. A view: only the credential itself verifies as a certificate.
    """
    publication = await _published(call, path, query)
    record, market = publication.record, call.services.market
    badge = sign_open_badge(record.statement, ring=market.signing_keys, issuer_url=market.base_url, slot=record.slot)
    return _file(publication, badge, BADGE)


@endpoint(
    "GET",
    "/v1/certificates/{number}.jwt",
    answers={200: Content(CREDENTIAL, "The verifiable credential, signed with ES256.")},
    refuses=(CertificateNotFound,),
    tag="Certificates",
    cache=FOREVER,
)
async def read_credential(call: Call, path: CertificatePath, query: LinkQuery) -> Response:
    """Read the credential

    A W3C Verifiable Credential 2.0 as vc+jwt; keys at /.well-known/jwks.json. Check its status list too.
    """
    publication = await _published(call, path, query)
    return _file(publication, publication.record.credential, CREDENTIAL)


@endpoint(
    "GET",
    "/v1/certificates/{number}.pdf",
    answers={200: Content("application/pdf", "The certificate on paper, credential attached.")},
    refuses=(CertificateNotFound, CertificateEnded, TextNotPrintable),
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_pdf(call: Call, path: CertificatePath, query: PrintQuery) -> Response:
    """Print the certificate

    Signed as a whole (PAdES) where the service has a key for that; the credential inside is signed always.
    """
    market = call.services.market
    publication = await printable(market, path.number, link_code=query.code)
    pdf = await call.services.press.print(publication, issuer_url=market.base_url, locale=query.lang)
    name = f"{publication.record.number}.{query.lang}.pdf"
    return _file(publication, pdf, "application/pdf", disposition=f'inline; filename="{name}"')


@endpoint(
    "GET",
    "/v1/certificates/{number}.svg",
    answers={200: Content("image/svg+xml", "A QR code of the address with the proof that verifies offline.")},
    refuses=(CertificateNotFound,),
    tag="Certificates",
    cache=FOREVER,
)
async def read_qr(call: Call, path: CertificatePath, query: LinkQuery) -> Response:
    """Draw the QR code"""
    publication = await _published(call, path, query)
    record = publication.record
    url = proof_url(call.services.market.base_url, record.number, record.proof)
    return _file(publication, await asyncio.to_thread(qr_svg, url), "image/svg+xml")


@endpoint(
    "GET",
    "/v1/certificates/{number}.tlog-proof",
    answers={200: Content(PROOF, "A proof by C2SP tlog-proof, with the logged entry as its extra line.")},
    refuses=(CertificateNotFound, NotInTheLog),
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_log_proof(call: Call, path: CertificatePath, query: LinkQuery) -> Response:
    """Prove that the certificate is in the public log

    Checkable offline with the key at /.well-known/ashiato-log.txt. The log itself is at /log/checkpoint and /log/tile/.
    """
    publication = await _published(call, path, query)
    return _file(publication, str(await proof_of(publication.record.number)), PROOF)


@endpoint(
    "GET",
    "/v1/certificates/{number}.zip",
    answers={200: Content(BUNDLE, "Everything that proves the certificate, with instructions and a verifier.")},
    refuses=(CertificateNotFound, TextNotPrintable),
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_bundle(call: Call, path: CertificatePath, query: PrintQuery) -> Response:
    """Take everything along

    Credential, proofs, keys, status list and PDF in one file that verifies offline, also when this service is gone.
    """
    market = call.services.market
    publication = await _published(call, path, query)
    ended = publication.record.ended is not None
    pdf = None if ended else await call.services.press.print(publication, issuer_url=market.base_url, locale=query.lang)
    bundle = await public_bundle(market, publication, pdf=pdf)
    name = f"{publication.record.number}.zip"
    packed = await asyncio.to_thread(bundle.to_zip)
    return _file(publication, packed, BUNDLE, disposition=f'attachment; filename="{name}"')


@endpoint(
    "GET",
    "/v1/certificates/{number}",
    answers={200: CertificateView},
    refuses=(CertificateNotFound,),
    tag="Certificates",
    cache=STATE_MAY_CHANGE,
)
async def read_certificate(call: Call, path: CertificatePath, query: LinkQuery) -> Reply:
    """Read a certificate

    Everything that was cancelled, for which subject and period, and whether it still stands.
    """
    publication = await _published(call, path, query)
    return Reply(_view(call, publication, query.code), cache=_cache(publication))


async def _published(call: Call, path: CertificatePath, query: LinkQuery) -> Publication:
    return await published(call.services.market, path.number, link_code=query.code)


def _cache(publication: Publication) -> str | None:
    """What a link code opened is for its holder; anything else may be kept as the endpoint says."""
    return None if publication.listed else UNLISTED


def _file(
    publication: Publication, content: str | bytes, media_type: str, *, disposition: str | None = None
) -> Response:
    given = {"Cache-Control": _cache(publication), "Content-Disposition": disposition}
    headers = {name: value for name, value in given.items() if value is not None}
    return Response(content, media_type=media_type, headers=headers)


def statement_json(statement: Statement) -> dict[str, Any]:
    return statement.model_dump(mode="json")


def _view(call: Call, publication: Publication, link_code: str | None) -> CertificateView:
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
        urls=_urls(call, record, "" if publication.listed else f"?code={link_code}"),
    )


def _urls(call: Call, record: CertificateRecord, code: str) -> CertificateUrls:
    """`code` is the query that opens an unlisted certificate, empty for others."""
    base = f"{call.services.public_origin}/v1/certificates/{record.number}"
    issuer_url = call.services.market.base_url
    return CertificateUrls(
        page=certificate_url(issuer_url, record.number) + code,
        data=base + code,
        credential=f"{base}.jwt{code}",
        pdf=None if record.ended else f"{base}.pdf{code}",
        qr=f"{base}.svg{code}",
        log_proof=f"{base}.tlog-proof{code}",
        bundle=f"{base}.zip{code}",
        badge=f"{base}.badge.jwt{code}",
        status_list=status_list_url(issuer_url, record.slot.list_number),
    )
