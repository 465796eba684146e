"""Verify evidence with everything the service itself can add: its keys, its status list and its own record."""

from dataclasses import dataclass, replace

from certificates import service as certificates
from certificates.pools import parents_of
from certificates.records import CertificateNotFound, CertificateRecord, find
from certificates.verdict import Verdict
from certificates.verify import Evidence, TrustedIssuer, verify
from certificates.visibility import visibility_of
from marketplace.certification.public_log import log_proof
from marketplace.database.transactions import run_tx
from marketplace.market import Market


@dataclass(frozen=True, slots=True)
class Examination:
    """`record` is the certificate on our books under the number in the evidence, if there is one."""

    verdict: Verdict
    record: CertificateRecord | None

    @property
    def shortfall_g(self) -> int | None:
        """Grams of the stated footprint that the certificate does not cover; None without a footprint."""
        statement = self.verdict.statement
        if statement is None or statement.footprint is None:
            return None
        return max(0, statement.footprint.total_g - statement.grams)


async def examine(market: Market, evidence: Evidence, *, link_code: str | None = None) -> Examination:
    """Judge the evidence; a bare number is judged by the credential on our books. Never raises for bad evidence.

    An unlisted certificate is judged by what was brought along only, unless its link code is.
    """
    issuer = TrustedIssuer(market.base_url, market.signing_keys.keys, market.log.trust)
    alone = verify(evidence, issuer, now=market.clock())
    record = await _on_record(alone.number)
    if record is None:
        return Examination(alone, None)
    may_be_shown = (await visibility_of(record)).opens_with(link_code)
    proof = await log_proof(record.number)
    complete = replace(
        evidence,
        credential=evidence.credential or (record.credential if may_be_shown else None),
        status_list=await current_status_list(market, record.slot.list_number),
        log_proof=evidence.log_proof or (None if proof is None else str(proof)),
        pools=evidence.pools or tuple(pool.credential for pool in await parents_of(record)),
        replacement=await _replacement(record),
    )
    return Examination(verify(complete, issuer, now=market.clock()), record)


async def _on_record(number: str | None) -> CertificateRecord | None:
    if number is None:
        return None
    try:
        return await find(number)
    except CertificateNotFound:
        return None


async def _replacement(record: CertificateRecord) -> str | None:
    if record.ended is None or record.ended.replaced_by is None:
        return None
    return (await find(record.ended.replaced_by)).credential


async def current_status_list(market: Market, list_number: int) -> str:
    """The signed revocation list as it stands now."""
    return await run_tx(
        lambda _: certificates.status_list(
            list_number, ring=market.signing_keys, issuer_url=market.base_url, now=market.clock()
        )
    )
