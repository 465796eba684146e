"""A payment page that is opened within the request, if the provider answers soon; else the worker opens it."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

import structlog

from marketplace.deposits.models import Deposit
from marketplace.orders.models import Order
from marketplace.payments.gateway import PaymentProviderUnreachable
from marketplace.plans.models import Plan

log = structlog.get_logger()

OPENS_WITHIN = timedelta(seconds=10)

T = TypeVar("T", Order, Deposit, Plan)


async def opened_now(opening: Awaitable[T], waiting: T) -> T:
    """What `opening` came to; `waiting`, which has no page yet, if the provider cannot be reached at this moment.

    Raises PaymentRefused: a page that is refused does not come later.
    """
    try:
        async with asyncio.timeout(OPENS_WITHIN.total_seconds()):
            return await opening
    except (PaymentProviderUnreachable, TimeoutError) as problem:
        log.warning("checkout_opens_later", waits=waiting.id, error=type(problem).__name__)
        return waiting
