"""The registry protocol on the wire (docs/registry-protocol.md): shapes both sides speak, and nothing about how they work.

Whole tonnes only: a serial is one tonne and `tonnes` always equals the number of serials stated. Moments are RFC 3339 in
UTC; `recorded_on` is a Japan-time date. A reader ignores fields it does not know, so that a registry may add some; what
it does read is strict: no number in quotes, no fraction.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from marketplace.registries.gateway import CancellationState

REQUEST_ID_HEADER = "Request-Id"
SIGNATURE_HEADER = "Registry-Signature"
KEYS_PATH = "/.well-known/jwks.json"

# The protocol's own safety limits; a linked registry's form limits are in its profile.
MAX_REFERENCE, MAX_TEXT, MAX_PAGE = 100, 2000, 1000

Name = Annotated[str, Field(min_length=1, max_length=MAX_REFERENCE)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Serial = Annotated[int, Field(strict=True, gt=0, le=2**53 - 1)]
Tonnes = Annotated[int, Field(strict=True, gt=0, le=2**53 - 1)]


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class WireSerials(Wire):
    """Serials `first` to `last`, both included."""

    first: Serial
    last: Serial

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError("serials run from first to last")
        return self

    @property
    def tonnes(self) -> int:
        return self.last - self.first + 1


class WireApplication(Wire):
    """POST /v1/cancellations: cancel exactly these serials, in these words, for ever."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    reference: Name
    account: Name
    block: Name
    serials: WireSerials
    tonnes: Tonnes
    act: Name
    purpose: Name
    purpose_detail: Text
    credit_user: Text

    @model_validator(mode="after")
    def _whole_tonnes(self) -> Self:
        if self.serials.tonnes != self.tonnes:
            raise ValueError("tonnes must equal the number of serials")
        return self


class WireNotice(Wire):
    """What the registry recorded; the document itself is at /v1/notices/{number}/document."""

    number: Name
    recorded_on: date
    block: Name
    serials: Annotated[tuple[WireSerials, ...], Field(min_length=1)]
    tonnes: Tonnes
    act: Name
    purpose: Name
    purpose_detail: Text
    credit_user: Text

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if sum(serials.tonnes for serials in self.serials) != self.tonnes:
            raise ValueError("a notice's tonnes must equal the number of its serials")
        return self


class WireCancellation(WireApplication):
    """An application as the registry keeps it. A notice comes with `confirmed` only, a reason with `rejected` only."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    state: CancellationState
    submitted_at: AwareDatetime
    expected_at: AwareDatetime | None = None
    decided_at: AwareDatetime | None = None
    rejection_reason: Name | None = None
    notice: WireNotice | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.notice is not None) != (self.state is CancellationState.CONFIRMED):
            raise ValueError("a notice belongs to a confirmed cancellation, and only there")
        if (self.rejection_reason is not None) != (self.state is CancellationState.REJECTED):
            raise ValueError("a reason belongs to a rejected cancellation, and only there")
        return self


class WireAccount(Wire):
    id: Name
    name: str


class WireAccounts(Wire):
    """GET /v1/accounts: the accounts this client may act for."""

    items: tuple[WireAccount, ...]


class WireHolding(Wire):
    """What an account holds of a block now."""

    account: Name
    block: Name
    serials: WireSerials


class WirePage(Wire):
    """`next` goes into the next request's `after`; None is the end."""

    next: str | None


class WireHoldings(WirePage):
    """One page. `revision` moves with every change of holdings: pages of different revisions do not belong together."""

    items: tuple[WireHolding, ...]
    revision: int


class WireCancellations(WirePage):
    """One page, oldest first."""

    items: tuple[WireCancellation, ...]


class WireTransfer(Wire):
    """POST /v1/transfers: move serials from one account to another; both stay whole tonnes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    reference: Name
    from_account: Name
    to_account: Name
    block: Name
    serials: WireSerials


class WireTransferred(WireTransfer):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    recorded_at: AwareDatetime


class WireTransfers(WirePage):
    """One page; a reference names at most one transfer."""

    items: tuple[WireTransferred, ...]


class WireRegistry(Wire):
    """GET /v1/registry: who answers, what its clock says, and whether any of it is real."""

    name: str
    sandbox: bool
    now: AwareDatetime
    opens_at: AwareDatetime | None = None


class RejectionReason(StrEnum):
    """Why a registry of this protocol refuses an application. A registry may know more; readers take any code."""

    BLOCK_UNKNOWN = "block_unknown"
    ACT_NOT_OFFERED = "act_not_offered"
    SERIALS_OUTSIDE_BLOCK = "serials_outside_block"
    ALREADY_CANCELLED = "already_cancelled"
    NOT_HELD_BY_ACCOUNT = "not_held_by_account"
    IN_ANOTHER_APPLICATION = "in_another_application"


class Problem(Wire):
    """RFC 9457; `code` is stable."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str | None = None
