"""The overview of an account: orders, footprints, certificates, and which organisation one acts for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, keep_signed_in, only, signed_in_of
from frontend.bulk_view import KINDS as BULK_KINDS
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed
from frontend.months import last_months
from frontend.order_view import KINDS
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts import belongings, organisations, people, sessions
from marketplace.accounts.errors import AlreadyOwned
from marketplace.accounts.history import history
from marketplace.accounts.roles import Role
from marketplace.bulk import service as bulk
from marketplace.bulk.models import BulkState
from marketplace.clock import japan_date
from marketplace.errors import FootprintNotFound, OrderNotFound
from marketplace.footprints.models import StoredFootprint
from marketplace.footprints.service import stored
from marketplace.invoices import service as invoices
from marketplace.ledger import balance
from marketplace.orders import service as orders
from marketplace.orders.certified_parts import certificates_of
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.plans import service as plans

SHOWN = 50


@dataclass(frozen=True, slots=True)
class OrderRow:
    subject: str
    token: str
    state: str
    kind: str
    total_yen: int
    certificates: Sequence[str]
    ordered_at: datetime
    has_invoice: bool

    @classmethod
    def of(cls, order: Order, *, certificates: Sequence[str], has_invoice: bool) -> "OrderRow":
        instruction = Instruction.model_validate_json(order.instruction)
        return cls(
            subject=instruction.subject,
            token=order.access_token,
            state=order.state,
            kind=KINDS[order.state],
            total_yen=order.total_yen,
            certificates=certificates,
            ordered_at=order.created_at,
            has_invoice=has_invoice,
        )


@dataclass(frozen=True, slots=True)
class FootprintRow:
    id: str
    title: str
    total_g: int
    made_at: datetime

    @classmethod
    def of(cls, stored: StoredFootprint) -> "FootprintRow":
        title = json.loads(stored.document)["subject"]["name"]
        return cls(stored.id, title, stored.total_g, stored.created_at)


@only()
async def page(request: Request) -> Response:
    return await _page(request, {})


@only(Role.OWNER, Role.BUYER)
async def keep_footprint(request: Request) -> Response:
    """From a footprint's own page, whose address is the right to see it."""
    footprint_id = request.path_params["footprint_id"]
    market = services_of(request).market
    try:
        await stored(footprint_id)
    except FootprintNotFound as missing:
        raise HTTPException(404) from missing
    await belongings.keep_footprint(actor_of(request), footprint_id, now=market.clock())
    return RedirectResponse(PageContext.of(request).url("/account"), status_code=303)


@only()
async def submit(request: Request) -> Response:
    """action=claim_mail, claim_link, act_for, name, name_organisation or drop_footprint."""
    typed, actor, context = await read_typed(request), actor_of(request), PageContext.of(request)
    clock = services_of(request).market.clock
    answer = RedirectResponse(context.url("/account"), status_code=303)
    match typed.get("action"):
        case "act_for":
            wanted = [one.organisation.id for one in await organisations.of_person(actor.person_id)]
            if typed.get("organisation") not in wanted:
                raise HTTPException(404)
            token = await sessions.act_for(signed_in_of(request).session, typed["organisation"])
            keep_signed_in(request, answer, token)
        case "name" if name := _name(typed):
            await people.rename(actor, name, clock=clock)
        case "name_organisation" if (name := _name(typed)) and actor.is_any(Role.OWNER):
            await organisations.rename(actor, name, clock=clock)
        case "drop_footprint" if actor.organisation_id:
            await belongings.drop_footprint(actor, typed.get("footprint", ""))
        case "claim_mail" if actor.organisation_id:
            for order in await belongings.claimable(actor.email):
                await belongings.claim(actor, order, clock=clock)
        case "claim_link" if actor.organisation_id:
            try:
                order = await orders.find_by_token(_token_in(typed.get("link", "")))
                await belongings.claim(actor, order, clock=clock)
            except (OrderNotFound, AlreadyOwned):
                # an order of others looks like none
                errors = {"link": sentence("order_not_found", {}, context.locale)}
                return await _page(request, typed, errors=errors)
        case _:
            raise HTTPException(400)
    return answer


async def _page(request: Request, typed: Typed, *, errors: dict[str, str] | None = None) -> Response:
    actor = actor_of(request)
    belonging_to = await organisations.of_person(actor.person_id)
    current = next((one for one in belonging_to if one.organisation.id == actor.organisation_id), None)
    owned = await belongings.orders_of(actor.organisation_id, limit=SHOWN) if actor.organisation_id else []
    footprints = await belongings.footprints_of(actor.organisation_id, limit=SHOWN) if actor.organisation_id else []
    now = services_of(request).market.clock()
    past = await history(actor.organisation_id, last_months(japan_date(now))) if actor.organisation_id else ()
    runs = await bulk.runs_of(actor.organisation_id, now=now, limit=SHOWN) if actor.organisation_id else []
    invoiced = await invoices.invoiced([order.id for order in owned])
    certificates = await certificates_of(owned)
    return page_response(
        request,
        "pages/account/account.html",
        status=422 if errors else 200,
        current=current,
        belonging_to=belonging_to,
        orders=[
            OrderRow.of(order, certificates=certificates[order.id], has_invoice=order.id in invoiced) for order in owned
        ],
        balance_yen=await balance.balance_of(actor.organisation_id) if actor.organisation_id else 0,
        plans=len(await plans.of_address(actor.email)),
        footprints=[FootprintRow.of(one) for one in footprints],
        past=past if any(month.kept_g or month.certified_g for month in past) else (),
        past_places=[(month.kept_g, month.certified_g) for month in past],
        bulk_runs=[(run, BULK_KINDS[BulkState(run.state)]) for run in runs],
        claimable=len(await belongings.claimable(actor.email)) if actor.organisation_id else 0,
        roles=[role for role in Role if role in actor.roles],
        typed=typed,
        errors=errors or {},
    )


def _name(typed: Typed) -> str:
    return " ".join(typed.get("name", "").split())[: people.LONGEST_NAME]


def _token_in(link: str) -> str:
    """The last part of an order's address, or what was typed instead of it."""
    return urlsplit(link.strip()).path.rstrip("/").rpartition("/")[2][:64]
