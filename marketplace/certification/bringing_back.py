"""An operator brings a certificate back whose row was lost with the end of a restored backup, from what its holder has."""

import asyncio

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates import brought_back, visibility
from certificates.evidence import disclosures_in_pdf, read_evidence
from certificates.records import CertificateRecord
from marketplace.certification.publication import NAMING
from marketplace.database.transactions import run_tx
from marketplace.market import Market


async def bring_back(market: Market, file: bytes, order_reference: str) -> CertificateRecord:
    """From the bytes of its PDF or exit bundle; names are hidden until somebody shows them, since the holder's wish is lost too.

    The order's job finds it and issues no other. Raises: UnreadableEvidence and as certificates.brought_back.bring_back.
    """
    evidence = await asyncio.to_thread(read_evidence, file)
    disclosures = disclosures_in_pdf(file) if file.startswith(b"%PDF-") else evidence.disclosures

    async def work(_: BaseDBAsyncClient) -> CertificateRecord:
        record = await brought_back.bring_back(
            evidence.credential or "",
            disclosures,
            order_reference,
            ring=market.signing_keys,
            issuer_url=market.base_url,
            now=market.clock(),
        )
        await visibility.hide(record.number, NAMING, until=None)
        return record

    return await run_tx(work)
