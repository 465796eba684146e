"""The http gateway against a sandbox registry that really listens: what it reports, and what it makes of every fault."""

from datetime import date

import pytest

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import CancellationState, OutcomeUnknown, RegistryUnreachable, RequestRefused
from marketplace.registries.http import HttpRegistry
from marketplace.registries.http_exchange import RegistryClosed
from tests.marketplace.registries.servers import RunningRegistry, a_request


class TestACancellationIsReportedAsTheRegistryRecordedIt:
    async def test_the_notice_comes_back_word_for_word(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        registry.admin("PUT", "clock", {"now": "2026-11-22T15:30:00Z", "runs": False})
        request = a_request()
        report = await gateway.submit(request)
        assert (report.reference, report.state) == ("R1", CancellationState.CONFIRMED)
        assert report.notice is not None
        assert report.notice.number == "SBX-2026-00000001"
        assert report.notice.recorded_on == date(2026, 11, 23)  # half past midnight in Japan
        assert report.notice.serials == (SerialRange(1, 10),)
        assert report.notice.credit_user == request.credit_user
        assert report.notice.document.startswith(b"%PDF-")
        assert report.notice.document_media_type == "application/pdf"

    async def test_a_look_up_says_the_same(self, gateway: HttpRegistry) -> None:
        assert await gateway.submit(a_request()) == await gateway.look_up("R1")

    async def test_a_reference_never_sent_is_unknown_there(self, gateway: HttpRegistry) -> None:
        assert await gateway.look_up("never sent") is None

    async def test_a_refusal_carries_its_reason(self, gateway: HttpRegistry) -> None:
        report = await gateway.submit(a_request(first=601, last=601))
        assert (report.state, report.rejection_reason) == (CancellationState.REJECTED, "not_held_by_account")
        assert await gateway.look_up("R1") == report

    async def test_an_application_can_be_pending_first(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        registry.admin("PUT", "clock", {"now": "2026-11-20T00:00:00Z", "runs": False})
        registry.admin("PUT", "schedule", {"delay_seconds": 3600})
        assert (await gateway.submit(a_request())).state is CancellationState.PENDING
        registry.admin("PUT", "clock", {"now": "2026-11-20T01:00:00Z", "runs": False})
        report = await gateway.look_up("R1")
        assert report is not None
        assert report.state is CancellationState.CONFIRMED

    async def test_holdings_are_read_page_by_page(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        for number in range(1, 30):
            await gateway.submit(a_request(f"R{number}", first=number * 2, last=number * 2))
        held = [holding for holding in await gateway.holdings("service") if holding.block == "B1"]
        assert [holding.serials for holding in held[:3]] == [SerialRange(1, 1), SerialRange(3, 3), SerialRange(5, 5)]
        assert sum(len(holding.serials) for holding in held) == 600 - 29


class TestOnlyWhatNeverLeftIsCertainlyNotTaken:
    async def test_nobody_listens(self, registry: RunningRegistry) -> None:
        async with registry.gateway(address="http://127.0.0.1:1") as nobody:
            with pytest.raises(RegistryUnreachable):
                await nobody.submit(a_request())

    async def test_the_registry_says_it_is_closed(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        registry.fault("closed", seconds=120)
        with pytest.raises(RegistryClosed) as closed:
            await gateway.submit(a_request())
        assert closed.value.retry_after is not None
        assert closed.value.retry_after.total_seconds() == 120
        assert await gateway.look_up("R1") is None

    async def test_closed_outside_of_hours(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        registry.admin("PUT", "clock", {"now": "2026-11-20T12:00:00Z", "runs": False})  # a Friday, 21:00 in Japan
        registry.admin("PUT", "schedule", {"hours": {"refuse_when_closed": True}})
        with pytest.raises(RegistryClosed) as closed:
            await gateway.submit(a_request())
        assert closed.value.retry_after is not None
        assert closed.value.retry_after.total_seconds() == 84 * 3600  # Tuesday 9:00: Monday is a holiday

    async def test_a_wrong_token_is_a_matter_for_a_person(self, registry: RunningRegistry) -> None:
        async with registry.gateway(token="not the right token at all") as stranger:
            with pytest.raises(RequestRefused) as refused:
                await stranger.submit(a_request())
        assert (refused.value.status, refused.value.problem) == (401, "not_authenticated")
        assert registry.cancelled() == []


class TestAnythingElseLeavesTheOutcomeUnknownAndALookUpFindsIt:
    @pytest.mark.parametrize(
        "fault",
        [
            "timeout_after_commit",
            "error_500_after_commit",
            "connection_lost",
            "error_text",
            "html",
            "truncated_json",
            "duplicate_answer",
            "unsigned",
            "bad_signature",
            "wrong_amount",
        ],
    )
    async def test_it_took_effect(self, registry: RunningRegistry, fault: str) -> None:
        async with registry.gateway(answer_timeout=1.5) as gateway:
            await gateway.submit(a_request("before", first=100, last=100))
            registry.fault(fault, seconds=5)
            with pytest.raises(OutcomeUnknown):
                await gateway.submit(a_request())
            assert registry.cancelled() == [("R1", 1, 10), ("before", 100, 100)]
            if fault == "wrong_amount":  # a notice that contradicts itself is never believed, whoever repeats it
                with pytest.raises(OutcomeUnknown):
                    await gateway.look_up("R1")
            else:
                report = await gateway.look_up("R1")
                assert report is not None
                assert report.state is CancellationState.CONFIRMED

    @pytest.mark.parametrize("fault", ["error_500", "timeout_before_commit"])
    async def test_it_did_not(self, registry: RunningRegistry, fault: str) -> None:
        async with registry.gateway(answer_timeout=1.5) as gateway:
            registry.fault(fault, seconds=3)
            with pytest.raises(OutcomeUnknown):
                await gateway.submit(a_request())
            assert await gateway.look_up("R1") is None
            assert registry.cancelled() == []

    async def test_a_slow_answer_is_still_an_answer(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        registry.fault("slow", seconds=0.4)
        assert (await gateway.submit(a_request())).state is CancellationState.CONFIRMED

    async def test_a_notice_without_its_document_is_not_a_proof(
        self, registry: RunningRegistry, gateway: HttpRegistry
    ) -> None:
        registry.fault("closed", operation="document")
        with pytest.raises(OutcomeUnknown):
            await gateway.submit(a_request())
        assert await gateway.look_up("R1") is not None

    async def test_a_document_that_is_a_web_page_is_not_a_proof(
        self, registry: RunningRegistry, gateway: HttpRegistry
    ) -> None:
        registry.fault("html", operation="document", count=1)
        with pytest.raises(OutcomeUnknown):
            await gateway.submit(a_request())

    async def test_the_application_is_sent_once_whatever_happens(
        self, registry: RunningRegistry, gateway: HttpRegistry
    ) -> None:
        registry.fault("error_500", count=10)
        with pytest.raises(OutcomeUnknown):
            await gateway.submit(a_request())
        assert registry.admin("GET", "faults")["items"][0]["count"] == 9

    async def test_the_same_reference_again_is_not_sent_twice_but_looked_up(
        self, registry: RunningRegistry, gateway: HttpRegistry
    ) -> None:
        await gateway.submit(a_request())
        with pytest.raises(OutcomeUnknown):
            await gateway.submit(a_request())
        assert registry.cancelled() == [("R1", 1, 10)]


class TestANoticeThatSaysSomethingElseIsHandedOnAsItIs:
    """The gateway reports; the matching refuses (test_matching.py)."""

    async def test_one_serial_off(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        registry.fault("wrong_serials")
        report = await gateway.submit(a_request())
        assert report.notice is not None
        assert report.notice.serials == (SerialRange(2, 11),)

    async def test_another_accounts_serials(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        registry.fault("another_accounts_serials")
        report = await gateway.submit(a_request())
        assert report.notice is not None
        assert report.notice.serials == (SerialRange(601, 1000),)

    async def test_the_first_half_only(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        registry.fault("partial_acceptance")
        report = await gateway.submit(a_request())
        assert report.notice is not None
        assert report.notice.serials == (SerialRange(1, 5),)
        assert SerialRange(6, 600) in [holding.serials for holding in await gateway.holdings("service")]

    async def test_already_cancelled_although_it_was_not(
        self, registry: RunningRegistry, gateway: HttpRegistry
    ) -> None:
        registry.fault("already_cancelled")
        report = await gateway.submit(a_request())
        assert (report.state, report.rejection_reason) == (CancellationState.REJECTED, "already_cancelled")


class TestLookUpsAreRepeatedAndApplicationsAreNot:
    async def test_a_look_up_survives_two_bad_answers(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        await gateway.submit(a_request())
        registry.fault("html", operation="look_up", count=1)
        registry.fault("error_500", operation="look_up", count=1)
        with pytest.raises(OutcomeUnknown):  # a signed page of HTML is an answer, only a useless one
            await gateway.look_up("R1")
        report = await gateway.look_up("R1")
        assert report is not None
        assert registry.admin("GET", "faults")["items"] == []

    async def test_it_gives_up_in_the_end(self, registry: RunningRegistry, gateway: HttpRegistry) -> None:
        registry.fault("error_500", operation="look_up", count=10)
        with pytest.raises(OutcomeUnknown):
            await gateway.look_up("R1")
        assert registry.admin("GET", "faults")["items"][0]["count"] == 7

    async def test_after_repeated_failures_nothing_is_sent_for_a_while(self, registry: RunningRegistry) -> None:
        async with registry.gateway(circuit_failures=2, circuit_rest=60) as gateway:
            registry.fault("error_500", count=10)
            for reference in ("R1", "R2"):
                with pytest.raises(OutcomeUnknown):
                    await gateway.submit(a_request(reference))
            with pytest.raises(RegistryUnreachable):
                await gateway.submit(a_request("R3"))
        assert registry.admin("GET", "faults")["items"][0]["count"] == 8


class TestARegistryThatForgetsReferences:
    async def test_the_one_that_was_cancelled_counts(self, forgetful_registry: RunningRegistry) -> None:
        async with forgetful_registry.gateway() as gateway:
            first = await gateway.submit(a_request())
            again = await gateway.submit(a_request())
            assert (again.state, again.rejection_reason) == (CancellationState.REJECTED, "already_cancelled")
            assert await gateway.look_up("R1") == first

    async def test_two_cancellations_under_one_reference_are_never_reported_as_one(
        self, forgetful_registry: RunningRegistry
    ) -> None:
        async with forgetful_registry.gateway() as gateway:
            await gateway.submit(a_request())
            await gateway.submit(a_request(first=20, last=29))
            with pytest.raises(OutcomeUnknown):
                await gateway.look_up("R1")


class TestAnAnswerIsTheRegistrysOwnAndNew:
    async def test_keys_agreed_beforehand_are_the_only_ones(self, registry: RunningRegistry) -> None:
        keys = registry.ask("GET", "/.well-known/jwks.json").json()
        async with registry.gateway(signing_keys=keys) as gateway:
            assert (await gateway.submit(a_request())).state is CancellationState.CONFIRMED

    async def test_another_registrys_keys_do_not_pass(
        self, registry: RunningRegistry, forgetful_registry: RunningRegistry
    ) -> None:
        keys = forgetful_registry.ask("GET", "/.well-known/jwks.json").json()
        async with registry.gateway(signing_keys=keys) as gateway:
            with pytest.raises(OutcomeUnknown):
                await gateway.submit(a_request())
