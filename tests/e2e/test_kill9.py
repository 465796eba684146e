"""Real processes, really killed: after a restart every paid order completes, once."""

import httpx
import pytest

from tests.e2e.instance import eventually


@pytest.fixture
def slow_registry(instance):
    """Every application takes a second, so that a kill can hit it under way."""
    with instance.registry as admin:
        admin.post("/admin/faults", json={"kind": "slow", "count": 100, "seconds": 0.5}).raise_for_status()
        yield instance
        admin.delete("/admin/faults").raise_for_status()


def _completes_once(instance, order) -> None:
    done = eventually(
        lambda: (seen := instance.see(order))["state"] == "fulfilled" and seen, what="the order completes"
    )
    kinds = [event["kind"] for event in done["timeline"]]
    assert kinds.count("cancellation_confirmed") == 1
    assert kinds.count("certified") == 1
    number = done["certificate"]["number"]
    certificate = instance.client.get(f"/v1/certificates/{number}").json()
    assert certificate["amount_g"] == 1_000_000


class TestTheWorkerIsKilled:
    @pytest.mark.parametrize("moment", ["paid", "cancellation_requested", "cancellation_confirmed"])
    def test_right_after(self, slow_registry, moment):
        order = slow_registry.order()
        slow_registry.pay(order)
        eventually(lambda: slow_registry.happened(order, moment), what=moment)
        slow_registry.kill("worker")
        _completes_once(slow_registry, order)

    def test_before_the_payment_is_seen(self, instance):
        order = instance.order()
        instance.kill("worker")
        instance.pay(order)
        _completes_once(instance, order)

    def test_while_the_registrys_answer_is_lost(self, instance):
        with instance.registry as admin:
            admin.post("/admin/faults", json={"kind": "connection_lost"}).raise_for_status()
            order = instance.order()
            instance.pay(order)
            eventually(lambda: instance.happened(order, "cancellation_requested"), what="cancellation requested")
            instance.kill("worker")
            _completes_once(instance, order)


class TestAnyOtherProcessIsKilled:
    @pytest.mark.parametrize("name", ["web", "registry", "payments"])
    def test_and_the_order_completes(self, slow_registry, name):
        order = slow_registry.order()
        slow_registry.pay(order)
        slow_registry.kill(name)
        eventually(lambda: _answers(slow_registry), what="the web process answers again")
        _completes_once(slow_registry, order)


def _answers(instance) -> bool:
    try:
        return instance.client.get("/readyz").is_success
    except httpx.TransportError:
        return False
