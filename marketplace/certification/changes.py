"""What an operator may do to an issued certificate: revoke it, correct it, and decide what the public sees of it.

Nothing is edited. An end and a replacement are leaves of the public log, written with the change itself.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from tortoise.backends.base.client import BaseDBAsyncClient

from certificates import service, visibility
from certificates.facts import Drawn, Share, StatementFacts
from certificates.models import CertificateShare
from certificates.pools import parents_of, pool_of
from certificates.records import CertificateRecord, find
from certificates.render_pdf import check_printable
from certificates.statement import DisclosedField, OffsetType, Period
from marketplace.certification.public_log import announce
from marketplace.database.transactions import run_tx
from marketplace.errors import MarketplaceError
from marketplace.market import Market
from marketplace.notifications.kinds import EventType
from marketplace.notifications.telling import tell_of_certificate
from marketplace.orders import certified_parts
from marketplace.products import covers

Text = Annotated[str, Field(min_length=1, max_length=200)]
_CORRECTED = ":corrected"
IN_THE_REGISTRY = frozenset({DisclosedField.CREDIT_USER, DisclosedField.PURPOSE_DETAIL})
"""Texts that the registry recorded with the cancellation: a certificate cannot say anything else."""


class RecordedInRegistry(MarketplaceError):
    """A correction wants other words than the registry holds; params: field."""

    code = "recorded_in_registry"


class PoolInUse(MarketplaceError):
    """Others hold grams of this pool certificate, so it stays as it is (a rule of the database too); params: number."""

    code = "pool_in_use"


class Correction(BaseModel):
    """The facts that were wrong, as they should have been; what is left out stays as it is. A null text is withdrawn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: OffsetType | None = None
    period: Period | None = None
    reduction_effort: Annotated[str | None, Field(min_length=1, max_length=1000)] = None
    third_party_check: Annotated[str | None, Field(min_length=1, max_length=1000)] = None
    texts: Mapping[DisclosedField, Text | None] = {}


@dataclass(frozen=True, slots=True)
class Corrected:
    """The new certificate; `link_code` opens it if the old one was unlisted, and is not kept."""

    record: CertificateRecord
    link_code: str | None


async def revoke(market: Market, number: str, reason: str) -> CertificateRecord:
    """End a certificate for good. Raises CertificateNotFound, AlreadyEnded, PoolInUse."""
    await _refuse_a_pool_in_use(number)

    async def work(tx: BaseDBAsyncClient) -> CertificateRecord:
        now = market.clock()
        ended = await service.revoke(number, reason, now=now)
        await covers.revoked(market, tx, ended.number, now=now)
        await announce(tx, f"{ended.number}:revoked", at=now)
        await _tell_owner(market, ended, EventType.CERTIFICATE_REVOKED, reason=reason)
        return ended

    return await run_tx(work)


async def correct(market: Market, number: str, correction: Correction, reason: str) -> Corrected:
    """Replace a certificate; what was hidden or unlisted stays so. Safe to repeat with the same correction.

    Raises: CertificateNotFound, AlreadyEnded, CertifiedDifferently, RecordedInRegistry, TextNotPrintable, PoolInUse.
    """
    await _refuse_a_pool_in_use(number)
    for field, text in correction.texts.items():
        if field in IN_THE_REGISTRY:
            raise RecordedInRegistry(f"{field} is in the registry and stays", field=field.value)
        check_printable(text or "")
    check_printable(correction.reduction_effort or "")

    async def work(tx: BaseDBAsyncClient) -> Corrected:
        now = market.clock()
        old = await find(number)
        record = await service.correct(
            old.number,
            await _facts(old, correction),
            reason,
            ring=market.signing_keys,
            issuer_url=market.base_url,
            now=now,
        )
        seen = await visibility.visibility_of(old)
        if seen.hidden:
            await visibility.hide(record.number, seen.hidden, until=seen.hidden_until)
        link_code = None if seen.listed else await visibility.unlist(record.number)
        await announce(tx, record.number, at=now)
        await _tell_owner(market, old, EventType.CERTIFICATE_CORRECTED, reason=reason, replaced_by=record.number)
        return Corrected(record, link_code)

    return await run_tx(work)


async def _tell_owner(market: Market, record: CertificateRecord, type_: EventType, **more: str) -> None:
    """The organisation whose order the certificate was made for, however often it has been corrected since."""
    first = record
    while first.order_reference.endswith(_CORRECTED):
        first = await find(first.order_reference.removesuffix(_CORRECTED))
    order_id = certified_parts.order_of(first.order_reference)
    await tell_of_certificate(market, order_id, type_, record.number, **more)


async def _refuse_a_pool_in_use(number: str) -> None:
    pool = await pool_of(number)
    if pool is not None and pool.handed_g > 0:
        raise PoolInUse(f"{pool.parts} certificates hold grams of {pool.number}", number=pool.number)


async def hide(number: str, fields: Collection[DisclosedField], *, until: date | None) -> None:
    """Hide exactly these texts until a day (Japan time) or for ever. Raises CertificateNotFound."""
    await run_tx(lambda _: visibility.hide(number, fields, until=until))


async def unlist(number: str) -> str:
    """Close the public page; returns the link code that opens it, which is not kept. Raises CertificateNotFound."""
    return await run_tx(lambda _: visibility.unlist(number))


async def list_again(number: str) -> None:
    """Raises CertificateNotFound."""
    await run_tx(lambda _: visibility.list_again(number))


async def _facts(old: CertificateRecord, correction: Correction) -> StatementFacts:
    grams = {row.our_reference: row.grams for row in await CertificateShare.filter(certificate_id=old.id)}
    stated = old.statement
    pools = await parents_of(old)
    parts = {share.parent: share.grams for share in stated.from_pool or ()}
    texts = {name: text.value for name, text in old.disclosures.items()} | dict(correction.texts)
    return StatementFacts(
        order_reference=f"{old.number}{_CORRECTED}",
        environment=old.environment,
        type=correction.type or stated.type,
        period=correction.period or stated.period,
        shares=tuple(
            Share(one, grams[one.our_reference]) for one in stated.cancellations if one.our_reference in grams
        ),
        drawn=tuple(Drawn(pool.statement, parts[pool.number]) for pool in pools),
        pool=stated.pool is True,
        reduction_effort=correction.reduction_effort or stated.reduction_effort,
        footprint=stated.footprint,
        third_party_check=correction.third_party_check or stated.third_party_check,
        texts={name: text for name, text in texts.items() if text is not None},
        contact=stated.contact,
        adds_to=stated.adds_to,
    )
