"""Bringing in a list of holdings: choose a file, see what would happen row by row, then have brought in what can be taken.

From the check on a list has an address of its own: it can be left, and found again with what became of it.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import read_typed, uploaded
from frontend.market_words import MarketWords
from frontend.pages.provider import serial_text
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.wording import words as say
from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.inventory.models import RegistryAccount
from marketplace.providers import import_jobs, imports
from marketplace.providers.errors import AccountNotFound, CheckedListGone
from marketplace.providers.holding_list import COLUMNS, REQUIRED
from marketplace.providers.import_jobs import ListStanding, ListState
from offset_calc.tabular import TableRefused

LARGEST = 1_000_000
MOST_SHOWN = 200
REFRESH_SECONDS = 3
NOT_KEPT = {"Cache-Control": "no-store"}
KINDS = {
    ListState.CHECKED: "plain",
    ListState.WAITING: "waiting",
    ListState.STOPPED: "refused",
    ListState.DONE: "plain",
}


@only(Role.PROVIDER)
async def page(request: Request) -> Response:
    return await _page(request)


@only(Role.PROVIDER)
async def submit(request: Request) -> Response:
    """Check a file, and lead to the address where what was found stands, and later what became of it."""
    typed = await read_typed(request)
    account = await _account(actor_of(request), typed.get("account", ""))
    file = await uploaded(request, "file")
    if file is None:
        return await _refused(request, account, "file_missing", {})
    content = await file.read(LARGEST + 1)
    if len(content) > LARGEST:
        return await _refused(request, account, "table_too_large", {"most": LARGEST // 1_000_000})
    try:
        _, list_id = await imports.check(
            actor_of(request), account, content, file_name=file.filename or "", clock=services_of(request).market.clock
        )
    except TableRefused as refused:
        return await _refused(request, account, f"table_{refused.reason}", _spoken(request, refused))
    return RedirectResponse(PageContext.of(request).url(f"/provider/import/{list_id}"), status_code=303)


@only(Role.PROVIDER)
async def of_list(request: Request) -> Response:
    return await _list_page(request, await _standing(request))


@only(Role.PROVIDER)
async def bring_in(request: Request) -> Response:
    """Have the list brought in; the page it leads back to says how far that is."""
    standing = await _standing(request)
    if standing.state is ListState.CHECKED:
        await import_jobs.ask(actor_of(request), standing.id, clock=services_of(request).market.clock)
    return RedirectResponse(PageContext.of(request).url(f"/provider/import/{standing.id}"), status_code=303)


@only(Role.PROVIDER)
async def status(request: Request) -> Response:
    """For the page's script: has anything changed, and is it worth asking again?"""
    state = (await _standing(request)).state
    return JSONResponse({"version": state, "under_way": state is ListState.WAITING}, headers=NOT_KEPT)


async def _standing(request: Request) -> ListStanding:
    try:
        return await import_jobs.standing_of(actor_of(request).provider_id or "", request.path_params["list_id"])
    except CheckedListGone as gone:
        raise HTTPException(404) from gone


async def _list_page(request: Request, standing: ListStanding) -> Response:
    locale = PageContext.of(request).locale
    report = None
    if standing.state is ListState.CHECKED and standing.kept is not None:
        report = await imports.check_again(standing.kept, standing.account)
    return page_response(
        request,
        "pages/provider/list.html",
        headers=NOT_KEPT,
        standing=standing,
        kind=KINDS[standing.state],
        report=report,
        refused=[
            (row.number, [(one.column, sentence(one.code, one.params, locale)) for one in found])
            for row, found in (report.refused if report else ())
        ][:MOST_SHOWN],
        most_shown=MOST_SHOWN,
        refresh_seconds=REFRESH_SECONDS,
        w=MarketWords(locale),
        serials=serial_text,
    )


async def _account(actor: Actor, account_id: str) -> RegistryAccount:
    try:
        return await imports.account_of(actor.provider_id or "", account_id)
    except AccountNotFound as unknown:
        raise HTTPException(404) from unknown


async def _refused(request: Request, account: RegistryAccount, code: str, params: dict[str, object]) -> Response:
    problem = sentence(code, params, PageContext.of(request).locale)
    return await _page(request, account=account, problem=problem, status=422)


def _spoken(request: Request, refused: TableRefused) -> dict[str, object]:
    """The parameters of a refusal in words: columns by their names, sizes in megabytes."""
    locale = PageContext.of(request).locale
    words = MarketWords(locale)
    spoken: dict[str, object] = {"most": refused.params.get("most", "")}
    if "most_bytes" in refused.params:
        spoken["most"] = LARGEST // 1_000_000
    if isinstance(missing := refused.params.get("missing"), tuple):
        spoken["missing"] = words.list_of([say("provider", f"column.{name}", locale) for name in missing])
    if isinstance(found := refused.params.get("found"), tuple):
        spoken["found"] = words.list_of([str(head) for head in found])
    return spoken


async def _page(
    request: Request, *, account: RegistryAccount | None = None, problem: str = "", status: int = 200
) -> Response:
    locale = PageContext.of(request).locale
    words = MarketWords(locale)
    provider_id = actor_of(request).provider_id or ""
    accounts = await imports.accounts_of(provider_id)
    return page_response(
        request,
        "pages/provider/import.html",
        status=status,
        accounts=[(one.id, f"{words.registry(one.registry)} {one.number}") for one in accounts],
        account=account,
        problem=problem,
        unfinished=await import_jobs.unfinished(provider_id),
        columns=[(name, say("provider", f"column.{name}", locale), name in REQUIRED) for name in COLUMNS],
    )
