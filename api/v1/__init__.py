"""Version 1 of the API: JSON over HTTP, described by itself at /v1/openapi.json and for people at /docs."""

from starlette.routing import Route

from api import endpoints
from api.reference import pages
from api.v1.contents import ENDPOINTS


def routes() -> list[Route]:
    """All addresses under /v1, and the documentation at /docs."""
    return [*endpoints.routes(ENDPOINTS), *pages.routes(ENDPOINTS)]
