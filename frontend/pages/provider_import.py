"""Bringing in a list of holdings: choose a file, see what would happen row by row, then bring in what can be taken."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

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
from marketplace.providers import imports
from marketplace.providers.errors import AccountNotFound, CheckedListGone
from marketplace.providers.holding_list import COLUMNS, REQUIRED
from marketplace.providers.imports import ImportReport
from offset_calc.tabular import TableRefused

LARGEST = 1_000_000
MOST_SHOWN = 200


@only(Role.PROVIDER)
async def page(request: Request) -> Response:
    return await _page(request)


@only(Role.PROVIDER)
async def submit(request: Request) -> Response:
    """Check a file, or bring in the one that was checked before."""
    typed = await read_typed(request)
    account = await _account(actor_of(request), typed.get("account", ""))
    if checked_id := typed.get("checked"):
        return await _bring_in(request, account, checked_id)
    file = await uploaded(request, "file")
    if file is None:
        return await _refused(request, account, "file_missing", {})
    content = await file.read(LARGEST + 1)
    if len(content) > LARGEST:
        return await _refused(request, account, "table_too_large", {"most": LARGEST // 1_000_000})
    try:
        report, checked_id = await imports.check(
            actor_of(request), account, content, file_name=file.filename or "", clock=services_of(request).market.clock
        )
    except TableRefused as refused:
        return await _refused(request, account, f"table_{refused.reason}", _spoken(request, refused))
    return await _page(request, account=account, report=report, checked=checked_id, file_name=file.filename or "")


async def _bring_in(request: Request, account: RegistryAccount, checked_id: str) -> Response:
    clock = services_of(request).market.clock
    try:
        report = await imports.bring_in(actor_of(request), account, checked_id, clock=clock)
    except CheckedListGone as gone:
        return await _refused(request, account, gone.code, {})
    return await _page(request, account=account, report=report)


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
    request: Request,
    *,
    account: RegistryAccount | None = None,
    report: ImportReport | None = None,
    checked: str = "",
    file_name: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    locale = PageContext.of(request).locale
    words = MarketWords(locale)
    accounts = await imports.accounts_of(actor_of(request).provider_id or "")
    return page_response(
        request,
        "pages/provider/import.html",
        status=status,
        accounts=[(one.id, f"{words.registry(one.registry)} {one.number}") for one in accounts],
        account=account,
        report=report,
        refused=[
            (row.number, [(one.column, sentence(one.code, one.params, locale)) for one in found])
            for row, found in (report.refused if report else ())
        ][:MOST_SHOWN],
        checked=checked,
        file_name=file_name,
        problem=problem,
        columns=[(name, say("provider", f"column.{name}", locale), name in REQUIRED) for name in COLUMNS],
        w=words,
        serials=serial_text,
    )
