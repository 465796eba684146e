"""The registry protocol as OpenAPI 3.1, made from the same shapes both sides read.

`python -m marketplace.registries.protocol_openapi` prints it; docs/registry-protocol.openapi.json is that output, and a
test compares the two.
"""

import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from marketplace.registries.protocol import (
    KEYS_PATH,
    MAX_PAGE,
    REQUEST_ID_HEADER,
    SIGNATURE_HEADER,
    Problem,
    WireAccounts,
    WireApplication,
    WireCancellation,
    WireCancellations,
    WireHoldings,
    WireRegistry,
    WireTransfer,
    WireTransferred,
    WireTransfers,
)

VERSION = "1.0"
_SHAPES: tuple[type[BaseModel], ...] = (
    Problem,
    WireAccounts,
    WireApplication,
    WireCancellation,
    WireCancellations,
    WireHoldings,
    WireRegistry,
    WireTransfer,
    WireTransferred,
    WireTransfers,
)


def openapi() -> dict[str, Any]:
    """The whole document."""
    _, definitions = models_json_schema(
        [(shape, "validation") for shape in _SHAPES], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Registry protocol",
            "version": VERSION,
            "description": "How a carbon credit registry is asked to cancel units. The prose, the rules and the "
            "signature are in registry-protocol.md beside this file.",
        },
        "paths": _paths(),
        "security": [{"bearer": []}],
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "parameters": {"RequestId": _request_id()},
            "headers": {"Signature": _signature()},
            "schemas": definitions["$defs"],
        },
    }


def _paths() -> dict[str, Any]:
    reference = _query("reference", "The client's own reference.", {"type": "string", "minLength": 1})
    account = _query("account", "An account the client may act for.", {"type": "string", "minLength": 1})
    after = _query("after", "`next` of the page before.", {"type": "string"}, required=False)
    limit = _query("limit", "Items per page.", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}, required=False)
    either = [parameter | {"required": False} for parameter in (reference, account)]
    number = {"name": "number", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    keys = {"200": {"description": "JSON Web Key Set", "content": {"application/json": {"schema": {"type": "object"}}}}}
    return {
        "/v1/registry": {"get": _get("registry", "Who answers, and what its clock says", WireRegistry)},
        "/v1/accounts": {"get": _get("accounts", "The accounts this client may act for", WireAccounts)},
        "/v1/holdings": {
            "get": _get("holdings", "What an account holds now", WireHoldings, [account, after, limit], "400", "403")
        },
        "/v1/cancellations": {
            "get": _get(
                "cancellations",
                "By reference: this client's applications under it. By account: all of them, oldest first",
                WireCancellations,
                [*either, after, limit],
                "400",
                "403",
            ),
            "post": _post("cancel", "Apply to cancel exactly these serials", WireApplication, WireCancellation),
        },
        "/v1/notices/{number}/document": {"get": _document(number)},
        "/v1/transfers": {
            "get": _get("transfers", "This client's transfer under a reference", WireTransfers, [reference], "400"),
            "post": _post("transfer", "Move serials to another account", WireTransfer, WireTransferred),
        },
        KEYS_PATH: {
            "get": {
                "operationId": "keys",
                "summary": "The public keys answers are signed with (not signed itself)",
                "security": [],
                "responses": keys,
            }
        },
    }


def _get(
    name: str, summary: str, shape: type[BaseModel], parameters: list[dict[str, Any]] | None = None, *refusals: str
) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [{"$ref": "#/components/parameters/RequestId"}, *(parameters or [])],
        "responses": {"200": _answer("OK", shape), **_refusals(*refusals)},
    }


def _post(name: str, summary: str, wish: type[BaseModel], kept: type[BaseModel]) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [{"$ref": "#/components/parameters/RequestId"}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _reference(wish)}}},
        "responses": {"201": _answer("Taken, in whatever state", kept), **_refusals("403", "409", "422")},
    }


def _document(number: dict[str, Any]) -> dict[str, Any]:
    kinds: dict[str, Any] = {kind: {} for kind in ("application/pdf", "image/png", "image/jpeg")}
    return {
        "operationId": "document",
        "summary": "The notice itself",
        "parameters": [{"$ref": "#/components/parameters/RequestId"}, number],
        "responses": {
            "200": {"description": "OK", "headers": _signed(), "content": kinds},
            **_refusals("404"),
        },
    }


def _answer(description: str, shape: type[BaseModel]) -> dict[str, Any]:
    content = {"application/json": {"schema": _reference(shape)}}
    return {"description": description, "headers": _signed(), "content": content}


def _refusals(*statuses: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _reference(Problem)}}
    descriptions = {
        "400": "A parameter is missing or makes no sense",
        "401": "No or unknown token",
        "403": "Another client's account",
        "404": "Unknown here",
        "409": "The reference was used before: look it up",
        "422": "Not an application of this protocol; nothing was kept",
        "429": "Too many requests; nothing was taken",
        "503": "Closed; nothing was taken",
    }
    return {
        status: {"description": descriptions[status], "headers": _signed(), "content": content}
        for status in sorted({*statuses, "401", "429", "503"})
    }


def _signed() -> dict[str, Any]:
    return {SIGNATURE_HEADER: {"$ref": "#/components/headers/Signature"}}


def _signature() -> dict[str, Any]:
    return {
        "description": "Compact JWS (ES256, typ registry-answer+jws) over method, target, request_id, status, sha256",
        "required": True,
        "schema": {"type": "string"},
    }


def _request_id() -> dict[str, Any]:
    return {
        "name": REQUEST_ID_HEADER,
        "in": "header",
        "required": False,
        "description": "A fresh random text per request; the signature of the answer repeats it",
        "schema": {"type": "string", "maxLength": 100, "pattern": "^[!-~]+$"},
    }


def _query(name: str, description: str, schema: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _reference(shape: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def written() -> str:
    return json.dumps(openapi(), ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    sys.stdout.write(written())
