"""What happened to an organisation's orders, certificates, products and plans, as a feed to be read at any time."""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from api.calls import Call, Reply
from api.endpoints import endpoint
from api.v1.shapes import Id, PageSize, View, Wish
from marketplace.accounts.keys import Scope
from marketplace.notifications import feed
from marketplace.notifications.endpoints import organisation_of
from marketplace.notifications.errors import EventNotFound
from marketplace.notifications.kinds import EventType


class EventsQuery(Wish):
    after: Annotated[
        Id | None, Field(description="The id of the last event you have read; leave out to begin with the oldest.")
    ] = None
    limit: PageSize = 25


class EventMessage(View):
    """The same object as the body of a webhook. `data` depends on the type; it holds no personal names and no tokens."""

    id: str
    type: EventType
    timestamp: datetime
    data: dict[str, Any]


class EventsView(View):
    """The oldest first. `next_after` is where to go on, now or later; it stays the same while nothing happens."""

    data: list[EventMessage]
    has_more: bool
    next_after: str | None


@endpoint(
    "GET",
    "/v1/events",
    answers={200: EventsView},
    refuses=(EventNotFound,),
    tag="Events and webhooks",
    scope=Scope.EVENTS_READ,
    only_with_key=True,
)
async def list_events(call: Call, query: EventsQuery) -> Reply:
    """Read your organisation's events

    Each has its place for good: whoever has read up to one event never finds an older one later. They are kept for 30 days and are the
    very messages that webhooks carry, so the feed fills whatever gap a receiver has.
    """
    found = await feed.events_after(organisation_of(call.actor), query.after, limit=query.limit + 1)
    page = found[: query.limit]
    return Reply(
        EventsView(
            data=[EventMessage.model_validate(json.loads(event.body)) for event in page],
            has_more=len(found) > query.limit,
            next_after=page[-1].id if page else query.after,
        )
    )
