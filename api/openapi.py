"""OpenAPI 3.1 of typed endpoints, from the very declarations that check the requests."""

import inspect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from api import idempotency, problems
from api.calls import Content, KeyPolicy
from api.endpoints import JSON, Endpoint
from api.error_table import FAULT, OUTAGE, TABLE
from api.errors import code_of
from api.problems import MEDIA_TYPE, Problem
from marketplace.accounts.errors import ApiKeyNeeded, ApiKeyOfOtherEnvironment, ApiKeyUnknown, ScopeMissing
from marketplace.idempotency.service import IdempotencyKeyReused, IdempotentRequestInFlight

TITLE = "Ashiato API"
VERSION = "1.0.0"
DESCRIPTION = (
    "Estimate a footprint, hold and buy credits, have them cancelled in their registry, and get a certificate that anyone "
    "can verify. Amounts are whole grams of CO2e (`…_g`), money is whole yen, times are RFC 3339 in UTC."
)
Schema = dict[str, Any]
Named = TypeVar("Named")
_REFERENCE = "#/components/schemas/"

_KEY: Schema = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key of your account. Public addresses work without; with a key, what you make belongs to your organisation.",
}
_EVERY_REQUEST: tuple[type[Exception], ...] = (
    problems.RequestMalformed,
    problems.TooManyRequests,
    ApiKeyUnknown,
    ApiKeyOfOtherEnvironment,
)
_WITH_BODY: tuple[type[Exception], ...] = (
    problems.MalformedJson,
    problems.DuplicateName,
    problems.BodyTooLarge,
    problems.BodyTooSlow,
    problems.MediaTypeNotTaken,
    problems.InputRefused,
)
_WITH_KEY: tuple[type[Exception], ...] = (
    problems.IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    IdempotentRequestInFlight,
)


def description(endpoints: Sequence[Endpoint], origin: str) -> Schema:
    """The OpenAPI document for a service reached at `origin`."""
    schemas, components = _schemas(endpoints)
    paths: dict[str, Schema] = defaultdict(dict)
    for declared in endpoints:
        address = declared.path.replace(":path}", "}")
        paths[address][declared.method.lower()] = _operation(declared, schemas)
    tags = dict.fromkeys(declared.tag for declared in endpoints)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": origin}],
        "tags": [{"name": tag} for tag in tags],
        "paths": dict(paths),
        "components": {"schemas": components, "securitySchemes": {"key": _KEY}},
    }


def refusals(declared: Endpoint) -> list[type[Exception]]:
    """Every refusal a caller may meet: those of the use case, and those that follow from the declaration."""
    found = [*declared.refuses, *_EVERY_REQUEST]
    if declared.only_with_key:
        found.append(ApiKeyNeeded)
    if declared.scope is not None:
        found.append(ScopeMissing)
    if "body" in declared.models:
        found += _WITH_BODY
    else:
        # every address refuses parameters that it does not know
        found.append(problems.InputRefused)
    if "path" in declared.models:
        found.append(problems.AddressUnknown)
    if declared.key is not KeyPolicy.UNUSED:
        found += _WITH_KEY
    if declared.key is KeyPolicy.REQUIRED:
        found.append(problems.IdempotencyKeyMissing)
    return list(dict.fromkeys(found))


def summary(declared: Endpoint) -> tuple[str, str]:
    """First line and rest of the handler's docstring."""
    first, _, rest = (inspect.getdoc(declared.handler) or "").partition("\n")
    return first, rest.strip()


Key = tuple[str, JsonSchemaMode]


def _schemas(endpoints: Iterable[Endpoint]) -> tuple[Mapping[Key, Schema], Schema]:
    """References by (endpoint and use), and the shared definitions."""
    wanted: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [("problem", "serialization", TypeAdapter(Problem))]
    for declared in endpoints:
        if body := declared.models.get("body"):
            wanted.append((declared.name, "validation", TypeAdapter(body)))
        for status, answer in declared.answers.items():
            if not isinstance(answer, Content):
                wanted.append((f"{declared.name} {status}", "serialization", TypeAdapter(answer)))
    references, definitions = TypeAdapter.json_schemas(wanted, ref_template=_REFERENCE + "{model}")
    names = {name: _readable(name) for name in definitions["$defs"]}
    components = {names[name]: schema | {"title": names[name]} for name, schema in definitions["$defs"].items()}
    return _renamed(references, names), _renamed(components, names)


def _readable(name: str) -> str:
    """Two models of one name stand under the paths of their modules; generators of clients want a name: ProductsPeriodWish."""
    *_, room, model = ("", *name.split("__")) if "__" in name else ("", "", name)
    return "".join(word.capitalize() for word in room.split("_")) + model


