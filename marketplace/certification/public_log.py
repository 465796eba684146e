"""The public log in daily work: new leaves get their place at once, and witnesses are asked to cosign what is new."""

from datetime import datetime, timedelta

import httpx
import structlog
from tortoise.backends.base.client import BaseDBAsyncClient

from certificates.log.proof import LogProof
from certificates.log.sequencer import sequence
from certificates.log.store import NotInTheLog, proof_of
from certificates.log.witness import SplitView, cosign_latest
from marketplace.database.transactions import run_tx
from marketplace.market import Market
from marketplace.outbox import service as outbox

log = structlog.get_logger()

SEQUENCE = "log.sequence"
WITNESS_ANSWERS_WITHIN = timedelta(seconds=3)


async def announce(tx: BaseDBAsyncClient, occasion: str, *, at: datetime) -> None:
    """Have the worker take leaves into the tree after this transaction. `occasion` names what was logged."""
    await outbox.add(tx, SEQUENCE, f"{SEQUENCE}:{occasion}", {}, at=at)


async def sequence_waiting(market: Market) -> None:
    """Give every waiting leaf its place, and sign the tree. Safe to repeat, and by several workers at once."""
    while await run_tx(lambda _: sequence(market.log.signer, now=market.clock())):
        continue


async def ask_witnesses(market: Market) -> None:
    """Have the newest checkpoint cosigned by those who have not yet; who cannot is asked again next time."""
    if not market.log.witnesses:
        return
    async with httpx.AsyncClient(timeout=WITNESS_ANSWERS_WITHIN.total_seconds()) as client:
        try:
            troubles = await cosign_latest(client, market.log.witnesses, run_tx)
        except NotInTheLog:
            return  # nothing was ever logged
    for trouble in troubles:
        # a witness that has seen another tree under our name is for a person to look at, at once
        report = log.error if isinstance(trouble, SplitView) else log.warning
        report("witness_trouble", error=f"{type(trouble).__name__}: {trouble}")


async def log_proof(number: str) -> LogProof | None:
    """That the certificate's issue is in the log; None in the moment before it has its place."""
    try:
        return await proof_of(number)
    except NotInTheLog:
        return None
