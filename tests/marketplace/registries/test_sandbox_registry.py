"""The sandbox registry over HTTP, asked plainly: who may do what, what it refuses by itself, what its notices are."""

import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pydantic import SecretStr

from marketplace.registries.sandbox.settings import Credentials, RegistryClient, SandboxRegistrySettings
from tests.marketplace.registries.servers import SEED, RunningRegistry, registry_in_a_thread


def an_application(reference: str = "R1", first: int = 1, last: int = 10, **changed: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "reference": reference,
        "account": "service",
        "block": "B1",
        "serials": {"first": first, "last": last},
        "tonnes": last - first + 1,
        "act": "mukoka",
        "purpose": "carbon_offset",
        "purpose_detail": "二日間の学会に伴う排出",
        "credit_user": "髙﨑商事 株式会社",
    }
    return facts | changed


def submit(registry: RunningRegistry, application: dict[str, Any]) -> dict[str, Any]:
    answer = registry.ask("POST", "/v1/cancellations", application)
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


class TestItRefusesADoubleCancellationByItself:
    def test_the_same_serials_under_another_reference(self, registry: RunningRegistry) -> None:
        assert submit(registry, an_application("R1"))["state"] == "confirmed"
        second = submit(registry, an_application("R2", first=10, last=12))
        assert (second["state"], second["rejection_reason"]) == ("rejected", "already_cancelled")
        assert registry.cancelled() == [("R1", 1, 10)]

    def test_the_same_reference(self, registry: RunningRegistry) -> None:
        submit(registry, an_application())
        again = registry.ask("POST", "/v1/cancellations", an_application())
        assert (again.status_code, again.json()["code"]) == (409, "reference_taken")

    def test_serials_that_wait_in_another_application(self, registry: RunningRegistry) -> None:
        registry.admin("PUT", "schedule", {"delay_seconds": 3600})
        assert submit(registry, an_application("R1"))["state"] == "pending"
        second = submit(registry, an_application("R2", first=5, last=5))
        assert (second["state"], second["rejection_reason"]) == ("rejected", "in_another_application")

    def test_twenty_at_once(self, registry: RunningRegistry) -> None:
        with ThreadPoolExecutor(8) as pool:
            kept = list(pool.map(lambda number: submit(registry, an_application(f"R{number}")), range(20)))
        assert sorted(one["state"] for one in kept) == ["confirmed"] + ["rejected"] * 19
        assert len(registry.cancelled()) == 1


class TestItRefusesWhatIsNotTheApplicants:
    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"first": 595, "last": 605}, "not_held_by_account"),
            ({"first": 601, "last": 601}, "not_held_by_account"),
            ({"account": "nobody"}, "not_held_by_account"),
            ({"first": 990, "last": 1001}, "serials_outside_block"),
            ({"block": "B9"}, "block_unknown"),
            ({"act": "torikeshi"}, "act_not_offered"),
        ],
    )
    def test_the_reason_is_kept(self, registry: RunningRegistry, changed: dict[str, Any], reason: str) -> None:
        kept = submit(registry, an_application(**changed))
        assert (kept["state"], kept["rejection_reason"], kept["notice"]) == ("rejected", reason, None)
        page = registry.ask("GET", "/v1/cancellations?reference=R1").json()
        assert page["items"] == [kept]
        assert registry.cancelled() == []

    @pytest.mark.parametrize(
        "changed",
        [
            {"tonnes": 9},
            {"tonnes": 9.5},
            {"tonnes": "10"},
            {"tonnes": 10.0},
            {"serials": {"first": 0, "last": 9}},
            {"serials": {"first": 10, "last": 1}},
            {"serials": {"first": 1, "last": 2**63}, "tonnes": 2**63},
            {"serials": {"first": 1.5, "last": 10}},
            {"reference": ""},
            {"credit_user": "x" * 2001},
            {"surprise": True},
        ],
    )
    def test_a_malformed_application_is_not_kept(
        self, steady_registry: RunningRegistry, changed: dict[str, Any]
    ) -> None:
        answer = steady_registry.ask("POST", "/v1/cancellations", an_application() | changed)
        assert (answer.status_code, answer.json()["code"]) == (422, "not_valid")
        assert steady_registry.ask("GET", "/v1/cancellations?reference=R1").json()["items"] == []

    def test_text_that_is_not_json(self, steady_registry: RunningRegistry) -> None:
        answer = steady_registry.ask("POST", "/v1/cancellations", "not an object")
        assert answer.status_code == 422


