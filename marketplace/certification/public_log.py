"""The public log in daily work: new leaves get their place at once, and witnesses are asked to cosign what is new."""

import asyncio
from datetime import datetime, timedelta

import httpx
import structlog
from tortoise.backends.base.client import BaseDBAsyncClient

from certificates.log.checkpoint import read_checkpoint
from certificates.log.proof import LogProof
from certificates.log.sequencer import leaves_wait, sequence
from certificates.log.store import NotInTheLog, latest_checkpoint, proof_of
from certificates.log.witness import SplitView, cosign_latest
from marketplace.database.transactions import run_tx
from marketplace.market import Market
from marketplace.outbox import service as outbox

log = structlog.get_logger()

SEQUENCE = "log.sequence"
COSIGN = "log.cosign"
WITNESS_ANSWERS_WITHIN = timedelta(seconds=3)


async def announce(tx: BaseDBAsyncClient, occasion: str, *, at: datetime) -> None:
    """Have the worker take leaves into the tree after this transaction. `occasion` names what was logged."""
    await outbox.add(tx, SEQUENCE, f"{SEQUENCE}:{occasion}", {}, at=at)


async def sequence_waiting(market: Market) -> None:
    """Give every waiting leaf its place, and sign the tree. Safe to repeat, and by several workers at once."""
    while await leaves_wait():
        await run_tx(lambda _: sequence(market.log.signer, now=market.clock()))


class Sequencing:
    """For whoever has just written leaves: returns when they stand in the tree. Those who come while one run is under way share the
    next, and with it one commit."""

    def __init__(self, market: Market) -> None:
        self._market, self._one_at_a_time = market, asyncio.Lock()
        self._next: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        if self._next is None:
            self._next = asyncio.create_task(self._run())
        await asyncio.shield(self._next)

    async def _run(self) -> None:
        async with self._one_at_a_time:
            # whoever comes from now on may have written after this run has looked
            self._next = None
            await sequence_waiting(self._market)


async def ask_witnesses(market: Market) -> None:
    """Sweep: put a question to each witness that has not cosigned the newest checkpoint, as a job of its own."""
    if not market.log.witnesses:
        return
    try:
        note = await latest_checkpoint()
    except NotInTheLog:
        return  # nothing was ever logged
    size = read_checkpoint(note).size
    unasked = [
        witness for witness in market.log.witnesses if not any(one.is_from(witness.key) for one in note.signatures)
    ]

    async def work(tx: BaseDBAsyncClient) -> None:
        for witness in unasked:
            name = witness.key.name
            await outbox.add(tx, COSIGN, f"{COSIGN}:{name}:{size}", {"witness": name, "size": size}, at=market.clock())

    if unasked:
        await run_tx(work)


async def cosign(market: Market, *, witness: str, size: int) -> None:
    """Have one witness cosign the checkpoint of `size`. Nothing to do once there is a newer one, or if nobody asks it any more.

    Raises WitnessRefused and SplitView: tried again with growing pauses, and in the end shown to a person.
    """
    asked = [one for one in market.log.witnesses if one.key.name == witness]
    if not asked or read_checkpoint(await latest_checkpoint()).size != size:
        return
    timeout = WITNESS_ANSWERS_WITHIN.total_seconds()
    async with httpx.AsyncClient(timeout=timeout, transport=market.log.transport) as client:
        troubles = await cosign_latest(client, asked, run_tx)
    for trouble in troubles:
        # a witness that has seen another tree under our name is for a person to look at, at once
        report = log.error if isinstance(trouble, SplitView) else log.warning
        report("witness_trouble", error=f"{type(trouble).__name__}: {trouble}")
        raise trouble


async def log_proof(number: str) -> LogProof | None:
    """That the certificate's issue is in the log; None in the moment before it has its place."""
    try:
        return await proof_of(number)
    except NotInTheLog:
        return None
