"""Every list that can grow comes in pieces, says where its caller stands, and, where it is public, says how long it holds."""

import re

import pytest

from api import openapi
from api.v1.contents import ENDPOINTS
from tests.api.application import a_client, an_application

DOCUMENT = openapi.description(ENDPOINTS, "https://ashiato.example")
# Lists that a rule keeps short: an edition per published set, the menus of one edition, ten endpoints.
BOUNDED = {"list_editions", "list_plan_menus", "list_webhook_endpoints"}
STANDING = {"RateLimit", "RateLimit-Policy"}


def lists() -> list[tuple[str, dict]]:
    """Address and operation of whatever answers a list of rows, however it is called."""
    found = []
    for path, operations in DOCUMENT["paths"].items():
        answer = operations.get("get", {}).get("responses", {}).get("200", {})
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        name = schema.get("$ref", "").rpartition("/")[2]
        rows = DOCUMENT["components"]["schemas"].get(name, {}).get("properties", {}).get("data", {})
        if rows.get("type") == "array":
            found.append((path, operations["get"]))
    return found


LISTS = [pytest.param(path, operation, id=operation["operationId"]) for path, operation in lists()]


def test_there_are_lists_to_look_at():
    assert {operation["operationId"] for _, operation in lists()} >= {
        "list_listings",
        "list_orders",
        "list_events",
    } | BOUNDED


@pytest.mark.parametrize(("path", "operation"), LISTS)
class TestAList:
    def test_comes_in_pieces(self, path, operation):
        takes = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        gives = set(DOCUMENT["components"]["schemas"][answer]["properties"])
        in_pieces = (
            "limit" in takes
            and ({"cursor"} <= takes or {"after"} <= takes)
            and bool(gives & {"next_cursor", "next_after"})
        )
        assert in_pieces != (operation["operationId"] in BOUNDED)

    def test_says_where_its_caller_stands(self, path, operation):
        assert set(operation["responses"]["200"]["headers"]) >= STANDING

    def test_has_an_etag_where_it_is_public(self, path, operation):
        is_public = {} in operation["security"] and "{" not in path
        assert ("ETag" in operation["responses"]["200"]["headers"]) == is_public


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_answers_carry_what_is_promised(small):
    async with a_client(an_application(small, rate_limit_factor=1_000)) as client:
        for path, _ in lists():
            answer = await client.get(re.sub(r"\{\w+\}", "x", path))
            assert set(map(str.lower, STANDING)) <= set(answer.headers), path
            if answer.status_code == 200:
                assert answer.headers["etag"], path
                assert answer.headers["cache-control"].startswith("public"), path
            else:
                assert answer.headers["cache-control"] == "no-store", path
