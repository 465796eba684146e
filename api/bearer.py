"""Who calls the API: the key in `Authorization: Bearer`, if there is one. Public addresses stay open without."""

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from marketplace.accounts import keys
from marketplace.accounts.errors import ApiKeyOfOtherEnvironment, ApiKeyUnknown
from marketplace.accounts.keys import KeyHolder

log = structlog.get_logger()

_SCHEME = "bearer "


class ReadKey:
    """Looks the key up before the rate limits, which then count by key; a bad key is refused after them, so guessing is limited."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            given = Headers(scope=scope).get("authorization")
            if given is not None:
                await _look_up(scope, given)
        await self._app(scope, receive, send)


class RefuseBadKey:
    """The other half of ReadKey."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = scope["state"].get("key_refusal") if scope["type"] == "http" else None
        if refusal is not None:
            raise refusal
        await self._app(scope, receive, send)


def holder_of(scope: Scope) -> KeyHolder | None:
    """Who has shown a living key, on an address of the API."""
    holder: KeyHolder | None = scope.get("state", {}).get("key_holder")
    return holder


async def _look_up(scope: Scope, authorization: str) -> None:
    state, services = scope["state"], scope["state"]["services"]
    try:
        if authorization[: len(_SCHEME)].lower() != _SCHEME:
            raise ApiKeyUnknown("only Authorization: Bearer is understood")
        secret = authorization[len(_SCHEME) :].strip()
        state["key_holder"] = await keys.find(secret, environment=services.environment, now=services.market.clock())
    except (ApiKeyUnknown, ApiKeyOfOtherEnvironment) as refusal:
        log.warning("key_refused", code=refusal.code)
        state["key_refusal"] = refusal
