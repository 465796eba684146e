"""The published OpenAPI file is the protocol, and the sandbox registry keeps to it."""

from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from marketplace.registries.protocol_openapi import openapi, written
from tests.marketplace.registries.servers import RunningRegistry

PUBLISHED = Path(__file__).parents[3] / "docs" / "registry-protocol.openapi.json"
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
schema = schemathesis.openapi.from_dict(openapi())


def test_the_published_file_is_up_to_date() -> None:
    """If this fails: python -m marketplace.registries.protocol_openapi > docs/registry-protocol.openapi.json"""
    assert PUBLISHED.read_text(encoding="utf-8") == written()


@schema.parametrize()
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_the_document_promises(case: schemathesis.Case, steady_registry: RunningRegistry) -> None:
    token = f"Bearer {steady_registry.credentials.client_token}"
    case.call_and_validate(base_url=steady_registry.address, headers={"Authorization": token}, checks=list(CHECKS))


def test_a_cancellation_as_documented(steady_registry: RunningRegistry) -> None:
    application = {
        "reference": "documented",
        "account": "service",
        "block": "B1",
        "serials": {"first": 1, "last": 2},
        "tonnes": 2,
        "act": "mukoka",
        "purpose": "carbon_offset",
        "purpose_detail": "",
        "credit_user": "",
    }
    kept = steady_registry.ask("POST", "/v1/cancellations", application)
    assert kept.status_code == 201
    schema["/v1/cancellations"]["POST"].validate_response(kept)
    found = steady_registry.ask("GET", "/v1/cancellations?reference=documented")
    schema["/v1/cancellations"]["GET"].validate_response(found)
