"""How often one caller may ask, by what asking costs: units held, sums done, secrets guessed.

Answers say where the caller stands in the fields RateLimit-Policy and RateLimit of the IETF draft
draft-ietf-httpapi-ratelimit-headers.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache, lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.bearer import holder_of
from api.errors import is_for_programs, refused
from api.problems import MEDIA_TYPE, TooManyRequests
from marketplace.allowances.service import Allowances, Policy, Standing

TOO_MANY = 429
# refusals laid out as a page, of one process; what comes beyond them is one plain line
PAGES_PER_SECOND = 10
_LINE = "アクセスが多すぎます。{0}秒後にもう一度お試しください。\nToo many requests. Try again in {0} seconds.\n"
_DOCUMENTS_KEPT = 200
_MINUTE = timedelta(minutes=1)

# A quote takes units off the market for half an hour, so nobody may take them all by asking.
HOLDING = Policy("holding", 30, timedelta(minutes=10))
CALCULATING = Policy("calculating", 60, _MINUTE)
# The attendees of an event may all be behind one address, and join in the same break.
JOINING = Policy("joining", 300, timedelta(minutes=10))
# A form that is being filled in asks after every pause in the typing.
TYPING = Policy("typing", 240, _MINUTE)
# Numbers and tokens are too long to be guessed; this keeps whoever tries from being a burden.
LOOKING_UP = Policy("looking_up", 120, _MINUTE)
ASKING = Policy("asking", 600, _MINUTE)
# Each one is up to a hundred megabytes, and a computation in the background.
UPLOADING = Policy("uploading", 10, timedelta(minutes=10))
# Each one is a mail to somebody.
MAILING = Policy("mailing", 20, timedelta(minutes=15))

_RULES: tuple[tuple[str, re.Pattern[str], Policy], ...] = (
    ("POST", re.compile(r"/v1/(quotes|orders)|/\w\w/(footprints/[^/]+/offset|quotes/.+)"), HOLDING),
    ("POST", re.compile(r"/v1/(plans|plan_gifts|deposits)"), HOLDING),
    ("POST", re.compile(r"/\w\w/plans(/gift)?"), CALCULATING),
    ("POST", re.compile(r"(/v1|/\w\w)/plans/.+"), LOOKING_UP),
    ("GET", re.compile(r"(/v1|/\w\w)/plans/.+"), LOOKING_UP),
    ("POST", re.compile(r"/\w\w/calculate/[^/]+/so-far"), TYPING),
    ("POST", re.compile(r"/\w\w/calculate/bulk"), UPLOADING),
    ("POST", re.compile(r"/v1/footprints|/\w\w/calculate/.+"), CALCULATING),
    # drawn for as long as hundreds of labels take
    ("GET", re.compile(r"(/v1|/\w\w/account)/products/.+/labels\.pdf"), CALCULATING),
    ("POST", re.compile(r"/\w\w/e/.+"), JOINING),
    ("POST", re.compile(r"/v1/verifications|/\w\w/verify"), LOOKING_UP),
    ("POST", re.compile(r"/\w\w/(sign-in|account/members|contact)"), MAILING),
    ("POST", re.compile(r"/\w\w/(sign-in|invitations|account|passkeys)/.+"), LOOKING_UP),
    ("GET", re.compile(r"/\w\w/(sign-in|invitations)/.+"), LOOKING_UP),
    ("GET", re.compile(r"/v1/(certificates|orders|items)/.+|/c/.+|/[iI]/.+|/\w\w/orders/.+"), LOOKING_UP),
)
# What anyone may fetch at any time: files, keys, lists that caches hold, badges on the pages of others, the provider's
# webhooks, and machines that watch us.
_UNLIMITED = re.compile(
    r"/(static|docs|\.well-known|contexts|status|log|webhooks)/.*|/docs|/healthz|/readyz|/v1/openapi\.json"
    r"|/v1/(certificates|products)/[^/]+/badge(\.svg)?|/badge/v[0-9]+\.js"
)


def policy_for(method: str, path: str) -> Policy | None:
    """The first rule that fits; None for what is not limited."""
    if _UNLIMITED.fullmatch(path):
        return None
    asked = "GET" if method == "HEAD" else method
    return next((policy for ruled, where, policy in _RULES if ruled == asked and where.fullmatch(path)), ASKING)


class RateLimits:
    """`factor` widens every policy alike, for places where one address stands for many callers.

    Whoever is over a limit is answered from memory, without the database and in a fraction of the time of any other answer: a flood
    must cost others nothing.
    """

    def __init__(self, app: ASGIApp, *, factor: int) -> None:
        self._app, self._factor = app, factor
        self._allowances = Allowances()
        self._documents: dict[tuple[str, int], tuple[bytes, bytes]] = {}
        self._pages = (0, 0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        policy = policy_for(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if policy is None:
            await self._app(scope, receive, send)
            return
        policy = _widened(policy, self._factor)
        now = scope["state"]["services"].market.clock()
        standing = await self._allowances.spend(policy, caller_of(scope), now=now)
        headers = _fields(policy, standing)
        if not standing.allowed:
            await self._refusal(scope, policy, standing, headers)(scope, receive, send)
            return

        async def with_standing(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, with_standing)

    def _refusal(self, scope: Scope, policy: Policy, standing: Standing, headers: Mapping[str, str]) -> Response:
        """Raises TooManyRequests where a page tells a person."""
        seconds = ceil(standing.resets_in.total_seconds())
        told = {**headers, "Retry-After": str(seconds), "Cache-Control": "no-store"}
        if is_for_programs(scope["path"]):
            before, after = self._document(scope, policy, seconds, told)
            body = before + scope["state"]["request_id"].encode() + after
            return Response(body, TOO_MANY, headers=told, media_type=MEDIA_TYPE)
        if self._many_pages():
            return PlainTextResponse(_LINE.format(seconds), TOO_MANY, headers=told)
        raise _too_many(policy, seconds, told)

    def _document(self, scope: Scope, policy: Policy, seconds: int, told: Mapping[str, str]) -> tuple[bytes, bytes]:
        """The problem document around its request id; the same for every caller at this moment."""
        known = self._documents.get((policy.name, seconds))
        if known is None:
            whole = bytes(refused(Request(scope), _too_many(policy, seconds, told)).body)
            before, _, after = whole.partition(scope["state"]["request_id"].encode())
            if len(self._documents) >= _DOCUMENTS_KEPT:
                self._documents.clear()
            known = self._documents[policy.name, seconds] = before, after
        return known

    def _many_pages(self) -> bool:
        """Whether this second has had its pages for people; whoever sends more of them hardly reads them."""
        second, shown = int(time.monotonic()), self._pages[1]
        shown = shown + 1 if second == self._pages[0] else 1
        self._pages = second, shown
        return shown > PAGES_PER_SECOND


def _too_many(policy: Policy, seconds: int, told: Mapping[str, str]) -> TooManyRequests:
    return TooManyRequests(
        f"at most {policy.most} requests of this sort in {policy.per.total_seconds():.0f} s",
        headers=told,
        policy=policy.name,
        retry_after_seconds=seconds,
    )


@cache
def _widened(policy: Policy, factor: int) -> Policy:
    return replace(policy, most=policy.most * factor)


def caller_of(scope: Scope) -> str:
    """The caller's key, else its address; of an IPv6 address the network, since a household has 2^64 of them."""
    if holder := holder_of(scope):
        return holder.key_id
    return _network_of(scope["client"][0] if scope.get("client") else "")


@lru_cache(maxsize=10_000)
def _network_of(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def _fields(policy: Policy, standing: Standing) -> dict[str, str]:
    resets = ceil(standing.resets_in.total_seconds())
    return {
        "RateLimit-Policy": f'"{policy.name}";q={policy.most};w={policy.per.total_seconds():.0f}',
        "RateLimit": f'"{policy.name}";r={standing.remaining};t={resets}',
    }
