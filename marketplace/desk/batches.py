"""From waiting items to a frozen application: by a person, or by the calendar's cut-off."""

from collections.abc import Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.database.transactions import run_tx
from marketplace.desk.authority import may_work_on
from marketplace.desk.errors import NothingWaits
from marketplace.desk.news import tell_orders
from marketplace.errors import MoveNotAllowed
from marketplace.ids import new_id
from marketplace.market import Market
from marketplace.orders.timeline import Happened
from marketplace.registries.desk.application import prepare
from marketplace.registries.desk.models import ApplicationRecord, ItemRecord, content_of
from marketplace.registries.desk.states import DeskState, ItemState

BATCHES_PER_SWEEP = 50


async def freeze(market: Market, actor: Actor, batch_key: str) -> str:
    """A person closes a batch before the calendar does. Returns the application's id. Raises NothingWaits."""

    async def work(tx: BaseDBAsyncClient) -> str:
        items = await _waiting(batch_key)
        if not items or not may_work_on(actor, items[0].provider_id):
            raise NothingWaits("nothing waits here any more")
        application_id = await _freeze(market, items, frozen_by=actor.person_id)
        await audit.record(tx, actor, "desk.freeze", application_id, None, {"items": len(items)}, at=market.clock())
        return application_id

    return await run_tx(work)


async def freeze_due(market: Market) -> None:
    """Sweep: every batch whose cut-off has passed is frozen as it was at the cut-off; what came later waits for the next."""
    due = await (
        ItemRecord.filter(state=ItemState.WAITING, freeze_at__lte=market.clock())
        .order_by("freeze_at")
        .limit(BATCHES_PER_SWEEP)
    )
    for batch_key in dict.fromkeys(item.batch_key for item in due):

        async def work(_: BaseDBAsyncClient, key: str = batch_key) -> None:
            now = market.clock()
            if items := [item for item in await _waiting(key) if item.freeze_at <= now]:
                await _freeze(market, items, frozen_by=None)

        await run_tx(work)


async def _waiting(batch_key: str) -> list[ItemRecord]:
    return await ItemRecord.filter(batch_key=batch_key, state=ItemState.WAITING).order_by("queued_at", "reference")


async def _freeze(market: Market, items: Sequence[ItemRecord], *, frozen_by: str | None) -> str:
    """Inside a transaction. Whoever comes second finds an item gone and freezes nothing (MoveNotAllowed)."""
    now = market.clock()
    oldest = items[0]
    # items under one key make one application; SerialAskedTwice would be a contradiction in our own books
    (application,) = prepare([item.as_item() for item in items], market.desk.profiles[oldest.registry])
    record = await ApplicationRecord.create(
        id=new_id("app", now),
        registry=oldest.registry,
        account=oldest.account,
        provider_id=oldest.provider_id,
        act=oldest.act,
        use_code=oldest.use_code,
        purpose_detail=oldest.purpose_detail,
        credit_user=oldest.credit_user,
        scope=oldest.scope,
        tonnes=application.tonnes,
        content=content_of(application),
        fingerprint=application.fingerprint(),
        state=DeskState.PREPARED,
        waiting_since=application.waiting_since,
        due_at=min(item.due_at for item in items),
        frozen_at=now,
        frozen_by=frozen_by,
    )
    references = [item.reference for item in items]
    frozen = await ItemRecord.filter(reference__in=references, state=ItemState.WAITING).update(
        state=ItemState.FROZEN, application_id=record.id
    )
    if frozen != len(references):
        raise MoveNotAllowed("part of the batch was frozen meanwhile", old=ItemState.WAITING, new=ItemState.FROZEN)
    await tell_orders(references, Happened.APPLICATION_FROZEN, at=now, application=record.id, registry=oldest.registry)
    return record.id
