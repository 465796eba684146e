"""Faults on request: what a registry, its network or its clerks can do wrong, so that the market's answer can be seen.

A fault waits until an operation it is meant for comes by (any reference, or one), and is spent `count` times.
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Operation(StrEnum):
    SUBMIT = "submit"
    LOOK_UP = "look_up"
    DOCUMENT = "document"
    HOLDINGS = "holdings"
    TRANSFER = "transfer"


class FaultKind(StrEnum):
    """Grouped by the moment they strike."""

    # before anything happens
    SLOW = "slow"
    ERROR_500 = "error_500"
    CLOSED = "closed"
    TIMEOUT_BEFORE_COMMIT = "timeout_before_commit"
    # in the registry's books, and so for good: only when an application is submitted
    PARTIAL_ACCEPTANCE = "partial_acceptance"
    ALREADY_CANCELLED = "already_cancelled"
    WRONG_SERIALS = "wrong_serials"
    ANOTHER_ACCOUNTS_SERIALS = "another_accounts_serials"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_TEXT = "wrong_text"
    WRONG_ACT = "wrong_act"
    # after the commit, on the way back
    TIMEOUT_AFTER_COMMIT = "timeout_after_commit"
    ERROR_500_AFTER_COMMIT = "error_500_after_commit"
    CONNECTION_LOST = "connection_lost"
    ERROR_TEXT = "error_text"
    HTML = "html"
    TRUNCATED_JSON = "truncated_json"
    DUPLICATE_ANSWER = "duplicate_answer"
    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad_signature"


IN_THE_BOOKS = frozenset(
    {
        FaultKind.PARTIAL_ACCEPTANCE,
        FaultKind.ALREADY_CANCELLED,
        FaultKind.WRONG_SERIALS,
        FaultKind.ANOTHER_ACCOUNTS_SERIALS,
        FaultKind.WRONG_AMOUNT,
        FaultKind.WRONG_TEXT,
        FaultKind.WRONG_ACT,
    }
)


class Fault(BaseModel):
    """One fault to come. `seconds` is the length of a slow or hanging answer and the Retry-After of a closed one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: FaultKind
    operation: Operation = Operation.SUBMIT
    reference: str | None = None
    count: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    seconds: Annotated[float, Field(ge=0, le=3600)] = 30

    @model_validator(mode="after")
    def _strikes_where_it_can(self) -> Self:
        if self.kind in IN_THE_BOOKS and self.operation is not Operation.SUBMIT:
            raise ValueError(f"{self.kind} is a fault in the books and can only strike a submission")
        return self
