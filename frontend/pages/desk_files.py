"""What the desk hands out as files: papers of an application, its notice, and in a sandbox a notice to practise with."""

import re

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.access import actor_of, only
from frontend.context import services_of
from marketplace.desk import documents, papers, practice
from marketplace.desk.authority import READERS, WORKERS
from marketplace.desk.errors import ApplicationNotFound

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# An upload is somebody else's content: it is handed back as a file, and nothing in it may run.
AS_A_FILE = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Robots-Tag": "noindex",
}
ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


@only(*READERS)
async def sheet(request: Request) -> Response:
    services = services_of(request)
    try:
        body = await papers.sheet(
            services.market, actor_of(request), _id(request), sandbox=services.environment == "sandbox"
        )
    except ApplicationNotFound as missing:
        raise HTTPException(404) from missing
    return _file(body, "application/pdf", f"{_id(request)}.pdf")


@only(*READERS)
async def workbook(request: Request) -> Response:
    try:
        body = await papers.workbook(services_of(request).market, actor_of(request), _id(request))
    except ApplicationNotFound as missing:
        raise HTTPException(404) from missing
    return _file(body, XLSX, f"{_id(request)}.xlsx")


@only(*READERS)
async def workbook_of_account(request: Request) -> Response:
    """Everything of one account that is still to be done, in one table for one pre-check."""
    registry, _, account = request.query_params.get("account", "").partition("/")
    try:
        body = await papers.workbook_of_account(services_of(request).market, actor_of(request), registry, account)
    except ApplicationNotFound as missing:
        raise HTTPException(404) from missing
    return _file(body, XLSX, "pre-check.xlsx")


@only(*READERS)
async def notice(request: Request) -> Response:
    try:
        document = await documents.of_application(actor_of(request), _id(request))
    except ApplicationNotFound as missing:
        raise HTTPException(404) from missing
    return _file(document.content, document.media_type, f"{_id(request)}-notice.{ENDINGS[document.media_type]}")


@only(*WORKERS)
async def practice_notice(request: Request) -> Response:
    """Only in a sandbox: what a registry would send, drawn from the application."""
    services = services_of(request)
    if services.environment != "sandbox":
        raise HTTPException(404)
    try:
        body = await practice.notice(services.market, actor_of(request), _id(request))
    except ApplicationNotFound as missing:
        raise HTTPException(404) from missing
    return _file(body, "application/pdf", f"{_id(request)}-practice.pdf")


def _id(request: Request) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "", request.path_params["application_id"])


def _file(body: bytes, media_type: str, name: str) -> Response:
    headers = {**AS_A_FILE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=media_type, headers=headers)
