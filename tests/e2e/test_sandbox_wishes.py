"""What a programmer asks a sandbox to do to an order happens, over real HTTP, and the order ends as it must."""

import re
import secrets
from typing import Any

import pytest

from tests.e2e.instance import Instance, eventually
from tests.e2e.signed_in import sign_in_at

OVER = {"fulfilled", "refunded"}


@pytest.fixture(scope="module")
def key(instance: Instance) -> str:
    owner = sign_in_at(instance, "owner", email="tester@ashiato.example", provider="sandbox-a")
    scopes = {"scope/orders:read": "yes", "scope/orders:write": "yes"}
    made = owner.post("/en/account/keys", action="create", name="tester", lifetime="30", **scopes)
    (found,) = re.findall(r"ashiato_test_[\w-]{43}", made.text)
    return found


def ask(instance: Instance, key: str, wishes: dict[str, str], *, tonnes: int = 2) -> Any:
    amount_g = tonnes * 1_000_000
    listings = instance.client.get("/v1/listings", params={"limit": 100}).json()["data"]
    for listing in (one for one in listings if one["free_g"] >= 10 * amount_g and one["minimum_g"] <= amount_g):
        quote = instance.post("/v1/quotes", {"listings": [{"listing_id": listing["id"], "amount_g": amount_g}]})
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": secrets.token_hex(16)}
        body = {
            "quote_id": quote["id"],
            "consent_version": instance.client.get("/v1/consent").json()["version"],
            "instruction": INSTRUCTION,
            "sandbox": wishes,
        }
        answer = instance.client.post("/v1/orders", json=body, headers=headers)
        # accounts that people operate by hand have no registry that could fail
        if answer.json().get("code") != "fault_not_offered":
            assert answer.status_code == 201, answer.text
            return answer.json()
    raise AssertionError("no listing reaches the sandbox registry")


INSTRUCTION = {
    "type": "event",
    "subject": "足跡学会",
    "period_first": "2026-11-01",
    "period_last": "2026-11-02",
    "beneficiary": "足跡学会",
    "beneficiary_public": True,
    "purpose_detail": "足跡学会のオフセット",
    "credit_user": "足跡学会",
    "reduction_effort": "資料を電子配布に変えた",
}


FAULTS = {
    "closed_at_night": "registry_waiting",
    "timeout_after_commit": "registry_answer_unknown",
    "partial_acceptance": "partly_confirmed",
    "serial_clash": "cancellation_refused",
}


@pytest.fixture(scope="module")
def failing(instance: Instance, key: str) -> dict[str, Any]:
    """An order per fault, all at once: what takes time takes it together."""
    return {fault: ask(instance, key, {"payment": "paid", "registry": fault}) for fault in FAULTS}


class TestAnOrderThatAsksForIt:
    @pytest.mark.parametrize(("registry", "sign"), FAULTS.items())
    def test_is_paid_meets_the_fault_once_and_ends_well(
        self, instance: Instance, failing: dict[str, Any], registry: str, sign: str
    ) -> None:
        order = failing[registry]
        eventually(lambda: instance.see(order)["state"] in OVER, what=f"an end of {registry}")
        assert instance.see(order)["state"] == "fulfilled"
        assert [event["kind"] for event in instance.see(order)["timeline"]].count(sign) == 1

    def test_expires_when_its_card_is_declined(self, instance: Instance, key: str) -> None:
        order = ask(instance, key, {"payment": "declined_card"})
        eventually(lambda: instance.see(order)["state"] == "expired", what="the buyer leaves")
        assert not instance.happened(order, "paid")
