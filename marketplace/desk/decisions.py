"""What a matched notice settles: the application, each of its items, and the retirements that wait for them."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.desk.moves import move
from marketplace.errors import MoveNotAllowed
from marketplace.outbox import service as outbox
from marketplace.registries.desk.entered_notice import Settlement
from marketplace.registries.desk.models import ApplicationRecord, ItemRecord
from marketplace.registries.desk.states import DeskState, ItemState


async def settle_items(
    tx: BaseDBAsyncClient,
    application: ApplicationRecord,
    settlement: Settlement,
    actor: Actor,
    *,
    now: datetime,
    **notice: Any,
) -> DeskState:
    """Inside a transaction. An item of which the notice names nothing waits again; the others are decided for good."""
    done = DeskState.PARTLY_CONFIRMED if settlement.remaining else DeskState.CONFIRMED
    await move(application, DeskState(application.state), done, confirmed_by=actor.person_id, decided_at=now, **notice)
    for reference, share in settlement.confirmed.items():
        partly = reference in settlement.remaining
        decided = await ItemRecord.filter(reference=reference, state=ItemState.FROZEN).update(
            state=ItemState.PARTLY_CONFIRMED if partly else ItemState.CONFIRMED,
            confirmed_serials=json.dumps([[span.first, span.last] for span in share.serials]),
            decided_at=now,
        )
        if decided != 1:
            raise MoveNotAllowed(f"{reference} is no longer frozen", old=ItemState.FROZEN, new=ItemState.CONFIRMED)
    await ItemRecord.filter(application_id=application.id, state=ItemState.FROZEN).update(
        state=ItemState.WAITING, application_id=None
    )
    await wake(tx, settlement.confirmed, at=now)
    return done


async def wake(tx: BaseDBAsyncClient, references: Iterable[str], *, at: datetime) -> None:
    """Their retirements need not wait until they would look again. Our reference is the retirement's id."""
    for reference in references:
        await outbox.add(tx, "retirement.advance", f"desk:{reference}", {"retirement_id": reference}, at=at)
