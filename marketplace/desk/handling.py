"""What a person does with an application until it is done at the registry. Every step is in the audit trail."""

from datetime import date, datetime

from pydantic import JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from marketplace.desk.authority import worked_on_by
from marketplace.desk.decisions import wake
from marketplace.desk.errors import ActInFuture, FieldsTooLong
from marketplace.desk.moves import held_by, move
from marketplace.desk.news import tell_orders
from marketplace.market import Market
from marketplace.orders.timeline import Happened
from marketplace.registries.desk.models import ApplicationRecord, ItemRecord
from marketplace.registries.desk.states import DeskState, ItemState, check_unchanged
from marketplace.registries.form_limits import too_long


async def take(market: Market, actor: Actor, application_id: str) -> None:
    """From now on this person holds it. Raises ApplicationNotFound, MoveNotAllowed if somebody else was faster."""

    async def work(tx: BaseDBAsyncClient) -> None:
        application = await worked_on_by(actor, application_id)
        now = market.clock()
        await move(application, DeskState.PREPARED, DeskState.TAKEN, holder=actor.person_id, held_since=now)
        await audit.record(tx, actor, "desk.take", application.id, None, {}, at=now)

    await run_tx(work)


async def put_back(market: Market, actor: Actor, application_id: str) -> None:
    """Somebody else may take it. Raises ApplicationNotFound, HeldBySomebodyElse, MoveNotAllowed."""

    async def work(tx: BaseDBAsyncClient) -> None:
        application = held_by(actor, await worked_on_by(actor, application_id))
        await move(application, DeskState.TAKEN, DeskState.PREPARED, holder=None, held_since=None)
        await audit.record(tx, actor, "desk.put_back", application.id, None, {}, at=market.clock())

    await run_tx(work)


async def take_over(market: Market, actor: Actor, application_id: str, reason: str) -> None:
    """From a colleague who cannot finish it. Raises ApplicationNotFound, ReasonMissing, MoveNotAllowed."""
    because = audit.stated(reason)

    async def work(tx: BaseDBAsyncClient) -> None:
        application = await worked_on_by(actor, application_id)
        now, before = market.clock(), application.holder
        state = DeskState(application.state)
        await move(application, state, state, holder=actor.person_id, held_since=now)
        await audit.record(tx, actor, "desk.take_over", application.id, because, {"from": before}, at=now)

    await run_tx(work)


async def record_act(market: Market, actor: Actor, application_id: str, *, executed_on: date, seen: str) -> None:
    """The person has done it at the registry, on this day in Japan; `seen` is the fingerprint it read from.

    Raises ApplicationNotFound, HeldBySomebodyElse, ApplicationChanged, FieldsTooLong, ActInFuture, MoveNotAllowed.
    """

    async def work(tx: BaseDBAsyncClient) -> None:
        record = held_by(actor, await worked_on_by(actor, application_id))
        application = record.as_frozen()
        check_unchanged(seen=seen, fingerprint=application.fingerprint())
        if faults := too_long(application, market.desk.profiles[record.registry]):
            raise FieldsTooLong("too long for the form", fields=", ".join(fault.field for fault in faults))
        now = market.clock()
        if executed_on > japan_date(now):
            raise ActInFuture(f"{executed_on} is still to come")
        await move(
            record,
            DeskState.TAKEN,
            DeskState.EXECUTED,
            executed_by=actor.person_id,
            executed_at=now,
            executed_on=executed_on,
        )
        await _tell(record, Happened.CANCELLATION_REQUESTED, at=now)
        detail: dict[str, JsonValue] = {
            "executed_on": executed_on.isoformat(),
            "fingerprint": seen,
            "tonnes": record.tonnes,
        }
        await audit.record(tx, actor, "desk.record_act", record.id, None, detail, at=now)

    await run_tx(work)


async def undo_act(market: Market, actor: Actor, application_id: str, reason: str) -> None:
    """It was recorded as done at the registry, but had not been. Raises as put_back, and ReasonMissing."""
    because = audit.stated(reason)

    async def work(tx: BaseDBAsyncClient) -> None:
        application = held_by(actor, await worked_on_by(actor, application_id))
        await move(
            application, DeskState.EXECUTED, DeskState.TAKEN, executed_by=None, executed_at=None, executed_on=None
        )
        now = market.clock()
        await _tell(application, Happened.AT_THE_DESK, at=now)
        await audit.record(tx, actor, "desk.undo_act", application.id, because, {}, at=now)

    await run_tx(work)


async def withdraw(market: Market, actor: Actor, application_id: str, reason: str) -> None:
    """Nothing was done at the registry: the items wait again, for another application. Raises ApplicationNotFound,
    HeldBySomebodyElse, ReasonMissing, MoveNotAllowed."""
    because = audit.stated(reason)

    async def work(tx: BaseDBAsyncClient) -> None:
        application = await worked_on_by(actor, application_id)
        if application.state != DeskState.PREPARED:
            held_by(actor, application)
        now = market.clock()
        await move(application, DeskState(application.state), DeskState.WITHDRAWN, decided_at=now)
        await ItemRecord.filter(application_id=application.id).update(state=ItemState.WAITING, application_id=None)
        await audit.record(tx, actor, "desk.withdraw", application.id, because, {}, at=now)

    await run_tx(work)


async def refuse(market: Market, actor: Actor, application_id: str, reason: str) -> None:
    """The registry did not accept the application, and said why: every order in it learns that. Raises as put_back, and
    ReasonMissing."""
    because = audit.stated(reason)

    async def work(tx: BaseDBAsyncClient) -> None:
        application = held_by(actor, await worked_on_by(actor, application_id))
        now = market.clock()
        references = [item.request.reference for item in application.as_frozen().items]
        await move(
            application,
            DeskState(application.state),
            DeskState.REFUSED,
            decided_at=now,
            rejection_reason=because,
        )
        await ItemRecord.filter(application_id=application.id).update(
            state=ItemState.REJECTED, rejection_reason=because, decided_at=now
        )
        await wake(tx, references, at=now)
        await audit.record(tx, actor, "desk.refuse", application.id, because, {"items": len(references)}, at=now)

    await run_tx(work)


async def _tell(record: ApplicationRecord, kind: Happened, *, at: datetime) -> None:
    references = [item.request.reference for item in record.as_frozen().items]
    await tell_orders(references, kind, at=at, application=record.id, registry=record.registry)
