"""The addresses of the sandbox registry: the protocol under /v1, its knobs under /admin."""

import asyncio
from sqlite3 import Connection
from typing import Any

from pydantic import RootModel
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from marketplace.registries.protocol import KEYS_PATH, MAX_PAGE, WireApplication, WireTransfer
from marketplace.registries.sandbox import books, cancellations, controls, transfers
from marketplace.registries.sandbox.answers import Answer, RegistryProblem
from marketplace.registries.sandbox.books import Seed, SeedContradicts
from marketplace.registries.sandbox.cancellations import ReferenceTaken
from marketplace.registries.sandbox.endpoints import Call, Registry, admin_endpoint, client_endpoint, read_body
from marketplace.registries.sandbox.faults import Fault, Operation
from marketplace.registries.sandbox.notice import MEDIA_TYPE, draw_notice
from marketplace.registries.sandbox.schedule import ClockOrder, ClockSetting, Schedule
from marketplace.registries.sandbox.transfers import TransferRefused


def routes() -> list[Route]:
    return [
        Route("/health", health),
        Route(KEYS_PATH, signing_keys),
        Route("/v1/registry", client_endpoint(None, about)),
        Route("/v1/accounts", client_endpoint(None, accounts)),
        Route("/v1/holdings", client_endpoint(Operation.HOLDINGS, holdings)),
        Route("/v1/cancellations", client_endpoint(Operation.SUBMIT, submit), methods=["POST"]),
        Route("/v1/cancellations", client_endpoint(Operation.LOOK_UP, look_up), methods=["GET"]),
        Route("/v1/notices/{number}/document", client_endpoint(Operation.DOCUMENT, document)),
        Route("/v1/transfers", client_endpoint(Operation.TRANSFER, transfer), methods=["POST"]),
        Route("/v1/transfers", client_endpoint(Operation.LOOK_UP, look_up_transfer), methods=["GET"]),
        Route("/admin/seed", admin_endpoint(seed), methods=["POST"]),
        Route("/admin/clock", admin_endpoint(set_clock), methods=["PUT"]),
        Route("/admin/clock", admin_endpoint(reset_clock), methods=["DELETE"]),
        Route("/admin/schedule", admin_endpoint(set_schedule), methods=["PUT"]),
        Route("/admin/faults", admin_endpoint(add_faults), methods=["POST"]),
        Route("/admin/faults", admin_endpoint(show_faults), methods=["GET"]),
        Route("/admin/faults", admin_endpoint(forget_faults), methods=["DELETE"]),
    ]


