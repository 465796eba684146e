"""What happens around every call: the caller's key, faults on request, parameters, idempotency.

One call is one transaction: its effect and the answer kept under its idempotency key stand or fall together.
"""

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from marketplace.payments.sandbox import due, faults, idempotency
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.calls import Call, all_calls
from marketplace.payments.sandbox.database import Database, savepoint
from marketplace.payments.sandbox.errors import ApiError, invalid
from marketplace.payments.sandbox.events import API_VERSION
from marketplace.payments.sandbox.faults import Fault, FaultKind
from marketplace.payments.sandbox.forms import check, parse
from marketplace.payments.sandbox.idempotency import Answer
from marketplace.payments.sandbox.listing import expand
from marketplace.payments.sandbox.settings import SandboxPaymentSettings

FORM = "application/x-www-form-urlencoded"

INTERNAL_ERROR = ApiError(500, "api_error", "An unexpected error occurred, on request.")
RATE_LIMITED = ApiError(429, "invalid_request_error", "Request rate limit exceeded, on request.", code="rate_limit")
IN_FLIGHT = ApiError(
    409,
    "idempotency_error",
    "There is currently another in-progress request using this idempotency key, on request.",
    code="idempotency_key_in_use",
)


class Api:
    """`changed` is told after every call, since it may have queued a webhook."""

    def __init__(self, settings: SandboxPaymentSettings, database: Database, changed: Callable[[], None]) -> None:
        self._settings, self._database, self._changed = settings, database, changed

    def routes(self) -> list[Route]:
        known = [Route(call.path, self._endpoint(call), methods=[call.method]) for call in all_calls(self._settings)]
        return [*known, Route("/v1/{rest:path}", self._unknown, methods=["GET", "POST", "DELETE"])]

    def _endpoint(self, call: Call) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            request_id = _new_request_id()
            try:
                admit(request, self._settings.api_key)
                _check_version(request)
                tree = parse(await _text(request))
                fault = self._next_fault(request)
            except ApiError as error:
                return _response(_failure(error), request, request_id)
            if fault is not None and (failure := await _before(fault)) is not None:
                return failure if isinstance(failure, Response) else _response(failure, request, request_id)
            answer = self._perform(call, request, tree, request_id, fault)
            self._changed()
            if fault is not None and fault.kind is FaultKind.HANG_AFTER:
                await asyncio.sleep(fault.seconds)
            return _response(answer, request, request_id)

        return endpoint

    async def _unknown(self, request: Request) -> Response:
        error = ApiError(
            404, "invalid_request_error", f"Unrecognized request URL ({request.method}: {request.url.path})."
        )
        try:
            admit(request, self._settings.api_key)
        except ApiError as not_admitted:
            error = not_admitted
        return _response(_failure(error), request, _new_request_id())

    def _next_fault(self, request: Request) -> Fault | None:
        with self._database.transaction() as connection:
            return faults.take(connection, request.method, request.url.path)

    def _perform(
        self, call: Call, request: Request, tree: dict[str, Any], request_id: str, fault: Fault | None
    ) -> Answer:
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        print_ = idempotency.fingerprint(request.method, request.url.path, tree)
        try:
            with self._database.transaction() as connection:
                books = Books(
                    connection,
                    subscribed=self._settings.subscribed,
                    request=request_id,
                    idempotency_key=key,
                )
                if key is not None and (kept := idempotency.replay(connection, key, print_, now=books.now)) is not None:
                    return kept
                answer = _execute(call, books, tree, request.path_params.get("id", ""), fault)
                if key is not None:
                    idempotency.keep(connection, key, print_, answer, request=request_id, now=books.now)
                return answer
        except ApiError as error:
            return _failure(error)


def _execute(call: Call, books: Books, tree: dict[str, Any], path_id: str, fault: Fault | None) -> Answer:
    """Raises: ApiError for a refusal that is not kept under the key; one that is kept is returned."""
    parameters = check(call.parameters, tree)
    due.settle(books)
    if fault is not None and fault.kind is FaultKind.SAVED_ERROR_BEFORE:
        return _failure(INTERNAL_ERROR)
    try:
        with savepoint(books.connection):
            shown = call.operation(books, parameters, path_id)
            expand(books, shown, parameters.expand)
    except ApiError as error:
        if not error.saved:
            raise
        return _failure(error)
    if fault is not None and fault.kind is FaultKind.SAVED_ERROR_AFTER:
        return _failure(INTERNAL_ERROR)
    return Answer(200, json.dumps(shown))


async def _before(fault: Fault) -> Answer | Response | None:
    """The failure of a call that is not even begun; None if the fault lets it begin."""
    match fault.kind:
        case FaultKind.RATE_LIMITED:
            return _failure(RATE_LIMITED)
        case FaultKind.IN_FLIGHT:
            return _failure(IN_FLIGHT)
        case FaultKind.HANG_BEFORE:
            await asyncio.sleep(fault.seconds)
            return PlainTextResponse("gateway timeout, on request", 504)
        case FaultKind.UNAVAILABLE:
            return PlainTextResponse("<html><body>service unavailable, on request</body></html>", 503)
        case _:
            return None


def admit(request: Request, api_key: str) -> None:
    """Raises: ApiError unless the caller shows the secret key."""
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not hmac.compare_digest(shown.encode(), api_key.encode()):
        raise ApiError(401, "invalid_request_error", "Invalid API Key provided", saved=False)


def _check_version(request: Request) -> None:
    version = request.headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        raise invalid(f"Invalid Stripe API version: {version}; this sandbox speaks {API_VERSION} only")


async def _text(request: Request) -> str:
    if request.method != "POST":
        return request.url.query
    body = await request.body()
    if body and request.headers.get("content-type", "").partition(";")[0].strip() != FORM:
        raise invalid(f"Invalid content type: send {FORM}")
    try:
        return body.decode("ascii")
    except UnicodeDecodeError as error:
        raise invalid("Invalid request body: a form is plain ASCII") from error


def _failure(error: ApiError) -> Answer:
    return Answer(error.status, json.dumps(error.body()))


def _new_request_id() -> str:
    return f"req_{secrets.token_hex(7)}"


def _response(answer: Answer, request: Request, request_id: str) -> Response:
    headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION, "Cache-Control": "no-store"}
    if key := request.headers.get("idempotency-key"):
        headers["Idempotency-Key"] = key
    if answer.replay_of is not None:
        headers |= {"Idempotent-Replayed": "true", "Original-Request": answer.replay_of}
    if answer.status == INTERNAL_ERROR.status:
        # it is kept under the key, so the SDK need not try the same again
        headers["Stripe-Should-Retry"] = "false"
    return Response(answer.body, answer.status, headers=headers, media_type="application/json")
