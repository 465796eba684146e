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

from certificates import models, rows
from certificates.backing import put_on_record
from certificates.compact_proof import sign_proof
from certificates.credential import sign_credential
from certificates.facts import StatementFacts
from certificates.keys import KeyRing
from certificates.log.leaves import Corrected, Revoked, issued_leaf
from certificates.log.sequencer import append, append_all
from certificates.packed_credential import packed
from certificates.records import CertificateRecord, CertificateState, find, find_all_by_order
from certificates.reservations import Reservation, reserve, reserve_all
from certificates.statement import DisclosedField, Disclosure, Disclosures, Statement
from certificates.status_list import sign_status_list


class CertifiedDifferently(Exception):
    """The order has a certificate that says something else; correct that one instead of issuing another."""

    code = "certified_differently"

    def __init__(self, order_reference: str, number: str) -> None:
        super().__init__(f"{order_reference} already has certificate {number} with another content")
        self.order_reference, self.number = order_reference, number


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
    return (await record_all([signed]))[0]


async def record_all(signed: Sequence[SignedCertificate]) -> list[CertificateRecord]:
    """As record, for many at once; in the order given."""
    seen_before = [one.facts.order_reference for one in signed if not one.reservation.fresh]
    known = await find_all_by_order(seen_before) if seen_before else {}
    for one in signed:
        existing = known.get(one.facts.order_reference)
        if existing and not one.facts.say_the_same_as(existing.statement, existing.disclosures):
            raise CertifiedDifferently(one.facts.order_reference, existing.number)
    new = {one.facts.order_reference: _as_record(one) for one in signed if one.facts.order_reference not in known}
    facts = {one.facts.order_reference: one.facts for one in signed}
    if new:
        await _store([(record, facts[order_reference]) for order_reference, record in new.items()])
    return [known.get(one.facts.order_reference) or new[one.facts.order_reference] for one in signed]


async def issue(facts: StatementFacts, *, ring: KeyRing, issuer_url: str, now: datetime) -> CertificateRecord:
    """The certificate of an order, issued now or at an earlier call. Raises as reserve, sign and record."""
    return (await issue_all([facts], ring=ring, issuer_url=issuer_url, now=now))[0]


async def issue_all(
    facts: Sequence[StatementFacts], *, ring: KeyRing, issuer_url: str, now: datetime
) -> list[CertificateRecord]:
    """As issue, for many orders at once (a month of subscriptions); all of them or none."""
    references = [one.order_reference for one in facts]
    reservations = await reserve_all(references, ring.environment, now=now)
    return await record_all(
        [sign(one, reservations[one.order_reference], ring=ring, issuer_url=issuer_url, now=now) for one in facts]
    )


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
    reserved = await models.Reservation.filter(status_list=list_number, order_reference__in=Subquery(orders))
    places = [row.status_index for row in reserved]
    return sign_status_list(list_number, places, ring=ring, issuer_url=issuer_url, now=now)


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _as_record(signed: SignedCertificate) -> CertificateRecord:
    return CertificateRecord(
        id=f"cert_{ULID.from_datetime(signed.statement.issued_at)}",
        order_reference=signed.facts.order_reference,
        number=signed.statement.number,
        environment=signed.statement.environment,
        statement=signed.statement,
        disclosures=signed.disclosures,
        credential=signed.credential,
        proof=signed.proof,
        slot=signed.reservation.slot,
        issued_at=signed.statement.issued_at,
        ended=None,
    )


async def _store(new: Sequence[tuple[CertificateRecord, StatementFacts]]) -> None:
    """Leaves, shares and certificates, in the order the database asks for."""
    await append_all(
        [
            issued_leaf(record.statement, record.credential, [(s.cancellation, s.grams) for s in facts.shares])
            for record, facts in new
        ],
        at=new[0][0].issued_at,
    )
    await put_on_record({s.cancellation.our_reference: s.cancellation for _, facts in new for s in facts.shares})
    await _store_pool_shares(new)
    # in one order everywhere, so that two transactions never wait for each other's rows
    shares = sorted(
        (share.cancellation.our_reference, record.id, share.grams) for record, facts in new for share in facts.shares
    )
    await rows.insert(
        *(
            models.CertificateShare(certificate_id=identity, our_reference=reference, grams=grams)
            for reference, identity, grams in shares
        )
    )
    await rows.insert(*(_row_of(record) for record, _ in new))
    await rows.insert(
        *(
            models.PoolCertificate(certificate_id=record.id, number=record.number, grams=record.grams, handed_g=0)
            for record, facts in new
            if facts.pool
        )
    )
    await rows.insert(
        *(
            models.CertificateText(certificate_id=record.id, field=name.value, salt=text.salt, value=text.value)
            for record, _ in new
            for name, text in record.disclosures.items()
        )
    )


def _row_of(record: CertificateRecord) -> models.Certificate:
    return models.Certificate(
        id=record.id,
        order_reference=record.order_reference,
        environment=record.environment.value,
        number=record.number,
        statement=record.statement.canonical_json().decode(),
        statement_sha256=record.statement.sha256(),
        credential=packed(record.credential),
        proof=record.proof,
        grams=record.grams,
        replaces=record.statement.replaces,
        issued_at=record.issued_at,
    )


async def _store_pool_shares(new: Sequence[tuple[CertificateRecord, StatementFacts]]) -> None:
    parents = {one.pool.number for _, facts in new for one in facts.drawn}
    if not parents:
        return
    pools = {
        row.number: row.certificate_id for row in await rows.find_all(models.PoolCertificate, number=sorted(parents))
    }
    shares = sorted((pools[one.pool.number], record.id, one.grams) for record, facts in new for one in facts.drawn)
    await rows.insert(
        *(
            models.CertificatePoolShare(certificate_id=identity, pool_id=pool_id, grams=grams)
            for pool_id, identity, grams in shares
        )
    )
