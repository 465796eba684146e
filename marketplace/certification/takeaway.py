"""The exit bundle of a certificate as the public may have it: with the texts that are shown, and none of the others."""

from certificates.bundle import Bundle, PoolProof
from certificates.pools import parents_of
from certificates.records import CertificateRecord
from marketplace.certification.examination import current_status_list
from marketplace.certification.public_log import log_proof
from marketplace.certification.publication import Publication
from marketplace.market import Market


async def public_bundle(market: Market, publication: Publication, *, pdf: bytes | None) -> Bundle:
    """`pdf` None leaves the paper form out, as for a certificate that has ended."""
    record = publication.record
    proof = await log_proof(record.number)
    return Bundle(
        issuer_url=market.base_url,
        statement=record.statement,
        disclosures=publication.disclosures,
        credential=record.credential,
        proof=record.proof,
        jwks=market.signing_keys.jwks(),
        status_list=await current_status_list(market, record.slot.list_number),
        made_at=market.clock(),
        log_proof=None if proof is None else str(proof),
        log=market.log.trust,
        pdf=pdf,
        pools={pool.number: await _proof_of(pool) for pool in await parents_of(record)},
    )


async def _proof_of(pool: CertificateRecord) -> PoolProof:
    proof = await log_proof(pool.number)
    return PoolProof(pool.credential, None if proof is None else str(proof))
