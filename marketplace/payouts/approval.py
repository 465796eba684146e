"""Two people for a large payout: one proposes to release it, another approves, and only then it is sent."""

from pydantic import JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit import second_person
from marketplace.audit.models import Proposal
from marketplace.database.transactions import run_tx
from marketplace.errors import MoveNotAllowed
from marketplace.market import Market
from marketplace.payouts import service as payouts
from marketplace.payouts.models import Payout
from marketplace.payouts.states import PayoutState

RELEASE = "payout.release"


async def propose(market: Market, actor: Actor, payout_id: str, reason: str | None) -> None:
    """Raises MoveNotAllowed if the payout is not held, ReasonMissing, AlreadyProposed."""

    async def work(tx: BaseDBAsyncClient) -> None:
        payout = await Payout.get_or_none(id=payout_id, state=PayoutState.HELD)
        if payout is None:
            raise MoveNotAllowed(f"payout {payout_id} is not held", old="held", new="released")
        detail: dict[str, JsonValue] = {
            "provider": payout.provider_id,
            "order": payout.order_id,
            "yen": payout.amount_yen,
        }
        await second_person.propose(tx, actor, RELEASE, payout_id, reason, detail, at=market.clock())

    await run_tx(work)


async def approve(market: Market, actor: Actor, proposal_id: str) -> None:
    """By another person than the proposer. Raises SecondPersonNeeded, ProposalNotOpen, MoveNotAllowed."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        proposal = await second_person.approve(tx, actor, proposal_id, act=RELEASE, at=now)
        await payouts.release(tx, proposal.subject, at=now)

    await run_tx(work)


async def proposals(market: Market) -> dict[str, Proposal]:
    """Open proposals by payout."""
    return {one.subject: one for one in await second_person.waiting(RELEASE, now=market.clock())}