class TestEachClientActsForItsOwnAccounts:
    @pytest.fixture
    def providers_token(self) -> str:
        return "the provider's own long token"

    @pytest.fixture
    def shared(self, tmp_path: Path, providers_token: str) -> Iterator[RunningRegistry]:
        market = Credentials.kept_in(tmp_path)
        clients = (
            RegistryClient(name="market", token=SecretStr(market.client_token), accounts=("service",)),
            RegistryClient(name="provider", token=SecretStr(providers_token), accounts=("provider",)),
        )
        settings = SandboxRegistrySettings(data=tmp_path, admin_token=SecretStr(market.admin_token), clients=clients)
        with registry_in_a_thread(tmp_path, given=settings) as running:
            yield running

    def test_anothers_account_is_forbidden(self, shared: RunningRegistry) -> None:
        applied = shared.ask("POST", "/v1/cancellations", an_application(account="provider", first=601, last=601))
        assert (applied.status_code, applied.json()["code"]) == (403, "account_not_yours")
        assert shared.ask("GET", "/v1/holdings?account=provider").status_code == 403
        assert shared.ask("GET", "/v1/cancellations?account=provider").status_code == 403
        assert [one["id"] for one in shared.ask("GET", "/v1/accounts").json()["items"]] == ["service"]

    def test_anothers_reference_and_notice_are_unknown(self, shared: RunningRegistry, providers_token: str) -> None:
        number = submit(shared, an_application())["notice"]["number"]
        bearer = {"Authorization": f"Bearer {providers_token}"}
        assert shared.ask("GET", "/v1/cancellations?reference=R1", **bearer).json()["items"] == []
        assert shared.ask("GET", f"/v1/notices/{number}/document", **bearer).status_code == 404

    @pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic d3Jvbmc6d3Jvbmc="])
    @pytest.mark.parametrize(
        "path", ["/v1/holdings?account=service", "/v1/cancellations?reference=R1", "/admin/faults"]
    )
    def test_without_a_token_there_is_nothing(
        self, steady_registry: RunningRegistry, path: str, authorization: str
    ) -> None:
        answer = steady_registry.ask("GET", path, Authorization=authorization)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")

    def test_a_clients_token_opens_no_admin_door(self, steady_registry: RunningRegistry) -> None:
        assert steady_registry.ask("PUT", "/admin/clock", {"now": "2026-11-22T00:00:00Z"}).status_code == 401


class TestTheSeedIsLoadedOnce:
    def test_a_second_load_brings_nothing_back(self, registry: RunningRegistry) -> None:
        submit(registry, an_application())
        assert registry.admin("POST", "seed", SEED) == {"new": {"accounts": 0, "blocks": 0, "holdings": 0}}
        held = registry.ask("GET", "/v1/holdings?account=service").json()["items"]
        assert [one["serials"] for one in held] == [{"first": 11, "last": 600}, {"first": 5001, "last": 5100}]

    def test_a_contradiction_is_refused_as_a_whole(self, registry: RunningRegistry) -> None:
        changed = {
            "accounts": [{"id": "new", "name": "New"}],
            "blocks": [{"id": "B1", "first": 1, "last": 2000, "acts": ["mukoka"]}],
        }
        bearer = f"Bearer {registry.credentials.admin_token}"
        answer = registry.ask("POST", "/admin/seed", changed, Authorization=bearer)
        assert (answer.status_code, answer.json()["code"]) == (409, "seed_contradicts")
        assert len(registry.ask("GET", "/v1/accounts").json()["items"]) == 2


