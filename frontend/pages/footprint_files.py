"""A footprint as files: a workbook with live formulas, and the document from which anyone can compute it again."""

import asyncio
from io import BytesIO

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.calculator_words import CalculatorWords
from frontend.context import PageContext, services_of
from frontend.worksheet_words import labels
from offset_calc import Footprint
from offset_calc.worksheet import write_worksheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# The address is the right to read, so nothing in between may keep what it leads to.
PRIVATE = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex"}


async def worksheet(request: Request) -> Response:
    """The workbook in the language of the address."""
    footprint = await kept(request)
    label = labels(footprint, CalculatorWords(PageContext.of(request).locale))
    stream = BytesIO()
    await asyncio.to_thread(write_worksheet, footprint, stream, label=label)
    return _download(stream.getvalue(), XLSX, f"footprint-{footprint.sha256[:8]}.xlsx")


async def document(request: Request) -> Response:
    """The replayable document, to the byte of which its SHA-256 is taken."""
    footprint = await kept(request)
    body = footprint.canonical_json().encode()
    return _download(body, "application/json", f"footprint-{footprint.sha256[:8]}.json")


async def kept(request: Request, name: str = "footprint_id") -> Footprint:
    """The footprint that the address names. Raises: HTTPException 404."""
    footprint = await services_of(request).footprints.load(request.path_params[name])
    if footprint is None:
        raise HTTPException(404)
    return footprint


def _download(body: bytes, media_type: str, name: str) -> Response:
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type=media_type, headers=headers)
