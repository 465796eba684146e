"""What one leaf of the log says: a certificate was issued, revoked or corrected.

Canonical JSON without any name: the statement stands as its hash, and names are in it only as salted commitments. The
shares say which grams of which cancelled serials a certificate holds, so that anybody can add them up
(certificates/log/audit.py) and see that nothing was handed out twice.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from certificates.log.tiles import MAX_ENTRY_BYTES
from certificates.statement import GRAMS_PER_TONNE, Cancellation, Sha256, Statement, WholeGrams

Serial = Annotated[int, Field(strict=True, gt=0)]


class MalformedLeaf(ValueError):
    """Not a leaf of this log in its canonical form."""

    code = "malformed_log_leaf"


class LeafTooLarge(ValueError):
    """A log entry has at most 65 535 bytes; issue several certificates instead."""

    code = "log_leaf_too_large"


class _Leaf(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LoggedShare(_Leaf):
    """`serials` are [first, last] pairs, both included; `grams` of them belong to the certificate."""

    reference: str
    registry: str
    block: str
    serials: tuple[tuple[Serial, Serial], ...]
    notice_sha256: Sha256
    grams: WholeGrams

    @property
    def cancelled_g(self) -> int:
        return sum(last - first + 1 for first, last in self.serials) * GRAMS_PER_TONNE


class LoggedPoolShare(_Leaf):
    """`grams` of the certificate that come out of the pool certificate `parent`, whose statement has that hash."""

    parent: str
    statement_sha256: Sha256
    grams: WholeGrams


class Issued(_Leaf):
    """`pool` marks a certificate whose grams are handed on; `from_pool` are grams that were handed to this one."""

    event: Literal["issued"] = "issued"
    number: str
    at: datetime
    statement_sha256: Sha256
    credential_sha256: Sha256
    grams: WholeGrams
    shares: tuple[LoggedShare, ...]
    replaces: str | None = None
    pool: Literal[True] | None = None
    from_pool: Annotated[tuple[LoggedPoolShare, ...], Field(min_length=1)] | None = None


class Revoked(_Leaf):
    event: Literal["revoked"] = "revoked"
    number: str
    at: datetime


class Corrected(_Leaf):
    event: Literal["corrected"] = "corrected"
    number: str
    at: datetime
    replaced_by: str


Leaf = Issued | Revoked | Corrected
_ANY_LEAF: TypeAdapter[Leaf] = TypeAdapter(Annotated[Leaf, Field(discriminator="event")])


def issued_leaf(statement: Statement, credential: str, shares: Sequence[tuple[Cancellation, int]]) -> Issued:
    """The leaf of an issue; `shares` pairs each own cancellation with its grams in this certificate."""
    return Issued(
        number=statement.number,
        at=statement.issued_at,
        statement_sha256=statement.sha256(),
        credential_sha256=hash_of_credential(credential),
        grams=statement.grams,
        shares=tuple(_logged(cancellation, grams) for cancellation, grams in shares),
        replaces=statement.replaces,
        pool=statement.pool,
        from_pool=tuple(LoggedPoolShare(**share.model_dump()) for share in statement.from_pool or ()) or None,
    )


def hash_of_credential(credential: str) -> str:
    """Hex SHA-256 of the compact token."""
    return hashlib.sha256(credential.encode("ascii")).hexdigest()


def encode_leaf(leaf: Leaf) -> bytes:
    """Raises LeafTooLarge."""
    data = json.dumps(
        leaf.model_dump(mode="json", exclude_none=True), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    ).encode()
    if len(data) > MAX_ENTRY_BYTES:
        raise LeafTooLarge(f"{len(data)} bytes for {leaf.number}")
    return data


def decode_leaf(data: bytes) -> Leaf:
    """Raises MalformedLeaf, also for another spelling of the same content."""
    try:
        leaf = _ANY_LEAF.validate_json(data)
        canonical = encode_leaf(leaf)
    except (ValidationError, ValueError) as problem:
        raise MalformedLeaf("not a leaf of this log") from problem
    if canonical != data:
        raise MalformedLeaf("not the canonical spelling")
    return leaf


def _logged(cancellation: Cancellation, grams: int) -> LoggedShare:
    return LoggedShare(
        reference=cancellation.our_reference,
        registry=cancellation.registry,
        block=cancellation.block,
        serials=tuple((span.first_serial, span.last_serial) for span in cancellation.serials),
        notice_sha256=cancellation.notice_sha256,
        grams=grams,
    )
