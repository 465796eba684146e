"""What strangers need to check a certificate without us asking who they are, and what operators' machines look at."""

from cryptography.hazmat.primitives.serialization import Encoding
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.endpoints import conditional
from api.problems import AddressUnknown, NotReady
from api.services import Services
from certificates.credential import CONTEXT_NAME, context_document
from certificates.models import Reservation
from certificates.status_list import REFRESH_AFTER
from marketplace.certification.examination import current_status_list
from marketplace.database.migrator import pending

FOR_ANYONE = {"Access-Control-Allow-Origin": "*"}
PAPER_ROOTS_PATH = "/.well-known/ashiato-pdf-roots.pem"


def routes() -> list[Route]:
    return [
        Route("/.well-known/jwks.json", signing_keys),
        Route(PAPER_ROOTS_PATH, paper_roots),
        Route(f"/contexts/{CONTEXT_NAME}", context),
        Route("/status/{list_number:int}", status_list),
        Route("/healthz", alive),
        Route("/readyz", ready),
    ]


async def signing_keys(request: Request) -> Response:
    """Every key that ever signed certificates of this service, as a JWK set."""
    keys = _services(request).market.signing_keys.jwks()
    headers = FOR_ANYONE | {"Cache-Control": "public, max-age=300"}
    return conditional(request, JSONResponse(keys, headers=headers, media_type="application/jwk-set+json"))


async def paper_roots(request: Request) -> Response:
    """The authorities that the PDFs' own signatures lead to, as PEM; empty where PDFs carry no signature."""
    roots = _services(request).market.paper_roots
    text = "".join(root.public_bytes(Encoding.PEM).decode() for root in roots)
    headers = FOR_ANYONE | {"Cache-Control": "public, max-age=300"}
    return conditional(request, Response(text, headers=headers, media_type="application/x-pem-file"))


async def context(request: Request) -> Response:
    """The JSON-LD context that credentials name together with its hash; it never changes."""
    headers = FOR_ANYONE | {"Cache-Control": "public, max-age=31536000, immutable"}
    return conditional(request, Response(context_document(), headers=headers, media_type="application/ld+json"))


async def status_list(request: Request) -> Response:
    """The signed revocation list as it stands now."""
    list_number: int = request.path_params["list_number"]
    market = _services(request).market
    if not await _exists(list_number):
        raise AddressUnknown("there is no such status list")
    token = await current_status_list(market, list_number)
    age = int(REFRESH_AFTER.total_seconds())
    headers = FOR_ANYONE | {"Cache-Control": f"public, max-age={age}"}
    return Response(token, headers=headers, media_type="application/vc+jwt")


async def _exists(list_number: int) -> bool:
    # an integer beyond the column's would be an error of the database instead of an unknown address
    return list_number < 2**31 and await Reservation.exists(status_list=list_number)


async def alive(_: Request) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


async def ready(_: Request) -> Response:
    """The database answers and has every migration. Raises NotReady, or the database's own error."""
    missing = await pending()
    if missing:
        raise NotReady(f"{len(missing)} migrations are not applied yet")
    return JSONResponse({"status": "ready"})


def _services(request: Request) -> Services:
    services: Services = request.state["services"]
    return services
