"""/docs, /docs/errors and /v1/openapi.json: plain pages of our own without a script."""

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from shlex import quote
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from api import openapi
from api.calls import KeyPolicy
from api.endpoints import Endpoint, conditional
from api.error_table import FAULT, FAULT_CODE, OUTAGE, OUTAGE_CODE, TABLE, Row
from api.errors import code_of
from api.reference.fields import fields_of
from api.services import Services

FOLDER = Path(__file__).parent
FOR_FIVE_MINUTES = "public, max-age=300"
_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def routes(endpoints: Sequence[Endpoint]) -> list[Route]:
    @cache
    def described(origin: str) -> openapi.Schema:
        """Once per process: the endpoints do not change while it runs."""
        return openapi.description(endpoints, origin)

    async def document(request: Request) -> Response:
        response = JSONResponse(described(_origin(request)), headers={"Cache-Control": FOR_FIVE_MINUTES})
        response.headers["Access-Control-Allow-Origin"] = "*"
        return conditional(request, response)

    async def reference(request: Request) -> Response:
        return _page(request, "reference.html", groups=_groups(endpoints, _origin(request)))

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


def curl(declared: Endpoint, origin: str) -> str:
    """A command to try the endpoint with; words in braces are for the reader to fill in."""
    parts = [f"curl {quote(origin + declared.path.replace(':path}', '}'))}"]
    if declared.method != "GET":
        parts[0] = parts[0].replace("curl ", f"curl -X {declared.method} ", 1)
    if declared.key is not KeyPolicy.UNUSED:
        parts.append('-H "Idempotency-Key: $(openssl rand -hex 16)"')
    if declared.example is not None:
        parts.append("-H 'Content-Type: application/json'")
        parts.append(f"-d {quote(json.dumps(declared.example, ensure_ascii=False, indent=2))}")
    return " \\\n  ".join(parts)


def _groups(endpoints: Sequence[Endpoint], origin: str) -> list[dict[str, Any]]:
    tags = dict.fromkeys(declared.tag for declared in endpoints)
    return [{"tag": tag, "entries": [_entry(one, origin) for one in endpoints if one.tag == tag]} for tag in tags]


def _entry(declared: Endpoint, origin: str) -> dict[str, Any]:
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
        "curl": curl(declared, origin),
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
