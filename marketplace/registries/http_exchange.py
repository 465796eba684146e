"""One request to a registry and its authenticated answer, sorted into what is certain and what is not.

Only two things are certain after a failure: a request that never left (no connection) was not taken, and a refusal that
the registry itself signed is a refusal. Everything else, an unsigned 503 of some machine in between included, leaves the
outcome unknown.
"""

import asyncio
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr

from marketplace.registries.answer_signature import (
    AnsweredRequest,
    SignatureMissingOrWrong,
    UnknownSigningKey,
    check_answer,
)
from marketplace.registries.circuit import CircuitBreaker, CircuitOpen
from marketplace.registries.gateway import OutcomeUnknown, RegistryUnreachable
from marketplace.registries.protocol import KEYS_PATH, REQUEST_ID_HEADER, SIGNATURE_HEADER


class HttpRegistrySettings(BaseModel):
    """How to reach one registry with one credential. Times in seconds.

    `signing_keys` is the registry's public key set (JWKS) as agreed with its operator; without it the keys are fetched
    from the registry's own address, which is as trustworthy as the connection.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: HttpUrl
    token: SecretStr
    signing_keys: dict[str, Any] | None = None
    connect_timeout: float = Field(default=3, gt=0)
    answer_timeout: float = Field(default=15, gt=0)
    look_up_attempts: int = Field(default=3, ge=1, le=10)
    first_retry_after: float = Field(default=0.3, ge=0)
    circuit_failures: int = Field(default=5, ge=1)
    circuit_rest: float = Field(default=20, ge=0)
    connections: int = Field(default=20, ge=1)
    max_answer_bytes: int = Field(default=20_000_000, ge=1)


class RegistryClosed(RegistryUnreachable):
    """The registry itself says that it takes nothing now; `retry_after` is when it thinks it will, if it said so."""

    code = "registry_closed"

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose signature has been checked; its content has not."""

    status: int
    body: bytes
    media_type: str
    retry_after: timedelta | None


@dataclass(frozen=True, slots=True)
class _Received:
    """What came back, before anybody vouches for it."""

    status: int
    headers: httpx.Headers
    body: bytes


class Exchange:
    """A connection pool to one registry. Close it with `aclose` or by leaving the `async with`."""

    def __init__(self, settings: HttpRegistrySettings) -> None:
        self._settings = settings
        self._keys = None if settings.signing_keys is None else _key_set(settings.signing_keys)
        self._circuit = CircuitBreaker(failures=settings.circuit_failures, rest_seconds=settings.circuit_rest)
        self._client = httpx.AsyncClient(
            base_url=str(settings.address),
            headers={"Authorization": f"Bearer {settings.token.get_secret_value()}", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(settings.answer_timeout, connect=settings.connect_timeout),
            limits=httpx.Limits(max_connections=settings.connections),
            follow_redirects=False,
            trust_env=False,  # the token goes to the configured address and nowhere else
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def send(
        self, method: str, path: str, *, params: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send once. Raises: RegistryUnreachable if it certainly was not taken, OutcomeUnknown otherwise."""
        try:
            with self._circuit.attempt(RegistryUnreachable, OutcomeUnknown):
                return await self._send(method, path, params, body)
        except CircuitOpen as rest:
            raise RegistryUnreachable(str(rest)) from rest

    async def _send(self, method: str, path: str, params: dict[str, str] | None, body: bytes | None) -> Answer:
        keys = self._keys or await self._fetch_keys()
        headers = {REQUEST_ID_HEADER: secrets.token_urlsafe(16)}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = self._client.build_request(method, path, params=params, content=body, headers=headers)
        received = await self._exchange(request)
        asked = AnsweredRequest(method, request.url.raw_path.decode("ascii"), headers[REQUEST_ID_HEADER])
        await self._authenticate(keys, asked, received)
        answer = Answer(
            received.status,
            received.body,
            received.headers.get("content-type", "").partition(";")[0].strip(),
            _retry_after(received),
        )
        if answer.status in (429, 503):
            raise RegistryClosed(f"the registry answered {answer.status}", answer.retry_after)
        if answer.status >= 500:
            raise OutcomeUnknown(f"the registry answered {answer.status}")
        return answer

    async def _exchange(self, request: httpx.Request) -> _Received:
        try:
            async with asyncio.timeout(self._settings.connect_timeout + self._settings.answer_timeout):
                response = await self._client.send(request, stream=True)
                try:
                    return await self._read_within_limit(response)
                finally:
                    await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise RegistryUnreachable(f"no connection to the registry: {error!r}") from error
        except (httpx.RequestError, TimeoutError) as error:
            raise OutcomeUnknown(f"no whole answer from the registry: {error!r}") from error

    async def _read_within_limit(self, response: httpx.Response) -> _Received:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > self._settings.max_answer_bytes:
                raise OutcomeUnknown("the registry's answer is too long to be one")
        return _Received(response.status_code, response.headers, bytes(body))

    async def _authenticate(self, keys: KeySet, asked: AnsweredRequest, received: _Received) -> None:
        signature = received.headers.get(SIGNATURE_HEADER, "")

        def check(known: KeySet) -> None:
            check_answer(known, signature, asked, status=received.status, body=received.body)

        try:
            try:
                check(keys)
            except UnknownSigningKey:
                if self._settings.signing_keys is not None:
                    raise
                check(await self._fetch_keys())  # the registry may have changed its keys since
        except (SignatureMissingOrWrong, RegistryUnreachable) as error:
            raise OutcomeUnknown(f"an answer nobody vouches for, status {received.status}: {error}") from error

    async def _fetch_keys(self) -> KeySet:
        """Raises: RegistryUnreachable, since nothing but a look at public keys has been asked."""
        try:
            received = await self._exchange(self._client.build_request("GET", KEYS_PATH))
            self._keys = _key_set(json.loads(received.body))
        except (OutcomeUnknown, JoseError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise RegistryUnreachable(f"the registry's signing keys cannot be read: {error}") from error
        return self._keys


def _key_set(jwks: dict[str, Any]) -> KeySet:
    return KeySet.import_key_set({"keys": [key for key in jwks["keys"] if key.get("crv") == "P-256"]})


def _retry_after(received: _Received) -> timedelta | None:
    text = received.headers.get("retry-after", "")
    return timedelta(seconds=int(text)) if text.isascii() and text.isdigit() and len(text) <= 9 else None
