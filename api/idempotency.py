"""The Idempotency-Key header over the market's record of keyed requests."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from api.bearer import holder_of
from api.calls import Call, KeyPolicy
from api.errors import is_known, refused, row_of
from api.problems import IdempotencyKeyMalformed, IdempotencyKeyMissing
from marketplace.idempotency import service as keyed
from marketplace.idempotency.service import Answer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY_FORM = r"[\x21-\x7e]{1,200}"

# A request that takes longer than TAKES_AT_MOST is given up, well before another attempt may take it over.
LEASE = timedelta(seconds=60)
TAKES_AT_MOST = timedelta(seconds=45)
_KEPT_HEADERS = ("content-type", "location")


async def once(
    request: Request, policy: KeyPolicy, fingerprint: str, carry_out: Callable[[Call], Awaitable[Response]]
) -> Response:
    """Carry the request out, once per key for ever.

    A refusal is kept like any other answer, unless it is retryable: then the same key may try again, as it may after a
    fault of ours. Raises IdempotencyKeyMissing, IdempotencyKeyMalformed, IdempotencyKeyReused,
    IdempotentRequestInFlight.
    """
    key = request.headers.get(HEADER)
    if policy is KeyPolicy.UNUSED or (key is None and policy is KeyPolicy.OPTIONAL):
        return await carry_out(Call(request))
    if key is None:
        raise IdempotencyKeyMissing(f"this request needs the header {HEADER}")
    if not re.fullmatch(KEY_FORM, key):
        raise IdempotencyKeyMalformed("a key is 1 to 200 visible ASCII characters")
    clock = Call(request).services.market.clock
    scope = f"{request.method} {request.url.path}"
    if holder := holder_of(request.scope):
        # two organisations may well choose the same key, and neither may see the other's answer
        scope = f"{holder.actor.organisation_id} {scope}"
    begun = await keyed.begin(scope, key, fingerprint, lease=LEASE, now=clock())
    if isinstance(begun, Answer):
        return Response(begun.body, begun.status, headers={**begun.headers, REPLAYED: "true"})
    try:
        async with asyncio.timeout(TAKES_AT_MOST.total_seconds()):
            response = await _answered(Call(request, key, begun.again, begun.id), carry_out)
    except BaseException:
        await keyed.give_up(begun, now=clock())
        raise
    kept = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
    await keyed.finish(begun, Answer(response.status_code, kept, bytes(response.body)), now=clock())
    return response


async def _answered(call: Call, carry_out: Callable[[Call], Awaitable[Response]]) -> Response:
    """Refusals that stay are answers too; the others are raised, and with them the key becomes free again."""
    try:
        return await carry_out(call)
    except Exception as error:
        if not is_known(error) or row_of(error).retryable or row_of(error).status >= 500:
            raise
        return refused(call.request, error)