def _renamed(schemas: Mapping[Named, Schema], names: Mapping[str, str]) -> dict[Named, Schema]:
    """The schemas with their references led to the readable names."""

    def led(part: Any) -> Any:
        if isinstance(part, dict):
            reference = part.get("$ref")
            if isinstance(reference, str):
                part = part | {"$ref": _REFERENCE + names[reference.removeprefix(_REFERENCE)]}
            return {name: led(inner) for name, inner in part.items()}
        return [led(inner) for inner in part] if isinstance(part, list) else part

    return {key: led(schema) for key, schema in schemas.items()}


def _operation(declared: Endpoint, schemas: Mapping[Key, Schema]) -> Schema:
    first, rest = summary(declared)
    operation: Schema = {
        "operationId": declared.name,
        "summary": first,
        "tags": [declared.tag],
        "parameters": _parameters(declared),
        "responses": _responses(declared, schemas),
    }
    # {} stands for "without a key"
    operation["security"] = [{"key": []}] if declared.only_with_key else [{}, {"key": []}]
    if rest:
        operation["description"] = rest
    if "body" in declared.models:
        content: Schema = {"schema": schemas[declared.name, "validation"]}
        if declared.example is not None:
            content["example"] = declared.example
        operation["requestBody"] = {"required": True, "content": {JSON: content}}
    return operation


def _parameters(declared: Endpoint) -> list[Schema]:
    found = [*_model_parameters(declared, "path"), *_model_parameters(declared, "query")]
    if declared.key is not KeyPolicy.UNUSED:
        found.append(
            {
                "name": idempotency.HEADER,
                "in": "header",
                "required": declared.key is KeyPolicy.REQUIRED,
                "description": "A fresh random text per request, the same one for its repetitions.",
                "schema": {"type": "string", "pattern": f"^{idempotency.KEY_FORM}$"},
            }
        )
    return found


def _model_parameters(declared: Endpoint, place: str) -> Iterable[Schema]:
    model: type[BaseModel] | None = declared.models.get(place)
    if model is None:
        return
    schema = model.model_json_schema()
    for name, described in schema["properties"].items():
        inner = _without_null(_resolved(described, schema.get("$defs", {})))
        note = inner.pop("description", None)
        parameter = {"name": name, "in": place, "required": name in schema.get("required", ()), "schema": inner}
        yield parameter | ({"description": note} if note else {})


def _resolved(described: Schema, definitions: Schema) -> Schema:
    """Parameters are described in place: what they refer to is small."""
    if "$ref" in described:
        return _resolved(definitions[described["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in described:
        return described | {"anyOf": [_resolved(one, definitions) for one in described["anyOf"]]}
    return dict(described)


def _without_null(described: Schema) -> Schema:
    """A parameter is absent or has a value; there is no null in an address."""
    rest = {name: value for name, value in described.items() if name not in {"anyOf", "default"}}
    if "anyOf" in described:
        only: Schema = next(one for one in described["anyOf"] if one.get("type") != "null")
        return only | rest
    if described.get("default") is not None:
        rest["default"] = described["default"]
    return rest


def _responses(declared: Endpoint, schemas: Mapping[Key, Schema]) -> Schema:
    responses: Schema = {}
    for status, answer in declared.answers.items():
        responses[str(status)] = _success(declared, status, answer, schemas)
    if declared.cache is not None:
        responses["304"] = {"description": "Unchanged since the ETag that was sent in If-None-Match."}
    by_status: dict[int, list[type[Exception]]] = defaultdict(list)
    for refusal in refusals(declared):
        by_status[TABLE[refusal].status].append(refusal)
    for status, refused in sorted(by_status.items()):
        codes = ", ".join(f"`{code_of(refusal)}`" for refusal in refused)
        responses[str(status)] = _problem(f"{'; '.join(TABLE[r].title for r in refused)} ({codes})", schemas)
    responses[str(FAULT.status)] = _problem(FAULT.title, schemas)
    responses[str(OUTAGE.status)] = _problem(OUTAGE.title, schemas, "Retry-After")
    return responses


def _success(
    declared: Endpoint, status: int, answer: type[BaseModel] | Content, schemas: Mapping[Key, Schema]
) -> Schema:
    headers = ["X-Request-Id", "RateLimit-Policy", "RateLimit"]
    if declared.key is not KeyPolicy.UNUSED:
        headers.append(idempotency.REPLAYED)
    if declared.cache is not None:
        headers.append("ETag")
    if isinstance(answer, Content):
        text, media_type, schema = answer.description, answer.media_type, Schema()
    else:
        text = "Made." if status == 201 else "Done."
        media_type, schema = JSON, schemas[f"{declared.name} {status}", "serialization"]
    return {"description": text, "headers": _headers(*headers), "content": {media_type: {"schema": schema}}}


def _problem(text: str, schemas: Mapping[Key, Schema], *headers: str) -> Schema:
    return {
        "description": text,
        "headers": _headers("X-Request-Id", *headers),
        "content": {MEDIA_TYPE: {"schema": schemas["problem", "serialization"]}},
    }


def _headers(*names: str) -> Schema:
    return {name: {"schema": {"type": "string"}} for name in names}
