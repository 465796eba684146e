"""Where an organisation wants its events sent: endpoints, their secrets, and the log of what was delivered."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from api.calls import Call, Reply
from api.endpoints import endpoint
from api.v1.shapes import Cursor, Id, Page, PageSize, View, Wish, cursor_after, malformed_cursor, place_in
from marketplace.accounts.keys import Scope
from marketplace.notifications import endpoints
from marketplace.notifications.addresses import LONGEST_URL
from marketplace.notifications.endpoints import LONGEST_DESCRIPTION, Logged, organisation_of
from marketplace.notifications.errors import (
    AddressNotAllowed,
    EndpointExists,
    EndpointNotFound,
    EventNotFound,
    TooManyEndpoints,
)
from marketplace.notifications.kinds import EventType
from marketplace.notifications.models import Endpoint

TAG = "Events and webhooks"


class EndpointBody(Wish):
    """An address that takes your events. Without `types`, or with an empty list, it gets all of them."""

    url: Annotated[str, Field(min_length=1, max_length=LONGEST_URL, description="https, and a public address.")]
    types: Annotated[tuple[EventType, ...], Field(max_length=len(EventType))] = ()
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION, pattern=r"^[^\x00]*$")] = ""


class EndpointPath(Wish):
    id: Id


class SwitchBody(Wish):
    enabled: bool


class ReplayBody(Wish):
    """One event by its id, or everything that the endpoint wants since a time."""

    event_id: Id | None = None
    since: AwareDatetime | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.event_id is None) == (self.since is None):
            raise ValueError("give either event_id or since")
        return self


class DeliveriesQuery(Wish):
    limit: PageSize = 25
    cursor: Cursor = None


class EndpointView(View):
    """`disabled_because`: `gone` (it answered 410), `failing` (it took nothing for three days) or `by_owner`."""

    id: str
    url: str
    types: list[EventType]
    description: str
    enabled: bool
    disabled_because: Literal["gone", "failing", "by_owner"] | None
    created_at: datetime


class NewEndpointView(EndpointView):
    """`secret` is shown this once: keep it where your receiver checks signatures."""

    secret: str


class SecretView(View):
    """The new secret, shown this once. The old one signs beside it for 24 hours."""

    secret: str


class TestView(View):
    event_id: str


class ReplayView(View):
    """How many events are on their way again."""

    events: int


class DeletedView(View):
    id: str
    deleted: Literal[True]


class EndpointsView(View):
    data: list[EndpointView]


class AttemptView(View):
    """`outcome` is null while the request is under way; `snippet` is the beginning of the receiver's answer."""

    at: datetime
    outcome: str | None
    status: int | None
    duration_ms: int | None
    snippet: str


class DeliveryView(View):
    """`next_at` is when it is tried again, while it waits."""

    event_id: str
    type: EventType
    state: Literal["waiting", "delivered", "given_up"]
    next_at: datetime | None
    attempts: list[AttemptView]


@endpoint(
    "POST",
    "/v1/webhook_endpoints",
    answers={201: NewEndpointView},
    refuses=(AddressNotAllowed, EndpointExists, TooManyEndpoints),
    tag=TAG,
    example={"url": "$WEBHOOK_URL", "types": ["order.paid", "certificate.issued"]},
    scope=Scope.WEBHOOKS_WRITE,
    only_with_key=True,
)
async def create_webhook_endpoint(call: Call, body: EndpointBody) -> Reply:
    """Register an endpoint

    Messages follow Standard Webhooks: check `webhook-signature` with the secret before you believe one. An address exists once per
    organisation, so repeating this request makes no second one: it is refused, and a lost secret is replaced by rotating it.
    """
    made, secret = await endpoints.register(
        call.services.market, call.actor, body.url, types=set(body.types), description=body.description
    )
    location = f"{call.services.public_origin}/v1/webhook_endpoints/{made.id}"
    return Reply(NewEndpointView(**_facts(made), secret=secret), 201, location=location)


@endpoint(
    "GET",
    "/v1/webhook_endpoints",
    answers={200: EndpointsView},
    tag=TAG,
    scope=Scope.WEBHOOKS_WRITE,
    only_with_key=True,
)
async def list_webhook_endpoints(call: Call) -> Reply:
    """List your endpoints"""
    rows = await endpoints.of_organisation(organisation_of(call.actor))
    return Reply(EndpointsView(data=[EndpointView(**_facts(row)) for row in rows]))


@endpoint(
    "GET",
    "/v1/webhook_endpoints/{id}",
    answers={200: EndpointView},
    refuses=(EndpointNotFound,),
    tag=TAG,
    scope=Scope.WEBHOOKS_WRITE,
    only_with_key=True,
)
async def read_webhook_endpoint(call: Call, path: EndpointPath) -> Reply:
    """Read an endpoint"""
    return Reply(EndpointView(**_facts(await endpoints.find(call.actor, path.id))))


