"""/docs, /docs/errors and /v1/openapi.json: plain pages of our own without a script."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from api import openapi
from api.endpoints import Endpoint, conditional
from api.error_table import FAULT, FAULT_CODE, OUTAGE, OUTAGE_CODE, TABLE, Row
from api.errors import code_of
from api.reference.examples import examples, variables
from api.reference.fields import fields_of
from api.services import Services
from marketplace.notifications.kinds import EventType

FOLDER = Path(__file__).parent
FOR_FIVE_MINUTES = "public, max-age=300"
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


# run by a test, like every example
RECEIVING = """\
import hmac, time
from base64 import b64decode, b64encode

def is_genuine(secret: str, headers: dict[str, str], body: bytes) -> bool:
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mark = hmac.digest(b64decode(secret.removeprefix("whsec_")), signed, "sha256")
    expected = "v1," + b64encode(mark).decode()
    return any(hmac.compare_digest(expected, given) for given in headers["webhook-signature"].split())
"""


def routes(endpoints: Sequence[Endpoint]) -> list[Route]:
    @cache
    def described(origin: str) -> openapi.Schema:
        """Once per process: the endpoints do not change while it runs."""
        return openapi.description(endpoints, origin)

    entries = cache(lambda: _groups(endpoints))

    async def document(request: Request) -> Response:
        response = JSONResponse(described(_origin(request)), headers={"Cache-Control": FOR_FIVE_MINUTES})
        response.headers["Access-Control-Allow-Origin"] = "*"
        return conditional(request, response)

    async def reference(request: Request) -> Response:
        return _page(
            request,
            "reference.html",
            groups=entries(),
            origin=_origin(request),
            receiving=RECEIVING,
            event_types=list(EventType),
        )

    async def errors(request: Request) -> Response:
        return _page(request, "errors.html", rows=error_rows())

    async def style(request: Request) -> Response:
        return FileResponse(FOLDER / "reference.css", headers={"Cache-Control": FOR_FIVE_MINUTES})

    return [
        Route("/v1/openapi.json", document),
        Route("/docs", reference),
        Route("/docs/errors", errors),
        Route("/docs/reference.css", style),
    ]


def error_rows() -> list[tuple[str, Row]]:
    """Every code a caller can meet, in alphabetical order."""
    rows = [(code_of(kind), row) for kind, row in TABLE.items()]
    return sorted([*rows, (FAULT_CODE, FAULT), (OUTAGE_CODE, OUTAGE)], key=lambda entry: entry[0])


def _groups(endpoints: Sequence[Endpoint]) -> list[dict[str, Any]]:
    tags = dict.fromkeys(declared.tag for declared in endpoints)
    return [{"tag": tag, "entries": [_entry(one) for one in endpoints if one.tag == tag]} for tag in tags]


def _entry(declared: Endpoint) -> dict[str, Any]:
    first, rest = openapi.summary(declared)
    return {
        "name": declared.name,
        "method": declared.method,
        "path": declared.path.replace(":path}", "}"),
        "summary": first,
        "text": rest,
        "key": declared.key.value,
        "inputs": [{"place": place, "fields": fields_of(model)} for place, model in declared.models.items()],
        "answers": [
            {"status": status, "text": getattr(answer, "description", None) or (answer.__doc__ or "").strip()}
            for status, answer in declared.answers.items()
        ],
        "refusals": [(code_of(kind), TABLE[kind]) for kind in declared.refuses],
        "examples": examples(declared),
        "needs": variables(declared),
    }


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters |= {"marked": marked, "breakable": breakable}
    return environment


def marked(text: str) -> Markup:
    """Words between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped first


def breakable(name: str) -> Markup:
    """A long name may break behind its underscores and dots."""
    return Markup(re.sub(r"([_.|])", r"\1<wbr>", str(escape(name))))  # noqa: S704 - escaped first


def _page(request: Request, template: str, **context: object) -> Response:
    html = _templates().get_template(template).render(title=openapi.TITLE, **context)
    headers = {"Cache-Control": FOR_FIVE_MINUTES, "Content-Security-Policy": _POLICY}
    return conditional(request, Response(html, headers=headers, media_type="text/html"))


def _origin(request: Request) -> str:
    services: Services = request.state["services"]
    return services.public_origin
