"""Typed endpoints: one declaration reads and checks a request, renders the answer and describes itself in OpenAPI.

A handler names what it wants as parameters `path`, `query` and `body`, each a model of its own; nothing else is accepted.
"""

import inspect
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Concatenate, get_type_hints

from pydantic import BaseModel, JsonValue, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api import input_errors
from api.bearer import holder_of
from api.calls import Call, Content, KeyPolicy, Reply
from api.idempotency import once
from api.problems import AddressUnknown, BodyTooLarge, FieldError, InputRefused, MediaTypeNotTaken
from api.strict_json import read_json
from marketplace.accounts.errors import ApiKeyNeeded, ScopeMissing
from marketplace.accounts.keys import Scope

JSON = "application/json"
SMALL_BODY = 65_536


Handler = Callable[Concatenate[Call, ...], Awaitable[Reply | Response]]
Answers = Mapping[int, type[BaseModel] | Content]
# stands between the address and the endpoint's own answer
Around = Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`refuses` are the error classes a caller should be ready for, besides those that follow from the declaration.

    `cache` is the Cache-Control of a public answer, which then also carries an ETag; without it nothing is stored.
    `example` is a body that the documentation shows, `query_example` a query where one is needed; a text like "$QUOTE_ID" stands for
    what only the caller knows (api/reference/examples.py).
    `scope` is what a key must be made for, if one is shown; with `only_with_key` there is no way in without.
    `around` may answer in the endpoint's place, for instance from what it has kept.
    """

    method: str
    path: str
    handler: Handler
    answers: Answers
    tag: str
    refuses: tuple[type[Exception], ...] = ()
    key: KeyPolicy = KeyPolicy.UNUSED
    cache: str | None = None
    most_bytes: int = SMALL_BODY
    example: Mapping[str, JsonValue] | None = None
    query_example: Mapping[str, str] | None = None
    scope: Scope | None = None
    only_with_key: bool = False
    around: Around | None = None
    models: Mapping[str, type[BaseModel]] = field(init=False)

    def __post_init__(self) -> None:
        hints = get_type_hints(self.handler)
        wanted = {name: hints[name] for name in inspect.signature(self.handler).parameters if name != "call"}
        object.__setattr__(self, "models", wanted)

    @property
    def name(self) -> str:
        return self.handler.__name__

    async def answer(self, request: Request) -> Response:
        """Read, check, carry out, render. Refusals are raised; api/errors.py answers them."""
        self._check_key(request)
        given: dict[str, BaseModel] = {}
        if model := self.models.get("path"):
            given["path"] = _path(model, request)
        if model := self.models.get("query"):
            given["query"] = _query(model, request)
        elif request.query_params:
            raise InputRefused("this address takes no query", errors=_no_query(request))
        document: JsonValue = None
        if model := self.models.get("body"):
            raw = await self._body(request)
            document = read_json(raw)
            given["body"] = _body(model, raw)

        async def carry_out(call: Call) -> Response:
            return self._render(request, await self.handler(call, **given))

        return await once(request, self.key, fingerprint(request.method, request.url.path, document), carry_out)

    def _check_key(self, request: Request) -> None:
        holder = holder_of(request.scope)
        if holder is None:
            if self.only_with_key:
                raise ApiKeyNeeded("send Authorization: Bearer with a key")
        elif self.scope is not None and self.scope not in holder.scopes:
            raise ScopeMissing(f"the key lacks the scope {self.scope}", scope=self.scope)

    async def _body(self, request: Request) -> bytes:
        media_type, _, parameters = request.headers.get("content-type", "").partition(";")
        charset = parameters.strip().lower().removeprefix("charset=").strip('"')
        if media_type.strip().lower() != JSON or charset not in {"", "utf-8"}:
            raise MediaTypeNotTaken("the body must be application/json in UTF-8")
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise MediaTypeNotTaken("the body must not be compressed")
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.most_bytes:
                raise BodyTooLarge(f"at most {self.most_bytes} bytes are taken here", most_bytes=self.most_bytes)
        return bytes(body)

    def _render(self, request: Request, reply: Reply | Response) -> Response:
        if isinstance(reply, Response):
            response = reply
        else:
            given = {"Location": reply.location, "Cache-Control": reply.cache}
            headers = {name: value for name, value in given.items() if value is not None}
            response = Response(reply.view.model_dump_json(), reply.status, headers=headers, media_type=JSON)
        if self.cache is not None:
            response.headers.setdefault("Cache-Control", self.cache)
            return conditional(request, response)
        return response


def endpoint(
    method: str,
    path: str,
    *,
    answers: Answers,
    tag: str,
    refuses: tuple[type[Exception], ...] = (),
    key: KeyPolicy = KeyPolicy.UNUSED,
    cache: str | None = None,
    most_bytes: int = SMALL_BODY,
    example: Mapping[str, JsonValue] | None = None,
    query_example: Mapping[str, str] | None = None,
    scope: Scope | None = None,
    only_with_key: bool = False,
    around: Around | None = None,
) -> Callable[[Handler], Endpoint]:
    """Declare the decorated handler as an Endpoint; its docstring becomes the summary and the description."""

    def declare(handler: Handler) -> Endpoint:
        return Endpoint(
            method,
            path,
            handler,
            answers,
            tag,
            refuses,
            key,
            cache,
            most_bytes,
            example,
            query_example,
            scope,
            only_with_key,
            around,
        )

    return declare


def routes(endpoints: Iterable[Endpoint]) -> list[Route]:
    """One route per address, so that a wrong method is answered with 405 and the methods there are."""
    by_path: dict[str, list[Endpoint]] = defaultdict(list)
    for declared in endpoints:
        by_path[declared.path].append(declared)
    return [_route(path, declared) for path, declared in by_path.items()]


def _route(path: str, declared: Sequence[Endpoint]) -> Route:
    by_method = {one.method: one for one in declared}

    async def dispatch(request: Request) -> Response:
        one = by_method["GET" if request.method == "HEAD" else request.method]
        return await (one.around(request, one.answer) if one.around else one.answer(request))

    # the log names handlers, not this function
    dispatch.__module__, dispatch.__qualname__ = declared[0].handler.__module__, "+".join(one.name for one in declared)
    return Route(path, dispatch, methods=list(by_method))


def fingerprint(method: str, path: str, document: JsonValue) -> str:
    """The same for two requests that ask the same, however their JSON is spelled."""
    asked = json.dumps([method, path, document], sort_keys=True, ensure_ascii=False)
    return sha256(asked.encode()).hexdigest()


def conditional(request: Request, response: Response) -> Response:
    """Add a strong ETag, and answer 304 to whoever has this very body already."""
    if response.status_code != 200:
        return response
    etag = f'"{sha256(bytes(response.body)).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        kept = {name: value for name, value in response.headers.items() if name in {"etag", "cache-control", "vary"}}
        return Response(status_code=304, headers=kept)
    return response


def _path(model: type[BaseModel], request: Request) -> BaseModel:
    try:
        if any("\x00" in part for part in request.path_params.values()):
            raise AddressUnknown("nothing is served at this address")
        return model.model_validate_strings(request.path_params)
    except ValidationError:
        raise AddressUnknown("nothing is served at this address") from None


def _query(model: type[BaseModel], request: Request) -> BaseModel:
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise InputRefused("a parameter occurs twice", errors=[input_errors.repeated(name)])
        if "\x00" in value:
            raise InputRefused("a parameter holds a null character", errors=[input_errors.null_character(name)])
        given[name] = value
    try:
        return model.model_validate_strings(given)
    except ValidationError as error:
        raise InputRefused("the query is not acceptable", errors=input_errors.of(error, "query")) from None


def _no_query(request: Request) -> list[FieldError]:
    return [input_errors.unknown(name) for name in request.query_params]


def _body(model: type[BaseModel], raw: bytes) -> BaseModel:
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise InputRefused("the body is not acceptable", errors=input_errors.of(error, "body")) from None
