"""The API describes itself from the declarations that check the requests."""

import json
import re

import pytest
from pydantic import ValidationError

from api import openapi
from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.errors import code_of
from api.reference.examples import LANGUAGES, curl, variables
from api.v1.contents import ENDPOINTS
from api.v1.shapes import View

WITH_EXAMPLE = [declared for declared in ENDPOINTS if declared.example is not None]


async def _nothing(call: Call) -> Reply:
    """Nothing"""
    raise AssertionError


@pytest.fixture
async def document(offline):
    return (await offline.get("/v1/openapi.json")).json()


def operations(document):
    return [
        operation | {"path": path, "method": method}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


class TestTheOpenApiDocument:
    async def test_holds_every_endpoint_and_no_other(self, document):
        assert [operation["operationId"] for operation in operations(document)] == [one.name for one in ENDPOINTS]

    async def test_is_version_3_1_and_names_this_service(self, document):
        assert document["openapi"] == "3.1.0"
        assert document["servers"] == [{"url": "https://ashiato.example"}]

    async def test_explains_every_operation(self, document):
        for operation in operations(document):
            assert operation["summary"]
            assert not operation["summary"].endswith(".")
            assert {"500", "503"} <= set(operation["responses"])

    async def test_names_the_codes_of_every_refusal(self, document):
        for declared, operation in zip(ENDPOINTS, operations(document), strict=True):
            described = json.dumps(operation["responses"])
            for refusal in openapi.refusals(declared):
                assert f"`{code_of(refusal)}`" in described

    async def test_refers_to_nothing_that_it_does_not_hold(self, document):
        referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
        assert referred <= set(document["components"]["schemas"])

    async def test_forbids_unknown_fields_in_every_body(self, document):
        for operation in operations(document):
            if "requestBody" in operation:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                schema = document["components"]["schemas"][reference.rpartition("/")[2]]
                assert schema["additionalProperties"] is False

    async def test_asks_for_a_key_where_one_is_taken(self, document):
        for declared, operation in zip(ENDPOINTS, operations(document), strict=True):
            asked = {p["name"]: p["required"] for p in operation["parameters"] if p["in"] == "header"}
            expected = {
                KeyPolicy.UNUSED: {},
                KeyPolicy.OPTIONAL: {"Idempotency-Key": False},
                KeyPolicy.REQUIRED: {"Idempotency-Key": True},
            }
            assert asked == expected[declared.key]

    async def test_is_not_fetched_twice(self, offline):
        first = await offline.get("/v1/openapi.json")
        again = await offline.get("/v1/openapi.json", headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304


class TestThePageForPeople:
    async def test_shows_every_endpoint_with_a_command(self, offline):
        answer = await offline.get("/docs")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        for declared in ENDPOINTS:
            assert f'id="{declared.name}"' in answer.text
        assert answer.text.count("<pre") == len(ENDPOINTS) * len(LANGUAGES) + 1

    @pytest.mark.parametrize("address", ["/docs", "/docs/errors"])
    async def test_needs_nothing_from_elsewhere_and_runs_no_script(self, offline, address):
        answer = await offline.get(address)
        assert "<script" not in answer.text
        assert re.findall(r'(?:src|href)="(https?:[^"]+)"', answer.text) == []
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert (await offline.get("/docs/reference.css")).headers["content-type"].startswith("text/css")

    @pytest.mark.parametrize("declared", WITH_EXAMPLE, ids=lambda declared: declared.name)
    def test_shows_a_body_that_is_taken(self, declared):
        try:
            declared.models["body"].model_validate_json(json.dumps(declared.example), strict=True)
        except ValidationError as error:
            pytest.fail(str(error))

    def test_names_what_its_reader_has_to_fill_in(self):
        by_name = {declared.name: variables(declared) for declared in ENDPOINTS}
        assert by_name["create_quote"] == ["LISTING_ID", "FOOTPRINT_ID"]
        assert by_name["read_credit_note"] == ["ORDER_TOKEN", "CREDIT_NOTE_NUMBER"]
        assert by_name["list_orders"] == ["KEY"]

    def test_leaves_a_shell_nothing_to_fill_in_but_that(self):
        declared = endpoint("POST", "/v1/x", answers={200: View}, tag="x", example={"a": "`$ID` \\ $5 $A_B"})(_nothing)
        assert "\\`$ID\\` \\\\\\\\ \\$5 $A_B" in curl(declared)

    def test_every_body_has_an_example(self):
        assert {one.name for one in ENDPOINTS if "body" in one.models} == {one.name for one in WITH_EXAMPLE}
