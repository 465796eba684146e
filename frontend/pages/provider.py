"""A provider's own pages: what it holds, on which terms it sells, what is held for whom until when, and what was sold."""

import json
from dataclasses import dataclass
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.market_words import MarketWords
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts.roles import Role
from marketplace.audit.second_person import AlreadyProposed, ProposalNotOpen, SecondPersonNeeded
from marketplace.audit.service import ReasonMissing
from marketplace.clock import japan_date
from marketplace.errors import ListingNotFound, MarketplaceError, NotEnoughUnits
from marketplace.inventory.models import Block
from marketplace.inventory.serials import SerialRange
from marketplace.projects.eligibility import Purpose, uses_for
from marketplace.projects.kinds import CreditKind
from marketplace.providers import import_jobs, imports, stock, terms
from marketplace.providers.errors import HoldingNotFound, ListedAlready, TermsRefused
from marketplace.providers.stock import Stock
from marketplace.providers.terms import TermsOfSale
from offset_calc.errors import QuantityRefused
from offset_calc.quantities import read_integer

NEWEST = 50
DONE = frozenset({"offer", "change", "proposed", "approve", "refuse", "close", "withdraw", "put_back"})


@only(Role.PROVIDER)
async def page(request: Request) -> Response:
    provider_id = _provider_id(request)
    words = MarketWords(PageContext.of(request).locale)
    return page_response(
        request,
        "pages/provider/home.html",
        provider=await stock.provider(provider_id),
        stocks=await stock.stock_of(provider_id),
        holds=await stock.holds_of(provider_id),
        sales=await stock.sales_of(provider_id, limit=NEWEST),
        imports=await imports.latest_imports(provider_id),
        unfinished=await import_jobs.unfinished(provider_id),
        accounts=await imports.accounts_of(provider_id),
        w=words,
        serials=serial_text,
    )


@only(Role.PROVIDER)
async def holding(request: Request) -> Response:
    found = await _stock(request)
    typed = _as_typed(TermsOfSale.of(found.listing)) if found.listing else _as_typed(None)
    return await _holding_page(request, found, typed, {}, done=request.query_params.get("done", ""))


@only(Role.PROVIDER)
async def act(request: Request) -> Response:
    """Offer, change, close, withdraw or put back; what was typed comes back with whatever is refused."""
    found = await _stock(request)
    typed = await read_typed(request)
    done = ""
    problems: dict[str, str] = {}
    try:
        done = await _do(request, found, typed)
    except _Refused as refused:
        problems = {name: sentence(*said, PageContext.of(request).locale) for name, said in refused.fields.items()}
    except TermsRefused as refused:
        problems = {str(refused.params["field"]): _said(request, f"terms_{refused.params['rule']}", refused)}
    except NotEnoughUnits as refused:
        problems = {"tonnes": _said(request, refused.code, refused)}
    except ReasonMissing as refused:
        problems = {"reason": _said(request, refused.code, refused)}
    except (ListedAlready, ListingNotFound, AlreadyProposed, ProposalNotOpen, SecondPersonNeeded) as refused:
        problems = {"": _said(request, refused.code, refused)}
    if problems:
        return await _holding_page(request, found, typed, problems, status=422)
    here = PageContext.of(request).url(f"/provider/holdings/{found.holding.id}")
    return RedirectResponse(f"{here}?done={done}", status_code=303)


async def _do(request: Request, found: Stock, typed: Typed) -> str:
    """Returns what was done, one of DONE."""
    actor, market = actor_of(request), services_of(request).market
    wish, on_sale, clock = typed.get("wish", ""), found.listing, market.clock
    match wish:
        case "offer":
            await terms.offer(actor, found.holding.id, _terms(typed), clock=clock)
        case "change" if on_sale:
            return wish if await terms.change(market, actor, on_sale.id, _terms(typed)) else "proposed"
        case "approve" if on_sale:
            await terms.approve(market, actor, on_sale.id, typed.get("proposal", ""))
        case "refuse" if on_sale:
            await terms.refuse(market, actor, on_sale.id, typed.get("proposal", ""), typed.get("reason", ""))
        case "close" if on_sale:
            await terms.close(actor, on_sale.id, clock=clock)
        case "withdraw":
            await terms.withdraw(actor, found.holding.id, _whole(typed, "tonnes"), clock=clock)
        case "put_back":
            await terms.put_back(actor, found.holding.id, clock=clock)
        case _:
            raise HTTPException(400)
    return wish


