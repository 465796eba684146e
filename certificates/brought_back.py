"""A certificate whose row went with the end of a restored backup comes back from the file its holder has.

The public log was taken over before (certificates/log/adopt.py), and its leaf holds the hashes of statement and credential: a
file that fits them is the very one that was issued. Number, proofs and place in the status list stay as they were, so the holder
needs nothing new, and the order is served with it instead of with a second certificate of the same grams.
"""

from datetime import datetime

from tortoise.expressions import F
from ulid import ULID

from certificates import models, rows
from certificates.compact_proof import sign_proof
from certificates.credential import slot_in, statement_in
from certificates.jose import MalformedToken, read_compact
from certificates.keys import KeyRing
from certificates.log.leaves import Issued, decode_leaf, hash_of_credential
from certificates.log.lost import lost_leaves, spent_by
from certificates.packed_credential import packed
from certificates.records import CertificateRecord, find
from certificates.statement import Disclosures, Statement


class NotALostCertificate(Exception):
    """No lost leaf has these hashes: it is not ours, it was changed, or its row is here."""

    code = "not_a_lost_certificate"


class LostAndEnded(Exception):
    """It was revoked or corrected before its row was lost; what replaced it is the one to bring back."""

    code = "lost_certificate_ended"


class PoolIsLost(Exception):
    """It has grams of a pool certificate that is lost as well: bring that one back first."""

    code = "lost_pool_first"


async def bring_back(
    credential: str,
    disclosures: Disclosures,
    order_reference: str,
    *,
    ring: KeyRing,
    issuer_url: str,
    now: datetime,
) -> CertificateRecord:
    """Write the row of a lost certificate as that of `order_reference`. Runs inside the caller's transaction.

    Texts that do not open a commitment of the statement are left out. Raises: NotALostCertificate, LostAndEnded, PoolIsLost;
    IntegrityError if the order or the place in the status list has another certificate by now.
    """
    try:
        claims = read_compact(credential).claims()
        statement, slot = statement_in(claims), slot_in(claims, issuer_url)
    except (MalformedToken, ValueError) as problem:
        raise NotALostCertificate("this is no credential of a certificate") from problem
    leaf = await _leaf_of(statement, credential)
    if leaf.replaces is not None or await models.LogEvent.filter(number=leaf.number).count() > 1:
        raise LostAndEnded(f"{leaf.number} takes part in a correction or is revoked")
    await models.Reservation.create(
        order_reference=order_reference,
        environment=statement.environment.value,
        number=statement.number,
        status_list=slot.list_number,
        status_index=slot.index,
        reserved_at=now,
    )
    identity = f"cert_{ULID.from_datetime(statement.issued_at)}"
    await models.LogEvent.filter(number=leaf.number, lost=True).update(lost=False)
    await _move_shares(leaf, identity)
    await rows.insert(
        models.Certificate(
            id=identity,
            order_reference=order_reference,
            environment=statement.environment.value,
            number=statement.number,
            statement=statement.canonical_json().decode(),
            statement_sha256=statement.sha256(),
            credential=packed(credential),
            proof=sign_proof(statement, ring=ring),
            grams=statement.grams,
            replaces=None,
            issued_at=statement.issued_at,
        )
    )
    if statement.pool:
        handed_g = await _handed_on_by(statement.number)
        await models.PoolCertificate.create(
            certificate_id=identity, number=statement.number, grams=statement.grams, handed_g=handed_g
        )
    await rows.insert(
        *(
            models.CertificateText(certificate_id=identity, field=name.value, salt=text.salt, value=text.value)
            for name, text in disclosures.items()
            if statement.commitments.get(name) == text.commitment(name)
        )
    )
    return await find(statement.number)


async def _leaf_of(statement: Statement, credential: str) -> Issued:
    event = await models.LogEvent.get_or_none(number=statement.number, event="issued", lost=True)
    leaf = decode_leaf(event.leaf) if event is not None else None
    hashes = (statement.sha256(), hash_of_credential(credential))
    if not isinstance(leaf, Issued) or (leaf.statement_sha256, leaf.credential_sha256) != hashes:
        raise NotALostCertificate(f"the log has lost no {statement.number} with these hashes")
    return leaf


async def _handed_on_by(pool: str) -> int:
    """Grams of a pool that lost certificates hold."""
    parts = [part for leaf in await spent_by(await lost_leaves()) for part in leaf.from_pool or ()]
    return sum(part.grams for part in parts if part.parent == pool)


async def _move_shares(leaf: Issued, identity: str) -> None:
    """Grams that counted as lost are from now on those of a row; the database counts them again with it."""
    for share in leaf.shares:
        held = models.CertifiedCancellation.filter(our_reference=share.reference)
        await held.update(certified_g=F("certified_g") - share.grams)
    await rows.insert(
        *(
            models.CertificateShare(certificate_id=identity, our_reference=share.reference, grams=share.grams)
            for share in leaf.shares
        )
    )
    for part in leaf.from_pool or ():
        pool = await models.PoolCertificate.get_or_none(number=part.parent)
        if pool is None:
            raise PoolIsLost(f"{leaf.number} has grams of {part.parent}, which is not here")
        await models.PoolCertificate.filter(number=part.parent).update(handed_g=F("handed_g") - part.grams)
        await rows.insert(
            models.CertificatePoolShare(certificate_id=identity, pool_id=pool.certificate_id, grams=part.grams)
        )
