"""Issuing, correcting, revoking. Every function runs inside the caller's transaction and is safe to repeat.

Each of the three writes its leaf of the public log in the same transaction; the database refuses one without the other.

Issuing has three steps, so that a key service on a network can sign between two transactions instead of inside one:
`reservations.reserve` (transaction), `sign` (no database), `record` (transaction). `issue` does all three at once and is
meant for keys held in this process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Subquery
from ulid import ULID

from certificates import models
from certificates.compact_proof import sign_proof
from certificates.credential import sign_credential
from certificates.facts import Share, StatementFacts
from certificates.keys import KeyRing
from certificates.log.leaves import Corrected, Revoked, issued_leaf
from certificates.log.sequencer import append
from certificates.records import CertificateRecord, CertificateState, find
from certificates.reservations import Reservation, reserve
from certificates.statement import DisclosedField, Disclosure, Disclosures, Statement
from certificates.status_list import sign_status_list


class CertifiedDifferently(Exception):
    """The order has a certificate that says something else; correct that one instead of issuing another."""

    code = "certified_differently"

    def __init__(self, order_reference: str, number: str) -> None:
        super().__init__(f"{order_reference} already has certificate {number} with another content")
        self.order_reference, self.number = order_reference, number


class CancellationDiffers(Exception):
    """An earlier certificate rests on a cancellation of the same reference with other serials."""

    code = "cancellation_differs"

    def __init__(self, our_reference: str) -> None:
        super().__init__(f"cancellation {our_reference} is on record with another block or other serials")
        self.our_reference = our_reference


class AlreadyEnded(Exception):
    """A certificate ends once: a revoked or corrected one can neither be revoked nor corrected."""

    code = "certificate_already_ended"

    def __init__(self, record: CertificateRecord) -> None:
        super().__init__(f"certificate {record.number} is already {record.state}")
        self.number, self.state = record.number, record.state


@dataclass(frozen=True, slots=True)
class SignedCertificate:
    """Everything of a certificate that `record` stores; made without a database."""

    facts: StatementFacts
    reservation: Reservation
    statement: Statement
    disclosures: Disclosures
    credential: str
    proof: str


def sign(
    facts: StatementFacts,
    reservation: Reservation,
    *,
    ring: KeyRing,
    issuer_url: str,
    now: datetime,
    replaces: str | None = None,
) -> SignedCertificate:
    """Make and sign the statement. Raises KeyOfOtherEnvironment; ValueError where the facts break the statement's rules."""
    disclosures = {name: Disclosure.of(text) for name, text in facts.texts.items()}
    statement = facts.statement(
        number=reservation.number,
        issued_at=_whole_second(now),
        disclosures=disclosures,
        replaces=replaces,
    )
    return SignedCertificate(
        facts=facts,
        reservation=reservation,
        statement=statement,
        disclosures=disclosures,
        credential=sign_credential(statement, ring=ring, issuer_url=issuer_url, slot=reservation.slot),
        proof=sign_proof(statement, ring=ring),
    )


async def record(signed: SignedCertificate) -> CertificateRecord:
    """Store a signed certificate; if its order already has one of the same content, return that one instead.

    Raises: CertifiedDifferently, CancellationDiffers; IntegrityError where the database sees a gram or a serial twice.
    """
    issued = await models.Certificate.get_or_none(order_reference=signed.facts.order_reference)
    if issued is not None:
        existing = await find(issued.number)
        if not signed.facts.say_the_same_as(existing.statement, existing.disclosures):
            raise CertifiedDifferently(signed.facts.order_reference, existing.number)
        return existing
    statement = signed.statement
    identity = f"cert_{ULID.from_datetime(statement.issued_at)}"
    shares = [(share.cancellation, share.grams) for share in signed.facts.shares]
    await append(issued_leaf(statement, signed.credential, shares), at=statement.issued_at)
    for share in sorted(signed.facts.shares, key=lambda share: share.cancellation.our_reference):
        await _hold(identity, share)
    await models.Certificate.create(
        id=identity,
        order_reference=signed.facts.order_reference,
        environment=statement.environment.value,
        number=statement.number,
        statement=statement.canonical_json().decode(),
        statement_sha256=statement.sha256(),
        credential=signed.credential,
        proof=signed.proof,
        grams=statement.grams,
        replaces=statement.replaces,
        issued_at=statement.issued_at,
    )
    await models.CertificateText.bulk_create(
        models.CertificateText(certificate_id=identity, field=name.value, salt=text.salt, value=text.value)
        for name, text in signed.disclosures.items()
    )
    return await find(statement.number)


