"""What the market asks of a registry, whoever operates it: cancel exactly these serials, and say what became of it.

A gateway never decides that a cancellation happened. It reports what the registry said, word for word; the retirement
service compares the notice with the request and only then confirms (marketplace/retirements/service.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Protocol

from marketplace.inventory.serials import SerialRange


class CancellationState(StrEnum):
    """What the registry says of one cancellation application."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class CancellationRequest:
    """One application to cancel one contiguous range of one block.

    `reference` is our own and is stored before the call, so that an unknown outcome can be looked up by it.
    `purpose`, `purpose_detail` and `credit_user` are the irreversible texts the buyer consented to. `scope` says what the
    claim covers (of what, when); a form takes only uses of the same scope together.
    """

    reference: str
    account: str
    block: str
    serials: SerialRange
    act: str
    purpose: str
    purpose_detail: str
    credit_user: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """The registry's own proof of a cancellation. `recorded_on` is Japan time and a tax date: keep it exactly."""

    number: str
    recorded_on: date
    block: str
    serials: tuple[SerialRange, ...]
    act: str
    purpose: str
    purpose_detail: str
    credit_user: str
    document: bytes
    document_media_type: str


@dataclass(frozen=True, slots=True)
class CancellationReport:
    """The registry's answer about one reference. A notice comes only with `confirmed`, a reason only with `rejected`.

    `look_again_after` comes with `pending` from a gateway that announces a decision by itself, so that nobody need poll.
    """

    reference: str
    state: CancellationState
    notice: Notice | None = None
    rejection_reason: str | None = None
    look_again_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class HoldingReport:
    """What the registry says an account holds of a block today."""

    account: str
    block: str
    serials: SerialRange


class RegistryUnreachable(Exception):
    """The registry did not take the request (closed, refused the connection, answered 503): nothing happened there."""

    code = "registry_unreachable"


class OutcomeUnknown(Exception):
    """The request was sent and no trustworthy answer came back: look it up by reference, never resubmit blindly."""

    code = "registry_outcome_unknown"


class RequestRefused(Exception):
    """The registry refused the request itself, and no waiting will change that (credentials, a malformed request):
    nothing happened there, and a person has to look. `problem` is the registry's stable code."""

    code = "registry_refused_request"

    def __init__(self, status: int, problem: str, detail: str | None) -> None:
        super().__init__(f"the registry refused the request: {status} {problem} {detail or ''}".rstrip())
        self.status, self.problem = status, problem


class RegistryGateway(Protocol):
    """Raises RegistryUnreachable, OutcomeUnknown or RequestRefused; every other failure is a defect and propagates."""

    def by_hand(self, account: str) -> bool:
        """Whether people act for this account: what is submitted has reached them, not yet the registry."""
        ...

    async def submit(self, request: CancellationRequest) -> CancellationReport: ...

    async def look_up(self, reference: str) -> CancellationReport | None:
        """The registry's view of a reference, or None if it certainly has never seen it."""
        ...

    async def holdings(self, account: str) -> Sequence[HoldingReport]: ...
