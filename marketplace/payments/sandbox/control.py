"""The test controls under /sandbox: what shall go wrong, which webhooks go when, and what the rest of the world does.

The caller shows the same secret key as for the API. Bodies are JSON; a wrong one is answered 422 with what is wrong.
"""

import random
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from marketplace.payments.sandbox import accounts, clock, deferred, due, faults, payments, refunds
from marketplace.payments.sandbox.api import admit
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.courier import Courier
from marketplace.payments.sandbox.database import Database
from marketplace.payments.sandbox.errors import ApiError, JsonObject
from marketplace.payments.sandbox.faults import FaultKind
from marketplace.payments.sandbox.settings import SandboxPaymentSettings

Endpoint = Callable[[Request], Awaitable[Response]]
Count = Annotated[int, Field(ge=1, le=100_000)]


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


AnyOrder = TypeVar("AnyOrder", bound=Order)


class FaultOrder(Order):
    kind: FaultKind
    calls: Count = 1
    method: Literal["GET", "POST"] | None = None
    path: str | None = None
    seconds: Annotated[float, Field(ge=0, le=120)] = 30


class EventRuleOrder(Order):
    action: Literal["drop", "delay", "duplicate", "hold"]
    events: Count = 1
    type: str | None = None
    seconds: Annotated[float, Field(ge=0)] = 0
    copies: Annotated[int, Field(ge=2, le=20)] = 2


class DeliveryOrder(Order):
    """Without `events`: all that wait or are held. `seed` makes a shuffled order the same each time."""

    events: list[str] | None = None
    order: Literal["oldest_first", "newest_first", "shuffled"] = "oldest_first"
    times: Annotated[int, Field(ge=1, le=20)] = 1
    seed: int = 0


class ClockOrder(Order):
    advance_seconds: Annotated[float, Field(ge=0, le=400 * 86_400)]


class DisputeOrder(Order):
    payment_intent: str
    amount: Count | None = None
    reason: str = "fraudulent"


class DisputeCloseOrder(Order):
    status: Literal["won", "lost"]


class ArrivalOrder(Order):
    """Yen that arrive at a store's till or by bank transfer."""

    amount: Annotated[int, Field(ge=1)]


