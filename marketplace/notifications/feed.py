"""The events of an organisation, for as long as they are kept."""

from collections.abc import Sequence
from datetime import datetime

from marketplace.notifications.errors import EventNotFound
from marketplace.notifications.models import EventRecord, Untold
from marketplace.notifications.telling import KEPT_FOR


async def events_after(organisation_id: str, event_id: str | None, *, limit: int) -> Sequence[EventRecord]:
    """The oldest first; with None from the oldest that is kept. Raises EventNotFound for an event that is not (or no longer) there."""
    found = EventRecord.filter(organisation_id=organisation_id)
    if event_id is not None:
        last = await found.get_or_none(id=event_id)
        if last is None:
            raise EventNotFound(f"no event {event_id} is kept", event_id=event_id)
        found = found.filter(position__gt=last.position)
    return await found.order_by("position").limit(limit)


async def forget_old(now: datetime) -> None:
    """Thirty days after an event was told it goes, and with it how it was delivered."""
    await EventRecord.filter(told_at__lte=now - KEPT_FOR).delete()


async def anything_untold() -> bool:
    return await Untold.exists()
