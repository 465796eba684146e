"""The nightly look at our own books: every certificate row against its signatures, its leaf and its shares.

The database refuses changes to what was issued; this finds those made by somebody who can switch such rules off.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from certificates import models
from certificates.log.leaves import Corrected, Issued, MalformedLeaf, Revoked, decode_leaf, hash_of_credential
from certificates.log.lost import lost_leaves, spent_by
from certificates.packed_credential import unpacked
from certificates.statement import DisclosedField, Disclosure, Statement
from certificates.verdict import CheckResult
from certificates.verify import Evidence, TrustedIssuer, verify

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What does not fit (a stable code), and where: a certificate's number or a cancellation's reference."""

    code: str
    subject: str


async def contradictions(issuer: TrustedIssuer, *, now: datetime) -> list[Contradiction]:
    """Everything in the certificate tables that contradicts something else; empty on sound books."""
    found: list[Contradiction] = []
    last = ""
    while rows := await models.Certificate.filter(id__gt=last).order_by("id").limit(_PAGE):
        found.extend(await _in_page(rows, issuer, now))
        last = rows[-1].id
    found.extend(await _in_shares())
    found.extend(await _in_events())
    return found


async def _in_page(rows: list[models.Certificate], issuer: TrustedIssuer, now: datetime) -> list[Contradiction]:
    texts: dict[str, dict[DisclosedField, Disclosure]] = {row.id: {} for row in rows}
    for text in await models.CertificateText.filter(certificate_id__in=list(texts)):
        texts[text.certificate_id][DisclosedField(text.field)] = Disclosure(salt=text.salt, value=text.value)
    events = await models.LogEvent.filter(number__in=[row.number for row in rows], event="issued")
    leaves = {event.number: event.leaf for event in events}
    return [
        Contradiction(code, row.number)
        for row in rows
        for code in (*_in_row(row, texts[row.id], issuer, now), *_in_leaf(row, leaves.get(row.number)))
    ]


def _in_row(
    row: models.Certificate, texts: dict[DisclosedField, Disclosure], issuer: TrustedIssuer, now: datetime
) -> Iterable[str]:
    if hashlib.sha256(row.statement.encode()).hexdigest() != row.statement_sha256:
        yield "statement_hash_differs"
    try:
        statement = Statement.model_validate_json(row.statement)
    except ValidationError:
        yield "statement_unreadable"
        return
    if statement.canonical_json() != row.statement.encode():
        yield "statement_not_canonical"
    columns = (row.number, row.environment, row.grams, row.replaces, row.issued_at.astimezone(UTC))
    if columns != (
        statement.number,
        statement.environment.value,
        statement.grams,
        statement.replaces,
        statement.issued_at,
    ):
        yield "columns_differ_from_statement"
    evidence = Evidence(
        number=row.number, credential=unpacked(row.credential), proof=row.proof, statement=statement, disclosures=texts
    )
    verdict = verify(evidence, issuer, now=now)
    for check in verdict.checks:
        if check.result is CheckResult.FAILED:
            yield f"{check.name}_{check.reason}"


def _in_leaf(row: models.Certificate, data: bytes | None) -> Iterable[str]:
    if data is None:
        yield "leaf_missing"
        return
    try:
        leaf = decode_leaf(data)
    except MalformedLeaf:
        yield "leaf_unreadable"
        return
    said = (leaf.number, leaf.statement_sha256, leaf.credential_sha256, leaf.grams) if isinstance(leaf, Issued) else ()
    if said != (row.number, row.statement_sha256, hash_of_credential(unpacked(row.credential)), row.grams):
        yield "leaf_differs"


async def _in_shares() -> list[Contradiction]:
    """What certificates hold, added up: per certificate its grams, per cancellation what is on record as certified."""
    grams = {row.id: row.grams for row in await models.Certificate.all().only("id", "number", "grams")}
    numbers = {row.id: row.number for row in await models.Certificate.all().only("id", "number")}
    corrected = {end.certificate_id for end in await models.CertificateEnd.filter(kind="corrected")}
    held: dict[str, int] = dict.fromkeys(grams, 0)
    taken: dict[str, int] = {}
    for share in await models.CertificateShare.all():
        held[share.certificate_id] = held.get(share.certificate_id, 0) + share.grams
        if share.certificate_id not in corrected:
            taken[share.our_reference] = taken.get(share.our_reference, 0) + share.grams
    handed: dict[str, int] = {}
    for part in await models.CertificatePoolShare.all():
        held[part.certificate_id] = held.get(part.certificate_id, 0) + part.grams
        if part.certificate_id not in corrected:
            handed[part.pool_id] = handed.get(part.pool_id, 0) + part.grams
    await _add_lost(taken, handed)
    found = [
        Contradiction("grams_are_not_the_shares", numbers.get(identity, identity))
        for identity, sum_g in held.items()
        if sum_g != grams.get(identity)
    ]
    for row in await models.CertifiedCancellation.all():
        if taken.get(row.our_reference, 0) != row.certified_g:
            found.append(Contradiction("certified_grams_differ", row.our_reference))
    for pool in await models.PoolCertificate.all():
        if handed.get(pool.certificate_id, 0) != pool.handed_g:
            found.append(Contradiction("handed_grams_differ", pool.number))
    return found


async def _add_lost(taken: dict[str, int], handed: dict[str, int]) -> None:
    """Certificates that went with a restored backup hold their grams all the same."""
    pools = {pool.number: pool.certificate_id for pool in await models.PoolCertificate.all()}
    for leaf in await spent_by(await lost_leaves()):
        for share in leaf.shares:
            taken[share.reference] = taken.get(share.reference, 0) + share.grams
        for part in leaf.from_pool or ():
            if pool_id := pools.get(part.parent):
                handed[pool_id] = handed.get(pool_id, 0) + part.grams


async def _in_events() -> list[Contradiction]:
    """Ends and their leaves, one to one."""
    numbers = {row.id: row.number for row in await models.Certificate.all().only("id", "number")}
    ended = {
        (numbers.get(end.certificate_id, end.certificate_id), end.kind, end.replaced_by)
        for end in await models.CertificateEnd.all()
    }
    logged = set()
    for event in await models.LogEvent.filter(event__in=["revoked", "corrected"], lost=False):
        leaf = decode_leaf(event.leaf)
        if isinstance(leaf, Revoked | Corrected):
            replaced_by = leaf.replaced_by if isinstance(leaf, Corrected) else None
            logged.add((leaf.number, leaf.event, replaced_by))
    return [Contradiction("end_differs_from_log", number) for number, _, _ in sorted(ended ^ logged, key=str)]
