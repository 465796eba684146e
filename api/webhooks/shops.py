"""Where shops send their orders, one address per shop and product; the signature covers the raw body."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.problems import BodyTooLarge
from api.services import Services
from marketplace.products import shops

LARGEST_ORDER = 1_000_000
SIGNATURES = ("x-shopify-hmac-sha256", "x-wc-webhook-signature")
TOPICS = ("x-shopify-topic", "x-wc-webhook-topic")
# WooCommerce tries the address without a signature when a webhook is made, and wants to see a 2xx
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")


def routes() -> list[Route]:
    return [Route("/webhooks/shops/{shop_id}", receive, methods=["POST"])]


async def receive(request: Request) -> Response:
    """204 once what the message tells is counted. Raises ShopNotFound, ShopSignatureRefused, ShopOrderMalformed."""
    services: Services = request.state["services"]
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_ORDER:
            raise BodyTooLarge(f"at most {LARGEST_ORDER} bytes are taken here", most_bytes=LARGEST_ORDER)
    shop = await shops.find_shop(request.path_params["shop_id"])
    if not _PING.fullmatch(body):
        shops.check_signature(services.market, shop, bytes(body), _header(request, SIGNATURES))
        await shops.take_order(services.market, shop, _header(request, TOPICS), bytes(body))
    return Response(status_code=204)


def _header(request: Request, names: tuple[str, ...]) -> str:
    return next((request.headers[name] for name in names if name in request.headers), "")