async def health(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


async def signing_keys(request: Request) -> JSONResponse:
    registry: Registry = request.app.state.registry
    return JSONResponse({"keys": [registry.key.as_dict(private=False)]})


async def about(call: Call) -> Answer:
    def look(db: Connection) -> dict[str, Any]:
        now = controls.clock(db).now()
        opens_at = controls.schedule(db).decision_moment(now)
        return {"now": now.isoformat(), "opens_at": opens_at.isoformat() if opens_at > now else None}

    return Answer.of({"name": call.registry.settings.name, "sandbox": True} | await call.registry.in_books(look))


async def accounts(call: Call) -> Answer:
    known = await call.registry.in_books(books.accounts)
    return Answer.of({"items": [account for account in known if call.client.may_act_for(account["id"])]})


async def holdings(call: Call) -> Answer:
    account = call.required("account")
    call.check_account(account)
    limit = _limit(call)
    after = _holdings_cursor(call.request.query_params.get("after"))

    def page(db: Connection) -> dict[str, Any]:
        cancellations.decide_due(db, controls.clock(db).now())
        held = books.holdings_page(db, account, after, limit)
        items = [{"account": h.account, "block": h.block, "serials": {"first": h.first, "last": h.last}} for h in held]
        more = f"{held[-1].first}:{held[-1].block}" if len(held) == limit else None
        return {"items": items, "next": more, "revision": books.revision(db)}

    return Answer.of(await call.registry.in_books(page))


async def submit(call: Call) -> Answer:
    wish = call.read(WireApplication)
    call.check_account(wish.account)

    def take(db: Connection) -> dict[str, Any]:
        return cancellations.apply(
            db,
            wish,
            client=call.client.name,
            now=controls.clock(db).now(),
            schedule=controls.schedule(db),
            unique_references=call.registry.settings.unique_references,
            fault=call.fault.kind if call.fault else None,
        )

    try:
        return Answer.of(await call.registry.in_books(take), 201)
    except ReferenceTaken as taken:
        raise RegistryProblem(409, taken.code, str(taken)) from taken


async def look_up(call: Call) -> Answer:
    """By reference: every application this client made under it. By account: all of them, page by page."""
    reference = call.request.query_params.get("reference")
    account = None if reference else call.required("account")
    if account is not None:
        call.check_account(account)
    limit, after = _limit(call), _number(call, "after", 0)

    def find(db: Connection) -> dict[str, Any]:
        cancellations.decide_due(db, controls.clock(db).now())
        if account is None:
            found = cancellations.by_reference(db, call.client.name, reference or "")
            return {"items": found, "next": None}
        found = cancellations.of_account(db, account, after, limit)
        return {"items": found, "next": str(found[-1]["id"]) if len(found) == limit else None}

    return Answer.of(await call.registry.in_books(find))


async def document(call: Call) -> Answer:
    number = call.request.path_params["number"]
    found = await call.registry.in_books(lambda db: cancellations.notice(db, number))
    if found is None or not call.client.may_act_for(found.account):
        raise RegistryProblem(404, "notice_unknown", number)
    if found.document is not None:
        return Answer(200, found.document, MEDIA_TYPE)
    drawn = await asyncio.to_thread(draw_notice, found.facts, title=found.title, serial_prefix=found.serial_prefix)
    kept = await call.registry.in_books(lambda db: cancellations.keep_document(db, number, drawn))
    return Answer(200, kept, MEDIA_TYPE)


async def transfer(call: Call) -> Answer:
    wish = call.read(WireTransfer)
    call.check_account(wish.from_account)

    def move(db: Connection) -> dict[str, Any]:
        now = controls.clock(db).now()
        cancellations.decide_due(db, now)
        return transfers.transfer(db, wish, client=call.client.name, now=now)

    try:
        return Answer.of(await call.registry.in_books(move), 201)
    except ReferenceTaken as taken:
        raise RegistryProblem(409, taken.code, str(taken)) from taken
    except TransferRefused as refused:
        raise RegistryProblem(422, refused.code, refused.reason) from refused


async def look_up_transfer(call: Call) -> Answer:
    reference = call.required("reference")
    found = await call.registry.in_books(lambda db: transfers.by_reference(db, call.client.name, reference))
    return Answer.of({"items": [found] if found else [], "next": None})


async def seed(registry: Registry, request: Request, body: bytes) -> Answer:
    wish = read_body(Seed, body)
    try:
        return Answer.of({"new": await registry.in_books(lambda db: books.load_seed(db, wish))})
    except SeedContradicts as contradiction:
        raise RegistryProblem(409, contradiction.code, str(contradiction)) from contradiction


async def set_clock(registry: Registry, request: Request, body: bytes) -> Answer:
    setting = read_body(ClockOrder, body).setting()
    await registry.in_books(lambda db: controls.keep(db, "clock", setting))
    return Answer.of({"now": setting.now().isoformat()})


async def reset_clock(registry: Registry, request: Request, body: bytes) -> Answer:
    setting = ClockSetting()
    await registry.in_books(lambda db: controls.keep(db, "clock", setting))
    return Answer.of({"now": setting.now().isoformat()})


async def set_schedule(registry: Registry, request: Request, body: bytes) -> Answer:
    """Applies to applications from now on; those already taken keep their moment."""
    schedule = read_body(Schedule, body)

    def keep(db: Connection) -> dict[str, Any]:
        now = controls.clock(db).now()
        next_decision = schedule.decision_moment(now)
        controls.keep(db, "schedule", schedule)
        return {"now": now.isoformat(), "an_application_now_is_decided_at": next_decision.isoformat()}

    try:
        return Answer.of(await registry.in_books(keep))
    except ValueError as never:
        raise RegistryProblem(422, "never_open", str(never)) from never


async def add_faults(registry: Registry, request: Request, body: bytes) -> Answer:
    wishes = read_body(RootModel[Fault | list[Fault]], body).root
    faults = wishes if isinstance(wishes, list) else [wishes]
    await registry.in_books(lambda db: controls.add_faults(db, faults))
    return Answer.of({"added": len(faults)}, 201)


async def show_faults(registry: Registry, request: Request, body: bytes) -> Answer:
    return Answer.of({"items": await registry.in_books(controls.waiting_faults)})


async def forget_faults(registry: Registry, request: Request, body: bytes) -> Answer:
    await registry.in_books(controls.forget_faults)
    return Answer.of({"items": []})


def _limit(call: Call) -> int:
    return max(1, min(MAX_PAGE, _number(call, "limit", MAX_PAGE)))


def _number(call: Call, name: str, default: int) -> int:
    text = call.request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise RegistryProblem(400, "parameter_not_valid", name)
    return int(text)


def _holdings_cursor(text: str | None) -> tuple[str, int]:
    if text is None:
        return "", 0
    first, _, block = text.partition(":")
    if not (first.isascii() and first.isdigit() and len(first) <= 15):
        raise RegistryProblem(400, "parameter_not_valid", "after")
    return block, int(first)
