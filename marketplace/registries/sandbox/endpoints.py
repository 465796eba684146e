"""The path every request takes through the sandbox registry: who asks, which fault strikes, what is answered, signed."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from math import ceil
from sqlite3 import Connection
from typing import TypeVar

from joserfc.jwk import ECKey
from pydantic import BaseModel, SecretStr, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from marketplace.registries.answer_signature import AnsweredRequest
from marketplace.registries.protocol import REQUEST_ID_HEADER
from marketplace.registries.sandbox import controls
from marketplace.registries.sandbox.answers import (
    Answer,
    ConnectionDropped,
    CutOff,
    RegistryProblem,
    signed_response,
    strike_after,
    strike_before,
)
from marketplace.registries.sandbox.database import Database
from marketplace.registries.sandbox.faults import Fault, Operation
from marketplace.registries.sandbox.settings import RegistryClient, SandboxRegistrySettings

Result = TypeVar("Result")
Shape = TypeVar("Shape", bound=BaseModel)


@dataclass
class Registry:
    """The running registry. `last_answers` remembers what each client was told last, for the duplicate_answer fault."""

    settings: SandboxRegistrySettings
    database: Database
    key: ECKey
    last_answers: dict[str, Answer] = field(default_factory=dict)

    async def in_books(self, work: Callable[[Connection], Result]) -> Result:
        """Run one whole transaction in a thread; an exception rolls it back."""

        def transaction() -> Result:
            with self.database.transaction() as db:
                return work(db)

        return await asyncio.to_thread(transaction)

    def client_of(self, request: Request) -> RegistryClient:
        for client in self.settings.clients:
            if _bears(request, client.token):
                return client
        raise RegistryProblem(401, "not_authenticated")

    def check_admin(self, request: Request) -> None:
        if not _bears(request, self.settings.admin_token):
            raise RegistryProblem(401, "not_authenticated")


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request. `fault` is what has been asked to go wrong with it."""

    registry: Registry
    request: Request
    client: RegistryClient
    body: bytes
    fault: Fault | None

    def read(self, shape: type[Shape]) -> Shape:
        return read_body(shape, self.body)

    def check_account(self, account: str) -> None:
        if not self.client.may_act_for(account):
            raise RegistryProblem(403, "account_not_yours", account)

    def required(self, name: str) -> str:
        value = self.request.query_params.get(name)
        if not value:
            raise RegistryProblem(400, "parameter_missing", name)
        return value


Work = Callable[[Call], Awaitable[Answer]]
AdminWork = Callable[[Registry, Request, bytes], Awaitable[Answer]]
Endpoint = Callable[[Request], Awaitable[Response]]


def client_endpoint(operation: Operation | None, work: Work) -> Endpoint:
    """An endpoint for API clients; faults asked for `operation` strike here, before and after the work."""

    async def endpoint(request: Request) -> Response:
        registry: Registry = request.app.state.registry
        fault: Fault | None = None
        try:
            try:
                client = registry.client_of(request)
                body = await request.body()
                fault, opens_in = await _gate(registry, operation, _reference_of(request, body))
                await strike_before(fault)
                if opens_in is not None:
                    raise RegistryProblem(503, "registry_closed", retry_after=opens_in)
                answer = await work(Call(registry, request, client, body, fault))
            except RegistryProblem as problem:
                answer = problem.answer()
            else:
                previous = registry.last_answers.get(client.name)
                registry.last_answers[client.name] = answer
                answer = await strike_after(fault, answer, previous)
        except ConnectionDropped:
            return CutOff()
        return signed_response(answer, registry.key, _asked(request), fault)

    return endpoint


def admin_endpoint(work: AdminWork) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        registry: Registry = request.app.state.registry
        try:
            registry.check_admin(request)
            answer = await work(registry, request, await request.body())
        except RegistryProblem as problem:
            answer = problem.answer()
        return signed_response(answer, registry.key, _asked(request), None)

    return endpoint


def read_body(shape: type[Shape], body: bytes) -> Shape:
    """Raises: RegistryProblem 422 naming the fields."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        fields = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise RegistryProblem(422, "not_valid", fields) from error


def _bears(request: Request, token: SecretStr) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), token.get_secret_value().encode())


def _asked(request: Request) -> AnsweredRequest:
    query = request.scope["query_string"]
    target = request.scope["raw_path"] + (b"?" + query if query else b"")
    return AnsweredRequest(request.method, target.decode("ascii"), request.headers.get(REQUEST_ID_HEADER, ""))


def _reference_of(request: Request, body: bytes) -> str | None:
    if request.method != "POST":
        return request.query_params.get("reference")
    try:
        sent = json.loads(body)
    except ValueError:
        return None
    reference = sent.get("reference") if isinstance(sent, dict) else None
    return reference if isinstance(reference, str) else None


async def _gate(
    registry: Registry, operation: Operation | None, reference: str | None
) -> tuple[Fault | None, int | None]:
    """The fault that waits for this request, and the seconds until opening if the registry is closed to callers."""

    def look(db: Connection) -> tuple[Fault | None, int | None]:
        fault = None if operation is None else controls.take_fault(db, operation, reference)
        now = controls.clock(db).now()
        opening = controls.schedule(db).refused_until(now)
        return fault, None if opening is None else max(1, ceil((opening - now).total_seconds()))

    return await registry.in_books(look)
