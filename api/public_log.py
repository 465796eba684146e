"""The public log's files, as anyone may read and keep them (C2SP tlog-tiles), and the keys that sign it."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from api.endpoints import conditional
from api.problems import AddressUnknown
from api.services import Services
from certificates.log.store import CHECKPOINT_PATH, NotInTheLog, read_file
from certificates.log.tiles import NotATile

FOR_ANYONE = {"Access-Control-Allow-Origin": "*"}
KEYS_PATH = "/.well-known/ashiato-log.txt"
LOG_PATH = "/log"
# three digits of a tile's number per folder: 10^15 tiles, far from where the database's integers end
_DEEPEST = 7


def routes() -> list[Route]:
    return [
        Route(KEYS_PATH, keys),
        Route(f"{LOG_PATH}/{CHECKPOINT_PATH}", checkpoint),
        Route(f"{LOG_PATH}/tile/{{path:path}}", tile),
    ]


async def keys(request: Request) -> Response:
    """The log's verifier key, and below it those of the witnesses it asks; one on a line."""
    services: Services = request.state["services"]
    trust = services.market.log.trust
    text = "".join(f"{key}\n" for key in (trust.key, *trust.witnesses))
    return PlainTextResponse(text, headers=FOR_ANYONE | {"Cache-Control": "public, max-age=300"})


async def checkpoint(request: Request) -> Response:
    """The newest signed tree head. Raises AddressUnknown before anything was ever logged."""
    note = await _read(CHECKPOINT_PATH)
    headers = FOR_ANYONE | {"Cache-Control": "no-cache"}
    return conditional(request, PlainTextResponse(note, headers=headers))


async def tile(request: Request) -> Response:
    """Hashes or entries; what was once served at an address never changes. Raises AddressUnknown."""
    content = await _read(f"tile/{request.path_params['path']}")
    headers = FOR_ANYONE | {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, headers=headers, media_type="application/octet-stream")


async def _read(path: str) -> bytes:
    if path.count("/") > _DEEPEST:
        raise AddressUnknown("the log has no such file")
    try:
        return await read_file(path)
    except (NotATile, NotInTheLog) as missing:
        raise AddressUnknown("the log has no such file") from missing
