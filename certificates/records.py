"""An issued certificate as stored, and how to find it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from certificates import models, rows
from certificates.credential import StatusSlot
from certificates.number import MistypedNumber, NotACertificateNumber, read_number
from certificates.packed_credential import unpacked
from certificates.statement import DisclosedField, Disclosure, Disclosures, Environment, Statement


class CertificateNotFound(LookupError):
    """No certificate of this service has that number."""

    code = "certificate_not_found"

    def __init__(self, number: str) -> None:
        super().__init__(f"there is no certificate {number[:60]}")
        self.number = number


class CertificateState(StrEnum):
    VALID = "valid"
    REVOKED = "revoked"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class CertificateEnd:
    """Why and when a certificate stopped being valid; `replaced_by` is a number, with corrections only."""

    state: CertificateState
    reason: str
    replaced_by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """`disclosures` holds the texts that have not been erased. `ended` is None while the certificate is valid."""

    id: str
    order_reference: str
    number: str
    environment: Environment
    statement: Statement
    disclosures: Disclosures
    credential: str
    proof: str
    slot: StatusSlot
    issued_at: datetime
    ended: CertificateEnd | None

    @property
    def grams(self) -> int:
        return self.statement.grams

    @property
    def state(self) -> CertificateState:
        return self.ended.state if self.ended else CertificateState.VALID


async def find(number: str) -> CertificateRecord:
    """By number, however typed. Raises CertificateNotFound, also for what is no number at all."""
    try:
        canonical = read_number(number)
    except (NotACertificateNumber, MistypedNumber) as problem:
        raise CertificateNotFound(number) from problem
    row = await rows.find(models.Certificate, number=canonical)
    if row is None:
        raise CertificateNotFound(canonical)
    return (await _records([row]))[0]


async def find_all(numbers: Collection[str]) -> dict[str, CertificateRecord]:
    """By canonical number; unknown ones are left out."""
    if not numbers:
        return {}
    found = await rows.find_all(models.Certificate, number=sorted(numbers))
    return {record.number: record for record in await _records(found)}


async def find_by_order(order_reference: str) -> CertificateRecord | None:
    """The certificate of an order that is valid now (after a correction, the newest), or None before it is issued."""
    row = await rows.find(models.Certificate, order_reference=order_reference)
    if row is None:
        return None
    record = (await _records([row]))[0]
    while record.ended and record.ended.replaced_by:
        record = await find(record.ended.replaced_by)
    return record


async def find_all_by_order(order_references: Sequence[str]) -> dict[str, CertificateRecord]:
    """The certificate each of these orders got first, by order reference; orders without one are left out."""
    found = await rows.find_all(models.Certificate, order_reference=list(order_references))
    return {record.order_reference: record for record in await _records(found)}


async def issued_after(number: str | None, *, limit: int) -> list[CertificateRecord]:
    """Certificates in order of issue, `limit` at a time; pass the last number of the previous page, None to begin."""
    query = models.Certificate.all()
    if number is not None:
        query = query.filter(id__gt=(await find(number)).id)
    return await _records(await query.order_by("id").limit(limit))


async def _records(found: Sequence[models.Certificate]) -> list[CertificateRecord]:
    if not found:
        return []
    ids = [row.id for row in found]
    references = [row.order_reference for row in found]
    slots = {
        row.order_reference: StatusSlot(row.status_list, row.status_index)
        for row in await rows.find_all(models.Reservation, order_reference=references)
    }
    ends = {row.certificate_id: _end(row) for row in await rows.find_all(models.CertificateEnd, certificate_id=ids)}
    disclosures: dict[str, Disclosures] = {identity: {} for identity in ids}
    for text in await rows.find_all(models.CertificateText, certificate_id=ids, order_by="field"):
        disclosures[text.certificate_id][DisclosedField(text.field)] = Disclosure(salt=text.salt, value=text.value)
    return [
        CertificateRecord(
            id=row.id,
            order_reference=row.order_reference,
            number=row.number,
            environment=Environment(row.environment),
            statement=Statement.model_validate_json(row.statement),
            disclosures=disclosures[row.id],
            credential=unpacked(row.credential),
            proof=row.proof,
            slot=slots[row.order_reference],
            issued_at=row.issued_at.astimezone(UTC),
            ended=ends.get(row.id),
        )
        for row in found
    ]


def _end(row: models.CertificateEnd) -> CertificateEnd:
    return CertificateEnd(CertificateState(row.kind), row.reason, row.replaced_by, row.ended_at.astimezone(UTC))