@endpoint(
    "DELETE",
    "/v1/webhook_endpoints/{id}",
    answers={200: DeletedView},
    refuses=(EndpointNotFound,),
    tag=TAG,
    scope=Scope.WEBHOOKS_WRITE,
    only_with_key=True,
)
async def delete_webhook_endpoint(call: Call, path: EndpointPath) -> Reply:
    """Delete an endpoint

    At once and with its log. What was still waiting is not sent; the events stay in the feed.
    """
    await endpoints.delete(call.services.market, call.actor, path.id)
    return Reply(DeletedView(id=path.id, deleted=True))


@endpoint(
    "POST",
    "/v1/webhook_endpoints/{id}/switch",
    answers={200: EndpointView},
    refuses=(EndpointNotFound,),
    tag=TAG,
    example={"enabled": True},
    scope=Scope.WEBHOOKS_WRITE,
    only_with_key=True,
)
async def switch_webhook_endpoint(call: Call, path: EndpointPath, body: SwitchBody) -> Reply:
    """Switch an endpoint on or off

    On: what waits is sent now. What happened while it was off is not sent by itself; replay it.
    """
    return Reply(
        EndpointView(**_facts(await endpoints.switch(call.services.market, call.actor, path.id, on=body.enabled)))
    )


@endpoint(
    "POST",
    "/v1/webhook_endpoints/{id}/rotate",
    answers={200: SecretView},
    refuses=(EndpointNotFound,),
    tag=TAG,
    scope=Scope.WEBHOOKS_WRITE,
    only_with_key=True,
)
async def rotate_webhook_secret(call: Call, path: EndpointPath) -> Reply:
    """Change an endpoint's secret

    For 24 hours messages carry a signature of the old secret too, so that the receiver can change in its own time.
    """
    return Reply(SecretView(secret=await endpoints.rotate(call.services.market, call.actor, path.id)))


@endpoint(
    "POST",
    "/v1/webhook_endpoints/{id}/test",
    answers={202: TestView},
    refuses=(EndpointNotFound,),
    tag=TAG,
    scope=Scope.WEBHOOKS_WRITE,
    only_with_key=True,
)
async def test_webhook_endpoint(call: Call, path: EndpointPath) -> Reply:
    """Send a test event

    An event of type `endpoint.test` goes to this endpoint alone; its log shows how it went.
    """
    event = await endpoints.send_test(call.services.market, call.actor, path.id)
    return Reply(TestView(event_id=event.id), 202)


@endpoint(
    "POST",
    "/v1/webhook_endpoints/{id}/replay",
    answers={202: ReplayView},
    refuses=(EndpointNotFound, EventNotFound),
    tag=TAG,
    example={"since": "2026-11-20T00:00:00Z"},
    scope=Scope.WEBHOOKS_WRITE,
    only_with_key=True,
)
async def replay_webhooks(call: Call, path: EndpointPath, body: ReplayBody) -> Reply:
    """Send events again

    Also those that the endpoint never got. The messages keep their `webhook-id`, by which a receiver knows what it has seen.
    """
    count = await endpoints.replay(call.services.market, call.actor, path.id, event_id=body.event_id, since=body.since)
    return Reply(ReplayView(events=count), 202)


@endpoint(
    "GET",
    "/v1/webhook_endpoints/{id}/deliveries",
    answers={200: Page[DeliveryView]},
    refuses=(EndpointNotFound,),
    tag=TAG,
    scope=Scope.WEBHOOKS_WRITE,
    only_with_key=True,
)
async def list_deliveries(call: Call, path: EndpointPath, query: DeliveriesQuery) -> Reply:
    """Read an endpoint's log

    The newest events first, each with every attempt: when, how it ended, how long it took, and how the answer began.
    """
    before = None
    if query.cursor is not None:
        (place,) = place_in(query.cursor, 1)
        if not (place.isascii() and place.isdigit() and len(place) <= 18):
            raise malformed_cursor()
        before = int(place)
    found = await endpoints.log_of(call.actor, path.id, limit=query.limit + 1, before=before)
    page = found[: query.limit]
    more = len(found) > query.limit
    return Reply(
        Page[DeliveryView](
            data=[_delivery(logged) for logged in page],
            next_cursor=cursor_after(str(page[-1].delivery.position)) if more else None,
        )
    )


def _facts(row: Endpoint) -> dict[str, object]:
    return {
        "id": row.id,
        "url": row.url,
        "types": [EventType(type_) for type_ in row.types.split()],
        "description": row.description,
        "enabled": row.disabled_at is None,
        "disabled_because": row.disabled_because,
        "created_at": row.created_at,
    }


def _delivery(logged: Logged) -> DeliveryView:
    return DeliveryView.model_validate(
        {
            "event_id": logged.delivery.event_id,
            "type": EventType(logged.type),
            "state": logged.delivery.state,
            "next_at": logged.delivery.next_at,
            "attempts": [
                AttemptView(
                    at=attempt.at,
                    outcome=attempt.outcome,
                    status=attempt.status,
                    duration_ms=attempt.duration_ms,
                    snippet=attempt.snippet,
                )
                for attempt in logged.attempts
            ],
        }
    )
