"""The public ledger: everything this service has had cancelled, searchable, page by page, and as files."""

from collections.abc import AsyncIterator
from datetime import date
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from frontend.context import PageContext, services_of
from frontend.market_words import MarketWords
from frontend.responses import page_response
from marketplace.projects.kinds import RegistryCode
from marketplace.public_ledger import cad_trust, csv_rows
from marketplace.public_ledger.entries import LedgerFilter, Place, every_entry, find_entries

ON_A_PAGE = 25


async def page(request: Request) -> Response:
    wanted, after = _wanted(request), _place(request.query_params.get("after", ""))
    found = await find_entries(wanted, limit=ON_A_PAGE + 1, after=after)
    shown = found[:ON_A_PAGE]
    wishes = {"registry": wanted.registry or "", "q": wanted.text}
    kept = {name: value for name, value in wishes.items() if value}
    following = ""
    if len(found) > ON_A_PAGE:
        following = urlencode({**kept, "after": f"{shown[-1].recorded_on}.{shown[-1].id}"})
    words = MarketWords(PageContext.of(request).locale)
    return page_response(
        request,
        "pages/ledger.html",
        entries=shown,
        wishes=wishes,
        registries=[(code.value, words.registry(code)) for code in RegistryCode],
        following=following,
        beginning=urlencode(kept) if after else "",
        download=urlencode(kept),
        name=words.name,
        registry=words.registry,
    )


async def as_csv(request: Request) -> Response:
    return _file(
        "ashiato-ledger.csv", csv_rows.as_csv(every_entry(_wanted(request)), csv_rows.FIELDS, csv_rows.ledger_row)
    )


async def as_cad_trust(request: Request) -> Response:
    base_url = services_of(request).public_origin
    entries = every_entry(_wanted(request))
    lines = csv_rows.as_csv(entries, cad_trust.FIELDS, lambda entry: cad_trust.unit_row(entry, base_url=base_url))
    return _file("ashiato-ledger-cad-trust.csv", lines)


def _file(name: str, lines: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(
        lines,
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
        },
    )


def _wanted(request: Request) -> LedgerFilter:
    """An unknown registry counts as no wish: such an address was not made by the form."""
    registry = request.query_params.get("registry", "")
    known = next((code.value for code in RegistryCode if code.value == registry), None)
    return LedgerFilter(known, request.query_params.get("q", "").replace("\x00", "")[:100])


def _place(text: str) -> Place | None:
    """Where the page before ended; an address that nobody was given starts from the beginning."""
    day, _, entry = text.partition(".")
    try:
        return Place(date.fromisoformat(day), entry) if entry and "\x00" not in entry else None
    except ValueError:
        return None
