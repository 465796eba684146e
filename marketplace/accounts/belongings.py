"""What belongs to an organisation: its orders and the footprints it keeps. Everything else is a guest's."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import AlreadyOwned, NotAMember
from marketplace.accounts.models import KeptFootprint, OrderOwner
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.footprints.models import StoredFootprint
from marketplace.ids import new_id
from marketplace.orders.models import Order


async def own(order_id: str, actor: Actor, *, now: datetime) -> None:
    """Inside the transaction that places the order."""
    await rows.insert(
        OrderOwner(order_id=order_id, organisation_id=_organisation_of(actor), by_whom=actor.person_id, since=now)
    )


async def owner_of(order_id: str) -> str | None:
    """The organisation, or None for a guest's order."""
    row = await OrderOwner.get_or_none(order_id=order_id)
    return row.organisation_id if row else None


async def orders_of(organisation_id: str, *, limit: int, before: str | None = None) -> Sequence[Order]:
    """The newest first; `before` is an order's id where the last page ended."""
    owned = OrderOwner.filter(organisation_id=organisation_id)
    rows = await (owned.filter(order_id__lt=before) if before else owned).order_by("-order_id").limit(limit)
    return await Order.filter(id__in=[row.order_id for row in rows]).order_by("-id")


async def claimable(email: str) -> Sequence[Order]:
    """Guest orders that were placed with this mail address, which its owner has verified by signing in."""
    with_address = await Order.filter(email__iexact=email).order_by("-id")
    owned = {row.order_id for row in await OrderOwner.filter(order_id__in=[order.id for order in with_address])}
    return [order for order in with_address if order.id not in owned]


def may_claim_by_address(actor: Actor | None, order: Order) -> bool:
    """Whether the order was placed with the address that the actor has verified, and it acts for an organisation."""
    if actor is None or actor.organisation_id is None or not order.email:
        return False
    return order.email.strip().lower() == actor.email


async def claim(actor: Actor, order: Order, *, clock: Clock) -> None:
    """Take a guest order for the actor's organisation; the caller has seen its link or its verified address.

    Raises AlreadyOwned. Claiming what is one's own changes nothing.
    """
    organisation_id = _organisation_of(actor)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = clock()
        row, new = await OrderOwner.get_or_create(
            {"organisation_id": organisation_id, "by_whom": actor.person_id, "since": now}, order_id=order.id
        )
        if row.organisation_id != organisation_id:
            raise AlreadyOwned("this order belongs to another organisation")
        if new:
            await audit.record(tx, actor, "order.claimed", order.id, None, {}, at=now)

    await run_tx(work)


async def keep_footprint(actor: Actor, footprint_id: str, *, now: datetime) -> None:
    """So that the organisation finds it again; twice is once."""
    await KeptFootprint.get_or_create(
        {"id": new_id("kfp", now), "kept_by": actor.person_id, "kept_at": now},
        organisation_id=_organisation_of(actor),
        footprint_id=footprint_id,
    )


async def drop_footprint(actor: Actor, footprint_id: str) -> None:
    """Off the list; the footprint itself stays, since an order may rest on it."""
    await KeptFootprint.filter(organisation_id=_organisation_of(actor), footprint_id=footprint_id).delete()


async def footprints_of(organisation_id: str, *, limit: int) -> Sequence[StoredFootprint]:
    rows = await KeptFootprint.filter(organisation_id=organisation_id).order_by("-id").limit(limit)
    return await StoredFootprint.filter(id__in=[row.footprint_id for row in rows]).order_by("-id")


def _organisation_of(actor: Actor) -> str:
    if actor.organisation_id is None:
        raise NotAMember("acts for no organisation")
    return actor.organisation_id
