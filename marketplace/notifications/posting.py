"""One request to a receiver: to a checked address, bounded in time and size, and never further than it was sent."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cache
from ssl import SSLContext, SSLError

import httpx

from marketplace.notifications.addresses import WebhookRules, check
from marketplace.notifications.errors import AddressNotAllowed

ANSWERS_WITHIN = timedelta(seconds=8)
READS_FOR = timedelta(seconds=1)
CONNECTS_WITHIN = timedelta(seconds=4)
SNIPPET_BYTES = 500
LONGEST_WAIT = timedelta(days=1)
USER_AGENT = "Ashiato-Webhooks/1"


class Outcome(StrEnum):
    """How an attempt ended. A redirect is not followed: it may lead anywhere."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    GONE = "gone"
    REDIRECTED = "redirected"
    ASKED_TO_WAIT = "asked_to_wait"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    CERTIFICATE_WRONG = "certificate_wrong"
    NO_HTTP = "no_http"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"


@dataclass(frozen=True, slots=True)
class Posted:
    """`snippet` is the beginning of the answer; `wait` is what the receiver asked for, if it did."""

    outcome: Outcome
    status: int | None = None
    snippet: str = ""
    duration_ms: int = 0
    wait: timedelta | None = None


async def post(rules: WebhookRules, url: str, headers: Mapping[str, str], body: bytes) -> Posted:
    """Send once. Never raises for what the other side does."""
    began = time.monotonic()
    status, snippet, wait = None, "", None
    try:
        async with asyncio.timeout(ANSWERS_WITHIN.total_seconds()):
            status, snippet, wait = await _exchange(rules, url, headers, body)
        outcome = _outcome_of(status, wait)
    except AddressNotAllowed as refused:
        outcome, snippet = Outcome.ADDRESS_NOT_ALLOWED, str(refused.params["reason"])
    except (TimeoutError, httpx.TimeoutException):
        outcome = Outcome.TIMED_OUT
    except httpx.RequestError as error:
        outcome = _failure(error)
    return Posted(outcome, status, snippet, round((time.monotonic() - began) * 1000), wait)


async def _exchange(
    rules: WebhookRules, url: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, str, timedelta | None]:
    target = await check(url, rules)
    # a client for each request: a connection or a cookie kept for one receiver never serves another on the same address
    async with httpx.AsyncClient(
        verify=rules.trust or _public_authorities(),
        timeout=httpx.Timeout(ANSWERS_WITHIN.total_seconds(), connect=CONNECTS_WITHIN.total_seconds()),
        limits=httpx.Limits(max_keepalive_connections=0),
        follow_redirects=False,
        trust_env=False,
    ) as client:
        request = client.build_request(
            "POST",
            target.url.copy_with(host=str(target.ip)),
            content=body,
            headers={
                **headers,
                "Host": target.url.netloc.decode("ascii"),
                "Content-Type": "application/json",
                "User-Agent": USER_AGENT,
                "Accept-Encoding": "identity",
                "Connection": "close",
            },
            extensions={"sni_hostname": target.url.raw_host.decode("ascii")},
        )
        response = await client.send(request, stream=True)
        try:
            return response.status_code, await _beginning(response), _wait(response)
        finally:
            await response.aclose()


async def _beginning(response: httpx.Response) -> str:
    """As much of the answer as arrives soon: the status has been said, and nobody needs the rest."""
    read = bytearray()
    # an answer that breaks off behind its status changes nothing
    with suppress(TimeoutError, httpx.RequestError):
        async with asyncio.timeout(READS_FOR.total_seconds()):
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) >= SNIPPET_BYTES:
                    break
    text = bytes(read[:SNIPPET_BYTES]).decode("utf-8", "replace")
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _outcome_of(status: int, wait: timedelta | None) -> Outcome:
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if 300 <= status < 400:
        return Outcome.REDIRECTED
    if status == httpx.codes.GONE:
        return Outcome.GONE
    if status == httpx.codes.TOO_MANY_REQUESTS or (status == httpx.codes.SERVICE_UNAVAILABLE and wait is not None):
        return Outcome.ASKED_TO_WAIT
    return Outcome.REFUSED


def _failure(error: httpx.RequestError) -> Outcome:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, SSLError):
            return Outcome.CERTIFICATE_WRONG
        cause = cause.__cause__ or cause.__context__
    return Outcome.UNREACHABLE if isinstance(error, httpx.NetworkError) else Outcome.NO_HTTP


def _wait(response: httpx.Response) -> timedelta | None:
    """Retry-After in seconds or as a date, within reason; None if there is none that makes sense."""
    text = response.headers.get("retry-after", "")
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return min(timedelta(seconds=int(text)), LONGEST_WAIT)
    try:
        asked = parsedate_to_datetime(text) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None
    return max(timedelta(0), min(asked, LONGEST_WAIT))


@cache
def _public_authorities() -> SSLContext:
    return httpx.create_ssl_context(trust_env=False)
