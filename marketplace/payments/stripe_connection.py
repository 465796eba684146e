"""The line to Stripe: one SDK client, its errors in the market's words, and creating a thing once although keys are forgotten."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import stripe
from pydantic import SecretStr

from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused

# A saved failure is answered to every repeat of its key, so the call goes on under the next key; a provider that saves
# that many failures in a row is down.
MOST_KEYS = 5

# the provider lists at most this many things at once
LONGEST_PAGE = 100

T = TypeVar("T")


class SavedFailure(PaymentProviderUnreachable):
    """The provider keeps a 5xx under this idempotency key and will answer it to every repeat."""


class StripeConnection:
    """One SDK client. Close it with `close`, in the event loop that used it."""

    def __init__(
        self,
        api_key: SecretStr,
        *,
        api_base: str | None = None,
        timeout: timedelta = timedelta(seconds=10),
        retries: int = 2,
    ) -> None:
        """`api_base` replaces Stripe's own address; a live key goes nowhere else. `timeout` is for each try of a call.

        Raises: ValueError, naming the setting.
        """
        key = api_key.get_secret_value()
        if not key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
            raise ValueError("the Stripe API key must be a secret or restricted key (sk_… or rk_…)")
        self.live = key.startswith(("sk_live_", "rk_live_"))
        if api_base is not None:
            if self.live:
                raise ValueError("a live Stripe API key is used at Stripe's own address only: leave the address empty")
            if urlsplit(api_base).scheme not in ("http", "https"):
                raise ValueError("the Stripe address must be an http or https address")
        self._http = stripe.HTTPXClient(timeout=timeout.total_seconds())
        self.client = stripe.StripeClient(
            key,
            base_addresses={} if api_base is None else {"api": api_base.rstrip("/")},
            http_client=self._http,
            max_network_retries=retries,
        )

    async def close(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]  # the SDK leaves it without types

    async def create(
        self,
        key: str,
        call: Callable[[stripe.RequestOptions], Awaitable[T]],
        *,
        find: Callable[[], Awaitable[T | None]] | None = None,
    ) -> T:
        """Make `call` under the idempotency `key` and return what it created.

        A failure that the provider saved under the key says nothing about what was done. So the thing is looked for with
        `find`, and only if it is not there the call is made again, under a key derived from the first one. Without
        `find` an unseen first one may exist: leave it out only where that one can do no harm.
        Raises: PaymentProviderUnreachable, PaymentRefused.
        """
        for turn in range(1, MOST_KEYS + 1):
            try:
                async with translated():
                    return await call({"idempotency_key": key if turn == 1 else f"{key}:{turn}"})
            except SavedFailure:
                found = await find() if find else None
                if found is not None:
                    return found
        raise PaymentProviderUnreachable(f"{MOST_KEYS} saved failures in a row for {key}")


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn the SDK's errors into ours: passing ones into PaymentProviderUnreachable, lasting ones into PaymentRefused."""
    try:
        yield
    except stripe.StripeError as error:
        raise _translate(error) from error


def _translate(error: stripe.StripeError) -> PaymentProviderUnreachable | PaymentRefused:
    status = error.http_status
    if status is not None and status >= 500 and error.headers and error.headers.get("idempotent-replayed") == "true":
        return SavedFailure(str(error))
    # 409: another call with the same key is still running.  2xx: the answer was no JSON, so something stood between us.
    if (
        status is None
        or status >= 500
        or status in (409, 429)
        or status < 300
        or isinstance(error, stripe.RateLimitError)
    ):
        return PaymentProviderUnreachable(f"{type(error).__name__}: {error}")
    return PaymentRefused(_reason(error), str(error))


def _reason(error: stripe.StripeError) -> str:
    """A stable code: the provider's own, or one made of what it complained about."""
    if isinstance(error, stripe.IdempotencyError):
        return "idempotency_key_reused"
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return "access_refused"
    if error.code:
        return error.code
    parameter = getattr(error, "param", None)
    return f"parameter_invalid:{parameter}" if parameter else "request_refused"