async def _holding_page(
    request: Request, found: Stock, typed: Typed, problems: dict[str, str], *, status: int = 200, done: str = ""
) -> Response:
    words = MarketWords(PageContext.of(request).locale)
    today = japan_date(services_of(request).market.clock())
    uses = uses_for(CreditKind(found.block.credit_kind), today)
    return page_response(
        request,
        "pages/provider/holding.html",
        status=status,
        stock=found,
        typed=typed,
        problems=problems,
        purposes=[(use.purpose.value, words.of(f"purpose.{use.purpose.value}")) for use in uses],
        chosen=_chosen(typed),
        done=done if done in DONE else "",
        proposal=await _proposal(request, found),
        w=words,
        serials=serial_text,
    )


async def _proposal(request: Request, found: Stock) -> tuple[str, TermsOfSale, bool] | None:
    """The change that waits for a second person: its id, its terms, and whether this person may approve it."""
    if found.listing is None:
        return None
    waiting = await terms.proposed(found.listing.id, now=services_of(request).market.clock())
    if waiting is None:
        return None
    return waiting.id, TermsOfSale.said(json.loads(waiting.detail)), waiting.proposed_by != actor_of(request).person_id


def serial_text(block: Block, serials: SerialRange) -> str:
    """A range as the registry writes it."""
    return f"{block.serial_text(serials.first)} – {block.serial_text(serials.last)}"


def _provider_id(request: Request) -> str:
    provider_id = actor_of(request).provider_id
    if provider_id is None:
        raise HTTPException(404)
    return provider_id


async def _stock(request: Request) -> Stock:
    try:
        holding = await terms.own_holding(actor_of(request), request.path_params["holding_id"])
    except HoldingNotFound as unknown:
        raise HTTPException(404) from unknown
    return next(one for one in await stock.stock_of(_provider_id(request)) if one.holding.id == holding.id)


@dataclass
class _Refused(Exception):
    """What could not be read: field → code and parameters of its sentence; never leaves this module."""

    fields: dict[str, tuple[str, dict[str, object]]]


def _terms(typed: Typed) -> TermsOfSale:
    """Raises _Refused with every field that cannot be read, TermsRefused."""
    refused: dict[str, tuple[str, dict[str, object]]] = {}
    figures: dict[str, int] = {}
    days: dict[str, date | None] = {}
    for name in ("yen_per_tonne", "minimum_tonnes"):
        try:
            figures[name] = _whole(typed, name)
        except _Refused as one:
            refused |= one.fields
    for name in ("opens_on", "closes_on"):
        text = typed.get(name, "").strip()
        try:
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            refused[name] = ("terms_not_a_date", {})
    if refused:
        raise _Refused(refused)
    chosen = _chosen(typed)
    uses = None if typed.get("all_uses") == "yes" else frozenset(Purpose(code) for code in chosen)
    return TermsOfSale(figures["yen_per_tonne"], figures["minimum_tonnes"], uses, days["opens_on"], days["closes_on"])


def _whole(typed: Typed, name: str) -> int:
    try:
        return read_integer(typed.get(name, ""))
    except QuantityRefused as refused:
        raise _Refused({name: (refused.reason, dict(refused.params))}) from refused


def _chosen(typed: Typed) -> list[str]:
    known = {purpose.value for purpose in Purpose}
    return [code for name, code in typed.items() if name.startswith("use.") and code in known]


def _as_typed(on_sale: TermsOfSale | None) -> Typed:
    if on_sale is None:
        return {"yen_per_tonne": "", "minimum_tonnes": "1", "opens_on": "", "closes_on": "", "all_uses": "yes"}
    typed = {
        "yen_per_tonne": str(on_sale.yen_per_tonne),
        "minimum_tonnes": str(on_sale.minimum_tonnes),
        "opens_on": on_sale.opens_on.isoformat() if on_sale.opens_on else "",
        "closes_on": on_sale.closes_on.isoformat() if on_sale.closes_on else "",
        "all_uses": "yes" if on_sale.uses is None else "",
    }
    return typed | {f"use.{purpose}": purpose.value for purpose in on_sale.uses or ()}


def _said(request: Request, code: str, refused: MarketplaceError) -> str:
    return sentence(code, refused.params, PageContext.of(request).locale)