class TestTransfers:
    def transfer(self, registry: RunningRegistry, reference: str = "T1", **changed: Any) -> Any:
        wish = {
            "reference": reference,
            "from_account": "provider",
            "to_account": "service",
            "block": "B1",
            "serials": {"first": 701, "last": 800},
        }
        return registry.ask("POST", "/v1/transfers", wish | changed)

    def test_the_receiver_can_cancel_and_the_sender_cannot(self, registry: RunningRegistry) -> None:
        assert self.transfer(registry).status_code == 201
        assert submit(registry, an_application("R1", 701, 800))["state"] == "confirmed"
        assert submit(registry, an_application("R2", 702, 702, account="provider"))["state"] == "rejected"

    def test_a_cancellation_may_span_what_was_received_next_to_what_was_held(self, registry: RunningRegistry) -> None:
        self.transfer(registry, serials={"first": 601, "last": 650})
        assert submit(registry, an_application("R1", 590, 610))["state"] == "confirmed"

    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"serials": {"first": 600, "last": 700}}, "not_held_by_account"),
            ({"to_account": "nobody"}, "account_unknown"),
        ],
    )
    def test_refusals(self, registry: RunningRegistry, changed: dict[str, Any], reason: str) -> None:
        answer = self.transfer(registry, **changed)
        assert (answer.status_code, answer.json()["detail"]) == (422, reason)

    def test_serials_that_wait_for_cancellation_stay(self, registry: RunningRegistry) -> None:
        registry.admin("PUT", "schedule", {"delay_seconds": 3600})
        submit(registry, an_application("R1", 750, 751, account="provider"))
        assert self.transfer(registry).json()["detail"] == "in_another_application"

    def test_a_reference_moves_serials_once(self, registry: RunningRegistry) -> None:
        recorded = self.transfer(registry).json()
        assert self.transfer(registry).status_code == 409
        assert registry.ask("GET", "/v1/transfers?reference=T1").json()["items"] == [recorded]


class TestDecisionsComeWhenTheRegistryWorks:
    def test_after_hours_an_application_waits_for_the_next_business_day(self, registry: RunningRegistry) -> None:
        registry.admin("PUT", "clock", {"now": "2026-11-20T09:00:00Z", "runs": False})  # Friday 18:00 in Japan
        registry.admin("PUT", "schedule", {"hours": {}})
        kept = submit(registry, an_application())
        assert (kept["state"], kept["expected_at"]) == ("pending", "2026-11-24T00:00:00.000000+00:00")
        registry.admin("PUT", "clock", {"now": "2026-11-23T23:59:59Z", "runs": False})
        assert registry.cancelled() == []
        registry.admin("PUT", "clock", {"now": "2026-11-26T00:00:00Z", "runs": False})
        [decided] = registry.ask("GET", "/v1/cancellations?reference=R1").json()["items"]
        assert decided["notice"]["recorded_on"] == "2026-11-24"  # when it was due, not when somebody asked

    @pytest.mark.parametrize(
        ("utc", "recorded_on"),
        [
            ("2026-12-31T14:59:59Z", "2026-12-31"),
            ("2026-12-31T15:00:00Z", "2027-01-01"),
            ("2028-02-28T15:00:00Z", "2028-02-29"),
            ("2028-02-29T15:00:00Z", "2028-03-01"),
        ],
    )
    def test_the_recorded_date_is_the_date_in_japan(
        self, registry: RunningRegistry, utc: str, recorded_on: str
    ) -> None:
        registry.admin("PUT", "clock", {"now": utc, "runs": False})
        assert submit(registry, an_application())["notice"]["recorded_on"] == recorded_on

    def test_a_closure_at_the_turn_of_the_year(self, registry: RunningRegistry) -> None:
        registry.admin("PUT", "clock", {"now": "2026-12-29T12:00:00Z", "runs": False})
        registry.admin("PUT", "schedule", {"hours": {"closed": [{"first": "2026-12-30", "last": "2027-01-10"}]}})
        assert submit(registry, an_application())["expected_at"] == "2027-01-12T00:00:00.000000+00:00"

    def test_hours_that_never_open_are_refused(self, registry: RunningRegistry) -> None:
        hours = {"closed": [{"first": "2020-01-01", "last": "2040-01-01"}]}
        bearer = f"Bearer {registry.credentials.admin_token}"
        answer = registry.ask("PUT", "/admin/schedule", {"hours": hours}, Authorization=bearer)
        assert (answer.status_code, answer.json()["code"]) == (422, "never_open")
        assert submit(registry, an_application())["state"] == "confirmed"


