"""Differences between our books and the registries', each with its history, and lists that people import."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import read_typed, uploaded
from frontend.locales import Locale
from frontend.market_words import MarketWords
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.wording import words as say
from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.errors import MarketplaceError
from marketplace.inventory.models import RegistryAccount
from marketplace.market import Market
from marketplace.reconciliation import cases, service
from marketplace.registries.imported_lists import ListRefused, RowFault, read_cancellations, read_holdings

LARGEST_LIST_BYTES = 20_000_000
MOST_FAULTS_SHOWN = 50
READERS = (Role.OPERATOR, Role.AUDITOR)
Act = Callable[[Market, Actor, str, str | None], Awaitable[None]]
ACTS: Mapping[str, Act] = {
    "take": cases.take,
    "give_back": cases.give_back,
    "explain": cases.explain,
    "note": cases.add_note,
}


@only(*READERS)
async def page(request: Request) -> Response:
    return await _overview(request)


@only(Role.OPERATOR)
async def import_list(request: Request) -> Response:
    """Compare an account with lists saved from its registry; refused as a whole if a row is faulty."""
    typed = await read_typed(request)
    account = await RegistryAccount.get_or_none(id=typed.get("account", ""))
    if account is None:
        raise HTTPException(404)
    held, cancelled = await _file(request, "holdings"), await _file(request, "cancellations")
    if held is None:
        return await _overview(request, status=422, problems=[_problem(request, "holdings_missing")])
    try:
        holdings = read_holdings(held)
        recorded = None if cancelled is None else read_cancellations(cancelled)
    except ListRefused as refused:
        return await _overview(request, status=422, problems=_faults(request, refused))
    market = services_of(request).market
    await service.compare_with_list(market, account.registry, account.number, holdings, recorded)
    return RedirectResponse(PageContext.of(request).url("/operations/reconciliation"), status_code=303)


@only(*READERS)
async def case(request: Request) -> Response:
    return await _case(request)


@only(Role.OPERATOR)
async def act(request: Request) -> Response:
    typed = await read_typed(request)
    wanted, key = ACTS.get(typed.get("action", "")), request.path_params["key"]
    if wanted is None:
        raise HTTPException(404)
    try:
        await wanted(services_of(request).market, actor_of(request), key, typed.get("text"))
    except MarketplaceError as refused:
        problem = sentence(refused.code, refused.params, PageContext.of(request).locale)
        return await _case(request, status=422, problem=problem, text=typed.get("text", ""))
    return RedirectResponse(PageContext.of(request).url(f"/operations/reconciliation/{key}"), status_code=303)


async def _overview(request: Request, *, status: int = 200, problems: list[str] | None = None) -> Response:
    words = MarketWords(PageContext.of(request).locale)
    return page_response(
        request,
        "pages/reconciliation.html",
        status=status,
        waiting=await cases.waiting(),
        settled=await cases.settled(),
        comparisons=await cases.latest_comparisons(),
        accounts=[
            (one.id, f"{words.registry(one.registry)} {one.number}")
            for one in await RegistryAccount.all().order_by("registry", "number")
        ],
        may_act=actor_of(request).is_any(Role.OPERATOR),
        registry=words.registry,
        problems=problems or [],
    )


async def _case(request: Request, *, status: int = 200, problem: str = "", text: str = "") -> Response:
    found = await cases.file_of(request.path_params["key"])
    if found is None:
        raise HTTPException(404)
    actor = actor_of(request)
    return page_response(
        request,
        "pages/reconciliation_case.html",
        status=status,
        case=found.case,
        notes=found.notes,
        sides=[("ours", _said(found.case.ours)), ("theirs", _said(found.case.theirs))],
        may_act=actor.is_any(Role.OPERATOR),
        mine=found.case.owner == actor.person_id,
        registry=MarketWords(PageContext.of(request).locale).registry,
        problem=problem,
        text=text,
    )


def _said(text: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(text)
    return [{**row, "recorded_on": _day(row["recorded_on"])} for row in rows]


def _day(text: object) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) else None


async def _file(request: Request, name: str) -> bytes | None:
    file = await uploaded(request, name)
    if file is None:
        return None
    content = await file.read(LARGEST_LIST_BYTES + 1)
    if len(content) > LARGEST_LIST_BYTES:
        raise HTTPException(413)
    return content


def _problem(request: Request, code: str) -> str:
    return say("reconciliation", f"problem.{code}", PageContext.of(request).locale)


def _faults(request: Request, refused: ListRefused) -> list[str]:
    locale = PageContext.of(request).locale
    if refused.missing:
        columns = ", ".join(refused.missing)
        return [say("reconciliation", "problem.columns_missing", locale, {"columns": columns})]
    if not refused.faults:
        return [_problem(request, "not_text")]
    return [_fault(fault, locale) for fault in refused.faults[:MOST_FAULTS_SHOWN]]


def _fault(fault: RowFault, locale: Locale) -> str:
    what = say("reconciliation", f"problem.{fault.code}", locale)
    return say("reconciliation", "problem.row", locale, {"row": fault.row, "column": fault.column, "what": what})