class Control:
    def __init__(self, settings: SandboxPaymentSettings, database: Database, courier: Courier) -> None:
        self._settings, self._database, self._courier = settings, database, courier

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/faults", self._guarded(self._add_fault), methods=["POST"]),
            Route("/sandbox/faults", self._guarded(self._clear_faults), methods=["DELETE"]),
            Route("/sandbox/event-rules", self._guarded(self._add_event_rule), methods=["POST"]),
            Route("/sandbox/event-rules", self._guarded(self._clear_event_rules), methods=["DELETE"]),
            Route("/sandbox/deliveries", self._guarded(self._list_deliveries), methods=["GET"]),
            Route("/sandbox/deliveries", self._guarded(self._deliver), methods=["POST"]),
            Route("/sandbox/clock", self._guarded(self._advance_clock), methods=["POST"]),
            Route("/sandbox/disputes", self._guarded(self._open_dispute), methods=["POST"]),
            Route("/sandbox/disputes/{id}/close", self._guarded(self._close_dispute), methods=["POST"]),
            Route("/sandbox/payments/{id}/arrive", self._guarded(self._arrive), methods=["POST"]),
            Route("/sandbox/accounts/{id}/restrict", self._guarded(self._restrict_account), methods=["POST"]),
            Route("/sandbox/refunds/{id}/succeed", self._guarded(self._succeed_refund), methods=["POST"]),
            Route("/sandbox/refunds/{id}/fail", self._guarded(self._fail_refund), methods=["POST"]),
        ]

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def guarded(request: Request) -> Response:
            try:
                admit(request, self._settings.api_key)
                return await endpoint(request)
            except ApiError as error:
                return JSONResponse(error.body(), error.status)
            except ValidationError as error:
                return JSONResponse({"errors": error.errors(include_url=False, include_context=False)}, 422)
            finally:
                self._courier.wake()

        return guarded

    def _act(self, act: Callable[[Books], JsonObject]) -> Response:
        with self._database.transaction() as connection:
            books = Books(connection, subscribed=self._settings.subscribed)
            due.settle(books)
            return JSONResponse(act(books))

    async def _add_fault(self, request: Request) -> Response:
        order = await _read(FaultOrder, request)
        with self._database.transaction() as connection:
            faults.add(
                connection,
                order.kind,
                method=order.method,
                path=order.path,
                seconds=order.seconds,
                calls=order.calls,
            )
        return JSONResponse(order.model_dump(mode="json"))

    async def _clear_faults(self, _request: Request) -> Response:
        with self._database.transaction() as connection:
            faults.clear(connection)
        return Response(status_code=204)

    async def _add_event_rule(self, request: Request) -> Response:
        order = await _read(EventRuleOrder, request)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO event_rule (action, type, seconds, copies, remaining) VALUES (?, ?, ?, ?, ?)",
                [order.action, order.type, order.seconds, order.copies, order.events],
            )
        return JSONResponse(order.model_dump(mode="json"))

    async def _clear_event_rules(self, _request: Request) -> Response:
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM event_rule")
        return Response(status_code=204)

    async def _list_deliveries(self, _request: Request) -> Response:
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT delivery.id, event, type, state, due, attempts, answer "
                "FROM delivery JOIN event ON event.id = delivery.event ORDER BY delivery.id"
            ).fetchall()
        return JSONResponse({"deliveries": [dict(row) for row in rows]})

    async def _deliver(self, request: Request) -> Response:
        order = await _read(DeliveryOrder, request)
        events = self._waiting() if order.events is None else order.events
        if order.order == "newest_first":
            events.reverse()
        elif order.order == "shuffled":
            random.Random(order.seed).shuffle(events)  # noqa: S311  # a test's order, not a secret
        delivered = await self._courier.deliver_now(events, times=order.times)
        return JSONResponse(
            {"delivered": [{"event": done.event, "type": done.type, "answer": done.answer} for done in delivered]}
        )

    def _waiting(self) -> list[str]:
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT event, min(id) AS place FROM delivery WHERE state IN ('queued', 'held') "
                "GROUP BY event ORDER BY place"
            ).fetchall()
        return [row["event"] for row in rows]

    async def _advance_clock(self, request: Request) -> Response:
        order = await _read(ClockOrder, request)
        with self._database.transaction() as connection:
            clock.advance(connection, order.advance_seconds)
            books = Books(connection, subscribed=self._settings.subscribed)
            due.settle(books)
            return JSONResponse({"now": books.now})

    async def _open_dispute(self, request: Request) -> Response:
        order = await _read(DisputeOrder, request)

        def act(books: Books) -> JsonObject:
            intent = books.get("payment_intent", order.payment_intent)
            charge = books.get("charge", intent["latest_charge"] or "")
            amount = charge["amount"] - charge["amount_refunded"] if order.amount is None else order.amount
            return payments.dispute(books, charge, amount=amount, reason=order.reason)

        return self._act(act)

    async def _close_dispute(self, request: Request) -> Response:
        order = await _read(DisputeCloseOrder, request)
        return self._act(
            lambda books: payments.close_dispute(books, request.path_params["id"], won=order.status == "won")
        )

    async def _arrive(self, request: Request) -> Response:
        order = await _read(ArrivalOrder, request)

        def act(books: Books) -> JsonObject:
            intent = books.get("payment_intent", request.path_params["id"])
            deferred.arrive(books, intent, order.amount)
            return intent

        return self._act(act)

    async def _restrict_account(self, request: Request) -> Response:
        return self._act(lambda books: accounts.restrict(books, request.path_params["id"]))

    async def _succeed_refund(self, request: Request) -> Response:
        return self._act(lambda books: refunds.succeed(books, request.path_params["id"]))

    async def _fail_refund(self, request: Request) -> Response:
        return self._act(lambda books: refunds.fail(books, request.path_params["id"]))


async def _read(model: type[AnyOrder], request: Request) -> AnyOrder:
    return model.model_validate_json(await request.body())