class TestANoticeIsADocumentThatCannotBeMistakenForAnOfficialOne:
    def test_it_says_what_was_recorded_and_that_it_is_a_sandbox(self, registry: RunningRegistry) -> None:
        registry.admin("PUT", "clock", {"now": "2026-11-20T03:00:00Z", "runs": False})
        detail = '#read("/etc/passwd") *太字ではない*'
        kept = submit(registry, an_application(credit_user="髙﨑 𠮷田商店", purpose_detail=detail))
        answer = registry.ask("GET", f"/v1/notices/{kept['notice']['number']}/document")
        assert answer.headers["content-type"] == "application/pdf"
        text = pypdfium2.PdfDocument(io.BytesIO(answer.content))[0].get_textpage().get_text_bounded()
        for expected in (
            "テスト登録簿 — 実際の無効化ではありません",
            "SANDBOX REGISTRY",
            "SBX-2026-00000001",
            "2026-11-20",
            "架空の太陽光",
            "INV-1 – INV-10",
            "髙﨑 𠮷田商店",
            detail,
        ):
            assert expected in text

    def test_it_never_changes(self, registry: RunningRegistry) -> None:
        path = f"/v1/notices/{submit(registry, an_application())['notice']['number']}/document"
        assert registry.ask("GET", path).content == registry.ask("GET", path).content

    def test_an_unknown_notice(self, steady_registry: RunningRegistry) -> None:
        assert steady_registry.ask("GET", "/v1/notices/SBX-2026-99999999/document").json()["code"] == "notice_unknown"


class TestPages:
    def test_cancellations_of_an_account_oldest_first(self, registry: RunningRegistry) -> None:
        for serial in range(1, 6):
            submit(registry, an_application(f"R{serial}", serial, serial))
        first = registry.ask("GET", "/v1/cancellations?account=service&limit=3").json()
        rest = registry.ask("GET", f"/v1/cancellations?account=service&limit=3&after={first['next']}").json()
        assert [item["reference"] for item in first["items"] + rest["items"]] == ["R1", "R2", "R3", "R4", "R5"]
        assert rest["next"] is None

    def test_holdings_carry_a_revision_that_moves_with_them(self, registry: RunningRegistry) -> None:
        before = registry.ask("GET", "/v1/holdings?account=service&limit=1").json()
        assert before["next"] == "1:B1"
        submit(registry, an_application())
        after = registry.ask("GET", "/v1/holdings?account=service&limit=1&after=1:B1").json()
        assert after["items"][0]["serials"] == {"first": 11, "last": 600}
        assert after["revision"] != before["revision"]

    @pytest.mark.parametrize(
        "query", ["account=service&after=x", "account=service&limit=-1", "account=service&after=٣:B1", ""]
    )
    def test_a_parameter_that_makes_no_sense(self, steady_registry: RunningRegistry, query: str) -> None:
        assert steady_registry.ask("GET", f"/v1/holdings?{query}").status_code == 400


def test_credentials_are_drawn_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: Credentials.kept_in(tmp_path / "data"), range(16)))
    assert len({credentials.client_token for credentials in drawn}) == 1
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["credentials.json"]
    assert (tmp_path / "data" / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_faults_can_be_listed_and_forgotten(registry: RunningRegistry) -> None:
    registry.admin("POST", "faults", [{"kind": "slow", "seconds": 1}, {"kind": "closed", "reference": "R9"}])
    assert [fault["kind"] for fault in registry.admin("GET", "faults")["items"]] == ["slow", "closed"]
    registry.admin("DELETE", "faults")
    assert registry.admin("GET", "faults") == {"items": []}


def test_a_fault_for_one_reference_leaves_the_others_alone(registry: RunningRegistry) -> None:
    registry.fault("closed", reference="R2")
    assert submit(registry, an_application("R1"))["state"] == "confirmed"
    assert registry.ask("POST", "/v1/cancellations", an_application("R2", 20, 21)).status_code == 503


def test_a_fault_in_the_books_cannot_strike_a_look_up(steady_registry: RunningRegistry) -> None:
    bearer = f"Bearer {steady_registry.credentials.admin_token}"
    fault = {"kind": "wrong_serials", "operation": "look_up"}
    assert steady_registry.ask("POST", "/admin/faults", fault, Authorization=bearer).status_code == 422


def test_answers_are_json_in_utf_8(registry: RunningRegistry) -> None:
    kept = registry.ask("POST", "/v1/cancellations", an_application())
    assert "髙﨑商事".encode() in kept.content
    assert json.loads(kept.content)["credit_user"] == "髙﨑商事 株式会社"
