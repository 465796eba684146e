"""From a form that ordered something to the page where it is paid."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.context import services_of
from marketplace.orders import service as orders
from marketplace.orders import settlement
from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused


async def to_payment(
    request: Request, order_id: str, *, own_page: str, headers: Mapping[str, str] | None = None
) -> Response:
    """To the payment page, or to the order's own where nothing is to be paid now.

    Raises PaymentRefused, with which the order is given up.
    """
    market = services_of(request).market
    try:
        pay_url = (await orders.open_checkout(market, order_id)).pay_url
    except PaymentRefused:
        await settlement.give_up_refused(market, order_id)
        raise
    except PaymentProviderUnreachable:
        # the order stands; its page says so and the worker opens the payment page
        pay_url = None
    return RedirectResponse(pay_url or own_page, status_code=303, headers=headers)
