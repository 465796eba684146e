"""A registry in memory that refuses double cancellation by itself and misbehaves on request."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from marketplace.clock import japan_date
from marketplace.registries.gateway import (
    CancellationReport,
    CancellationRequest,
    CancellationState,
    HoldingReport,
    Notice,
    OutcomeUnknown,
    RegistryUnreachable,
    RequestRefused,
)


class FakeRegistry:
    """`script` holds one fault per coming submission: None, "closed", "lost_before", "lost_after", "arrives_late",
    "pending", "rejected", "refused". What arrives late is not known at the next look, and has taken effect when it is sent again.
    """

    def __init__(self, clock) -> None:
        self.clock = clock
        self.reports: dict[str, CancellationReport] = {}
        self.requests: list[CancellationRequest] = []
        self._gone: set[tuple[str, int]] = set()
        self._on_its_way: set[str] = set()
        self.script: list[str | None] = []
        self.held: Sequence[HoldingReport] | Exception = []
        self.change_notice: Callable[[Notice], Notice] = lambda notice: notice

    @property
    def cancelled(self) -> list[tuple[str, int]]:
        """Every serial the registry has cancelled, as (block, serial)."""
        return [
            (request.block, serial)
            for request in self.requests
            for serial in range(request.serials.first, request.serials.last + 1)
        ]

    def by_hand(self, account: str) -> bool:
        return False

    async def submit(self, request: CancellationRequest) -> CancellationReport:
        fault = self.script.pop(0) if self.script else None
        if fault == "closed":
            raise RegistryUnreachable("closed")
        if fault == "refused":
            raise RequestRefused(401, "unauthorised", None)
        if fault == "lost_before":
            raise OutcomeUnknown("the connection broke")
        if fault == "arrives_late":
            self._on_its_way.add(request.reference)
            raise OutcomeUnknown("the answer did not come in time")
        if request.reference in self._on_its_way:
            self._on_its_way.remove(request.reference)
            self.reports[request.reference] = self._cancelled(request)
            return CancellationReport(
                request.reference, CancellationState.REJECTED, rejection_reason="already_cancelled"
            )
        if fault == "rejected":
            report = CancellationReport(
                request.reference, CancellationState.REJECTED, rejection_reason="account_frozen"
            )
        else:
            report = self._cancelled(request)
        self.reports[request.reference] = report
        if fault == "lost_after":
            raise OutcomeUnknown("the answer was lost")
        if fault == "pending":
            return replace(report, state=CancellationState.PENDING, notice=None)
        return report

    def _cancelled(self, request: CancellationRequest) -> CancellationReport:
        assert request.reference not in self.reports, "a reference was submitted twice"
        mine = {(request.block, serial) for serial in range(request.serials.first, request.serials.last + 1)}
        assert not mine & self._gone, "a serial was cancelled twice"
        self._gone |= mine
        self.requests.append(request)
        return CancellationReport(request.reference, CancellationState.CONFIRMED, notice=self._notice(request))

    def _notice(self, request: CancellationRequest) -> Notice:
        return self.change_notice(
            Notice(
                number=f"N-{len(self.requests)}",
                recorded_on=japan_date(self.clock()),
                block=request.block,
                serials=(request.serials,),
                act=request.act,
                purpose=request.purpose,
                purpose_detail=request.purpose_detail,
                credit_user=request.credit_user,
                document=b"%PDF-1.7 notice",
                document_media_type="application/pdf",
            )
        )

    async def look_up(self, reference: str) -> CancellationReport | None:
        return self.reports.get(reference)

    async def holdings(self, account: str) -> Sequence[HoldingReport]:
        if isinstance(self.held, Exception):
            raise self.held
        return [one for one in self.held if one.account == account]
