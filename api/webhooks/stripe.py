"""Where the payment provider tells us that something happened. It is kept and answered at once; the worker looks into it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.problems import BodyTooLarge
from api.services import Services
from marketplace.payments import inbox

LARGEST_EVENT = 512_000


def routes() -> list[Route]:
    return [Route("/webhooks/stripe", receive, methods=["POST"])]


async def receive(request: Request) -> Response:
    """204 once the event is kept. The signature covers the raw body, so nothing may touch it before."""
    services: Services = request.state["services"]
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_EVENT:
            raise BodyTooLarge(f"at most {LARGEST_EVENT} bytes are taken here", most_bytes=LARGEST_EVENT)
    await inbox.receive(services.market, bytes(body), request.headers.get("stripe-signature", ""))
    return Response(status_code=204)
