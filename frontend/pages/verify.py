"""Check a certificate by its number, its file, or a picture of its code. Nothing that is sent is kept."""

import asyncio
from dataclasses import dataclass

from cryptography.x509 import Certificate
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from certificates.evidence import MAX_FILE_BYTES, UnreadableEvidence, evidence_in_url, read_evidence
from certificates.verify import Evidence
from frontend.context import PageContext, services_of
from frontend.problems import sentence
from frontend.qr_photo import NoCodeInPhoto, read_qr
from frontend.responses import page_response
from frontend.verdict_view import view_of
from marketplace.certification.examination import examine

MAX_PICTURE_BYTES = 2_000_000
CAMERA = {"Permissions-Policy": "camera=(self)"}
# How a file begins that is a picture: JPEG, PNG, WebP, HEIF, GIF.
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8")


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """Nothing to examine: `field` is where it was entered, `code` why."""

    field: str
    code: str


async def page(request: Request) -> Response:
    """Show the form, or examine ?number= right away, so that a result has an address."""
    number = request.query_params.get("number", "").strip()[:200]
    if not number:
        return _form(request)
    return await _examined(request, _typed(number), number=number)


async def submit(request: Request) -> Response:
    async with request.form(max_files=1, max_fields=4) as form:
        number = str(form.get("number", "")).strip()[:2_000]
        try:
            evidence = await _evidence(form, number, services_of(request).market.paper_roots)
        except Refused as refused:
            locale = PageContext.of(request).locale
            return _form(request, number=number, errors={refused.field: sentence(refused.code, {}, locale)})
    return await _examined(request, evidence, number=number)


async def read_picture(request: Request) -> Response:
    """The address in the code that a camera sees, for browsers without a code reader; no content if none can be read."""
    picture = await request.body()
    if len(picture) > MAX_PICTURE_BYTES:
        return Response(status_code=413)
    try:
        address = await asyncio.to_thread(read_qr, picture)
        evidence_in_url(address)
    except (NoCodeInPhoto, UnreadableEvidence):
        return Response(status_code=204)
    return PlainTextResponse(address, headers={"Cache-Control": "no-store"})


async def _evidence(form: FormData, number: str, paper_roots: tuple[Certificate, ...]) -> Evidence:
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        content = await file.read(MAX_FILE_BYTES + 1)
        return await _evidence_in_file(content, paper_roots)
    if not number:
        raise Refused("number", "nothing_to_verify")
    return _typed(number)


def _typed(text: str) -> Evidence:
    """A number, or the whole address or credential pasted in its place. What is none of these is left to the verifier."""
    try:
        return read_evidence(text.encode())
    except UnreadableEvidence:
        return Evidence(number=text)


async def _evidence_in_file(content: bytes, paper_roots: tuple[Certificate, ...]) -> Evidence:
    if len(content) > MAX_FILE_BYTES:
        raise Refused("file", "file_too_large")
    try:
        if content.startswith(_PICTURES) or content[4:8] == b"ftyp":
            return read_evidence((await asyncio.to_thread(read_qr, content)).encode())
        return await asyncio.to_thread(read_evidence, content, paper_roots=paper_roots)
    except NoCodeInPhoto as unreadable:
        raise Refused("file", unreadable.code) from unreadable
    except UnreadableEvidence as unreadable:
        raise Refused("file", unreadable.reason) from unreadable


async def _examined(request: Request, evidence: Evidence, *, number: str) -> Response:
    examination = await examine(services_of(request).market, evidence)
    statement = examination.verdict.statement
    return page_response(
        request,
        "pages/verify_result.html",
        verdict=view_of(examination.verdict, PageContext.of(request).locale),
        on_record=examination.record is not None,
        grams=statement.grams if statement else None,
        cancelled_g=statement.cancelled_g if statement else None,
        shortfall_g=examination.shortfall_g,
        number=number,
    )


def _form(request: Request, *, number: str = "", errors: dict[str, str] | None = None) -> Response:
    return page_response(
        request,
        "pages/verify.html",
        status=422 if errors else 200,
        headers=CAMERA,
        number=number,
        errors=errors or {},
        most_megabytes=MAX_FILE_BYTES // 1_000_000,
    )
