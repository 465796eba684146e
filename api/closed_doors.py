"""Which addresses an operator's switch closes (marketplace/closures), and what stays open whatever is closed.

A certificate is worth nothing while nobody can check it, and what other services send us once must not be lost: so verification,
certificates, badges, status lists, the public log, keys and incoming webhooks never close. Nor does the way in for operators.
"""

import re
import time
from collections.abc import Mapping, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from marketplace.closures.service import MAINTENANCE, Switch, closed_now, refusal

# closed doors are noticed this late in other processes
LOOKS_EVERY_SECONDS = 1.0
_READS = frozenset({"GET", "HEAD", "OPTIONS"})

ALWAYS_OPEN = re.compile(
    r"/(static|docs|\.well-known|contexts|status|log|webhooks)/.*|/docs|/healthz|/readyz|/v1/openapi\.json"
    r"|/c/.*|/\w\w/verify(/.*)?|/v1/(verifications|certificates/.+)|/v1/products/[^/]+/badge\..+|/badges/.*"
    r"|/\w\w/theme|/\w\w/sign-(in|out)(/.*)?|/\w\w/passkeys/sign-in(/.*)?|/\w\w/account/second-factor"
    r"|/\w\w/operations(/.*)?|/\w\w/desk(/.*)?"
)
_BUYING = re.compile(r"/v1/(quotes|orders)|/\w\w/(footprints/[^/]+/offset|quotes/.+)")
_CALCULATING = re.compile(r"/v1/footprints|/\w\w/calculate(/.+)?")
_CLOSES: Mapping[str, re.Pattern[str]] = {
    MAINTENANCE: _BUYING,
    "buying": _BUYING,
    "calculators": _CALCULATING,
    "plans": re.compile(r"/v1/(plans|plan_gifts)|/\w\w/plans(/gift)?"),
    "api": re.compile(r"/v1/.+"),
}
# closed for what is sent, not for who looks; what shops report goes on, since they tell it once
_CLOSES_SENDING: Mapping[str, re.Pattern[str]] = {
    "products": re.compile(r"(/v1|/\w\w/account)/products(/(?!.*/?(sales|returns)$).+)?"),
}


class ClosedDoors:
    """Refuses with ClosedForNow what is closed, and leaves word of it for the pages in the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._closed: Sequence[Switch] = ()
        self._looked_at: float | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not ALWAYS_OPEN.fullmatch(scope["path"]):
            closed = await self._look()
            scope["state"]["closed"] = closed
            shut = next((one for one in closed if shuts(one.name, scope["method"], scope["path"])), None)
            if shut is not None:
                raise refusal(shut, now=scope["state"]["services"].market.clock())
        await self._app(scope, receive, send)

    async def _look(self) -> Sequence[Switch]:
        now = time.monotonic()
        if self._looked_at is None or now - self._looked_at >= LOOKS_EVERY_SECONDS:
            self._closed, self._looked_at = await closed_now(), now
        return self._closed


def shuts(name: str, method: str, path: str) -> bool:
    """Whether the switch of this name closes the address; a registry's closes none.

    Programs may go on reading. A page whose form cannot be sent is not shown either: nobody fills in in vain.
    """
    reads = method in _READS
    if reads and path.startswith("/v1/"):
        return False
    if name == MAINTENANCE and not reads:
        return True
    closes = _CLOSES.get(name) if reads else _CLOSES.get(name, _CLOSES_SENDING.get(name))
    return closes is not None and closes.fullmatch(path) is not None
