"""The queue of the desk: what waits to be frozen, what is under way, who holds it and by when it is due."""

from dataclasses import replace
from datetime import datetime
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.desk_view import KINDS, age
from frontend.forms import read_typed
from frontend.market_words import MarketWords
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.wording import words as say
from marketplace.desk import batches, queue
from marketplace.desk.authority import READERS, WORKERS
from marketplace.desk.errors import NothingWaits
from marketplace.desk.queue import Cursor, Filters
from marketplace.errors import MoveNotAllowed
from marketplace.registries.desk.states import OPEN, DeskState


@only(*READERS)
async def page(request: Request) -> Response:
    return await _queue(request)


@only(*WORKERS)
async def freeze(request: Request) -> Response:
    """Close a batch now; its application opens. A batch that somebody else has closed meanwhile is said to be gone."""
    typed = await read_typed(request)
    try:
        application_id = await batches.freeze(services_of(request).market, actor_of(request), typed.get("batch", ""))
    except (NothingWaits, MoveNotAllowed):
        return await _queue(request, status=409, problem="nothing_waits")
    return RedirectResponse(PageContext.of(request).url(f"/desk/applications/{application_id}"), status_code=303)


async def _queue(request: Request, *, status: int = 200, problem: str = "") -> Response:
    actor, market, context = actor_of(request), services_of(request).market, PageContext.of(request)
    now = market.clock()
    filters, after = _wishes(request, actor.person_id)
    found = await queue.applications(actor, filters, after=after, now=now)
    wishes = {name: value for name, value in request.query_params.items() if name not in {"due", "after"}}
    following = found.following
    words = MarketWords(context.locale)
    return page_response(
        request,
        "pages/desk/queue.html",
        status=status,
        problem=sentence(problem, {}, context.locale) if problem else "",
        entries=found.entries,
        batches=[] if after or filters.state or filters.holder is not None else await queue.batches(actor, filters),
        counts=await queue.counts(actor, now=now),
        decided=await queue.decided(actor),
        accounts=[
            (f"{registry}/{account}", f"{words.registry(registry)} {account}")
            for registry, account in await queue.accounts(actor)
        ],
        state_options=[(state.value, say("desk", f"state.{state}", context.locale)) for state in OPEN],
        wishes={name: wishes.get(name, "") for name in ("account", "state", "holder", "overdue")},
        following=urlencode({**wishes, "due": following.due_at.isoformat(), "after": following.id})
        if following
        else "",
        first_page=after is None,
        may_work=actor.is_any(*WORKERS),
        now=now,
        registry=words.registry,
        use=lambda registry, code: words.name(market.desk.profiles[registry].use(code).name),
        kind_of=lambda state: KINDS[DeskState(state)],
        age=lambda since: age(now - since, context.locale),
    )


def _wishes(request: Request, person_id: str) -> tuple[Filters, Cursor | None]:
    """Raises HTTPException 404 for an address that no page of ours makes."""
    wanted = request.query_params
    try:
        filters = Filters(
            state=DeskState(wanted["state"]) if wanted.get("state") else None,
            holder={"me": person_id, "nobody": "", "": None}[wanted.get("holder", "")],
            overdue=wanted.get("overdue") == "yes",
        )
        after = Cursor(datetime.fromisoformat(wanted["due"]), wanted["after"]) if wanted.get("after") else None
    except (KeyError, ValueError) as odd:
        raise HTTPException(404) from odd
    if after is not None and after.due_at.utcoffset() is None:
        raise HTTPException(404)
    registry, _, account = wanted.get("account", "").partition("/")
    return replace(filters, registry=registry or None, account=account or None), after