async def issue(facts: StatementFacts, *, ring: KeyRing, issuer_url: str, now: datetime) -> CertificateRecord:
    """The certificate of an order, issued now or at an earlier call. Raises as reserve, sign and record."""
    reservation = await reserve(facts.order_reference, facts.environment, now=now)
    return await record(sign(facts, reservation, ring=ring, issuer_url=issuer_url, now=now))


async def revoke(number: str, reason: str, *, now: datetime) -> CertificateRecord:
    """End a certificate for good; its grams stay spent. `reason` is a code or a sentence without personal data.

    Raises: CertificateNotFound, AlreadyEnded.
    """
    current = await find(number)
    if current.ended:
        raise AlreadyEnded(current)
    await append(Revoked(number=current.number, at=_whole_second(now)), at=now)
    await models.CertificateEnd.create(
        certificate_id=current.id, kind=CertificateState.REVOKED.value, reason=reason, replaced_by=None, ended_at=now
    )
    return await find(number)


async def correct(
    number: str, facts: StatementFacts, reason: str, *, ring: KeyRing, issuer_url: str, now: datetime
) -> CertificateRecord:
    """Replace a certificate by one with `facts`, which carry an order reference of their own; returns the new one.

    Its grams pass to the new one. Raises: CertificateNotFound, AlreadyEnded, and as issue.
    """
    old = await find(number)
    reservation = await reserve(facts.order_reference, facts.environment, now=now)
    if old.ended and old.ended.replaced_by != reservation.number:
        raise AlreadyEnded(old)
    signed = sign(facts, reservation, ring=ring, issuer_url=issuer_url, now=now, replaces=old.number)
    if not old.ended:
        leaf = Corrected(number=old.number, at=_whole_second(now), replaced_by=reservation.number)
        await append(leaf, at=now)
        await models.CertificateEnd.create(
            certificate_id=old.id,
            kind=CertificateState.CORRECTED.value,
            reason=reason,
            replaced_by=reservation.number,
            ended_at=now,
        )
    return await record(signed)


async def erase(number: str, fields: Sequence[DisclosedField]) -> CertificateRecord:
    """Forget these texts for ever; the commitments and every signature stay. Raises CertificateNotFound."""
    current = await find(number)
    await models.CertificateText.filter(certificate_id=current.id, field__in=[name.value for name in fields]).delete()
    return await find(number)


async def status_list(list_number: int, *, ring: KeyRing, issuer_url: str, now: datetime) -> str:
    """The signed list as it stands now, for /status/{list_number}."""
    ended = models.CertificateEnd.all().values("certificate_id")
    orders = models.Certificate.filter(id__in=Subquery(ended)).values("order_reference")
    rows = await models.Reservation.filter(status_list=list_number, order_reference__in=Subquery(orders))
    places = [row.status_index for row in rows]
    return sign_status_list(list_number, places, ring=ring, issuer_url=issuer_url, now=now)


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


async def _hold(certificate_id: str, share: Share) -> None:
    """Put a certificate's part of a cancellation on record; the database adds it up and refuses what is too much."""
    await _put_on_record(share)
    await models.CertificateShare.bulk_create(
        [
            models.CertificateShare(
                certificate_id=certificate_id, our_reference=share.cancellation.our_reference, grams=share.grams
            )
        ]
    )


async def _put_on_record(share: Share) -> None:
    cancellation = share.cancellation
    row = models.CertifiedCancellation(
        our_reference=cancellation.our_reference,
        registry=cancellation.registry,
        block=cancellation.block,
        tonnes=cancellation.tonnes,
        certified_g=0,
    )
    spans = [(span.first_serial, span.last_serial) for span in cancellation.serials]
    # the first to insert the row makes the others wait here until its spans are committed
    await models.CertifiedCancellation.bulk_create([row], ignore_conflicts=True)
    known = await models.CertifiedCancellation.get(our_reference=row.our_reference)
    if not await models.CertifiedSpan.filter(our_reference=row.our_reference).exists():
        await models.CertifiedSpan.bulk_create(
            models.CertifiedSpan(
                our_reference=row.our_reference,
                registry=row.registry,
                block=row.block,
                first_serial=first_serial,
                last_serial=last_serial,
            )
            for first_serial, last_serial in spans
        )
    stored = await models.CertifiedSpan.filter(our_reference=row.our_reference).values_list(
        "first_serial", "last_serial"
    )
    on_record = (known.registry, known.block, known.tonnes)
    if on_record != (row.registry, row.block, row.tonnes) or sorted(stored) != sorted(spans):
        raise CancellationDiffers(row.our_reference)
