"""From an exception to its answer: problem documents for programs, pages for people, and never an inner detail."""

import errno
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import asyncpg
import structlog
from pydantic import JsonValue, TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from tortoise.exceptions import DBConnectionError, OperationalError

from api import problems
from api.error_table import FAULT, FAULT_CODE, OUTAGE, OUTAGE_CODE, TABLE, Row
from api.problems import FieldError, Problem, Refusal, problem_response
from marketplace.database.transactions import is_passing
from offset_calc.errors import FieldProblem, InputsRefused

Handler = Callable[[Request, Any], Awaitable[Response]]

log = structlog.get_logger()

RETRY_AFTER_SECONDS = 2
_PROGRAMS = ("/v1/", "/webhooks/", "/.well-known/", "/status/", "/contexts/", "/log/", "/healthz", "/readyz")
_OUTAGES = (
    DBConnectionError,
    ConnectionError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    # the database shuts down, has crashed or is starting
    asyncpg.exceptions.OperatorInterventionError,
    # connections, memory or the disk are used up
    asyncpg.InsufficientResourcesError,
    # it cannot read or write its own files: a quota is used up, a limit reached, the disk broken
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    asyncpg.InterfaceError,
    # an operation on a connection that broke in the middle of another
    asyncpg.InternalClientError,
    # no name server, or none that knows the database
    socket.gaierror,
)
_OUTAGE_NUMBERS = frozenset({errno.ENOSPC, errno.ENETUNREACH, errno.EHOSTUNREACH})
_SQLITE_OUTAGES = ("disk is full", "unable to open database file", "disk I/O error")
_json = TypeAdapter[Any](Any)


def is_for_programs(path: str) -> bool:
    return path == "/v1" or path.startswith(_PROGRAMS)


def exception_handlers(pages: Mapping[Any, Handler] | None = None) -> dict[Any, Handler]:
    """For Starlette(exception_handlers=…). `pages` are the handlers of people's addresses: of HTTPException, Exception, and
    of classes in the table that have a page of their own.
    """

    async def known(request: Request, error: Exception) -> Response:
        if pages is None or is_for_programs(request.url.path):
            return refused(request, error)
        if type(error) in pages:
            return await pages[type(error)](request, error)
        return await pages[HTTPException](request, HTTPException(row_of(error).status, headers=_headers(error)))

    async def by_status(request: Request, error: HTTPException) -> Response:
        if pages is None or is_for_programs(request.url.path):
            return refused(request, _as_refusal(error))
        return await pages[HTTPException](request, error)

    async def unforeseen(request: Request, error: Exception) -> Response:
        outage = is_outage(error)
        log.error(OUTAGE_CODE if outage else FAULT_CODE, exc_info=error)
        if pages is None or is_for_programs(request.url.path):
            return fault(request, outage=outage)
        if outage:
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            return await pages[HTTPException](request, HTTPException(OUTAGE.status, headers=headers))
        return await pages[Exception](request, error)

    return {**dict.fromkeys(TABLE, known), HTTPException: by_status, Exception: unforeseen}


def row_of(error: Exception) -> Row:
    """The row of an error's class, or of the nearest class above it."""
    return next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)


def is_known(error: Exception) -> bool:
    return any(kind in TABLE for kind in type(error).__mro__)


def is_outage(error: BaseException) -> bool:
    """Whether the database or the network failed, rather than our code: waiting may help.

    What goes wrong while a lost connection is cleaned up is part of its loss.
    """
    if is_passing(error) or isinstance(error, _OUTAGES):
        return True
    if isinstance(error, OSError) and error.errno in _OUTAGE_NUMBERS:
        return True
    # the socket of a database that was stopped; what lacks a file names it
    if isinstance(error, FileNotFoundError) and error.filename is None:
        return True
    if isinstance(error, OperationalError) and any(words in str(error) for words in _SQLITE_OUTAGES):
        return True
    return error.__context__ is not None and is_outage(error.__context__)


def refused(request: Request, error: Exception) -> Response:
    """The problem document of an error in the table."""
    row = row_of(error)
    problem = Problem(
        type=_documentation(request, code_of(error)),
        title=row.title,
        status=row.status,
        # what went wrong between us and others is nobody's business but ours
        detail=str(error) if row.status < 500 else None,
        code=code_of(error),
        retryable=row.retryable,
        remedy=row.remedy,
        request_id=request_id_of(request),
        params=_params(error) or None,
        errors=list(_fields(error)) or None,
    )
    return problem_response(problem, _headers(error))


def fault(request: Request, *, outage: bool) -> Response:
    """For what nobody foresaw; says nothing of its cause."""
    row, code = (OUTAGE, OUTAGE_CODE) if outage else (FAULT, FAULT_CODE)
    problem = Problem(
        type=_documentation(request, code),
        title=row.title,
        status=row.status,
        code=code,
        retryable=row.retryable,
        remedy=row.remedy,
        request_id=request_id_of(request),
    )
    return problem_response(problem, {"Retry-After": str(RETRY_AFTER_SECONDS)} if outage else {})


def code_of(error: Exception | type[Exception]) -> str:
    """A test sees to it that every class in the table has a code."""
    return str(getattr(error, "code"))  # noqa: B009 - exceptions in general have none


def request_id_of(request: Request) -> str:
    """As the middleware set it."""
    return str(request.scope["state"]["request_id"])


def _documentation(request: Request, code: str) -> str:
    return f"{request.state['services'].public_origin}/docs/errors#{code}"


def _params(error: Exception) -> dict[str, JsonValue]:
    params = dict(getattr(error, "params", {}))
    safe: dict[str, JsonValue] = _json.dump_python(params, mode="json")
    return safe


def _fields(error: Exception) -> Sequence[FieldError]:
    if isinstance(error, Refusal):
        return error.errors
    if isinstance(error, InputsRefused):
        return [
            FieldError(place="body", pointer=problem.pointer, code=problem.code, detail=_spelled(problem))
            for problem in error.problems
        ]
    return ()


def _spelled(problem: FieldProblem) -> str:
    """For a developer's eye, for example "too large (maximum: 100000)"."""
    facts = "; ".join(f"{name}: {_fact(value)}" for name, value in problem.params.items())
    return problem.code.replace("_", " ") + (f" ({facts})" if facts else "")


def _fact(value: object) -> str:
    """Choices one after another; a place by the key that names it and no other."""
    if isinstance(value, tuple):
        return ", ".join(str(choice["key"]) if isinstance(choice, Mapping) else str(choice) for choice in value)
    return str(value)


def _headers(error: Exception) -> dict[str, str]:
    headers = dict(error.headers) if isinstance(error, Refusal) else {}
    if row_of(error).status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="ashiato"'
    params = getattr(error, "params", {})
    if "retry_after_seconds" in params:
        headers["Retry-After"] = str(params["retry_after_seconds"])
    elif row_of(error).status == OUTAGE.status:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return headers


def _as_refusal(error: HTTPException) -> Refusal:
    """What Starlette itself refuses, in our words."""
    headers = dict(error.headers or {})
    match error.status_code:
        case 404:
            return problems.AddressUnknown("nothing is served at this address", headers=headers)
        case 405:
            return problems.MethodNotOffered("this method is not offered here", headers=headers)
        case 413:
            return problems.BodyTooLarge("the body is too large", headers=headers)
        case _:
            return problems.RequestMalformed(error.detail, headers=headers)
