"""Four eyes: one person proposes an act, another approves it, and only then it is done. Nobody approves their own.

The room that owns the act calls `propose`; its page or command calls `approve` and carries the act out in the same transaction:

    async def work(tx):
        proposal = await second_person.approve(tx, actor, proposal_id, act="payout.release", at=now)
        await payouts.release(tx, proposal.subject, json.loads(proposal.detail))
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.audit.models import Proposal
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.errors import MarketplaceError
from marketplace.ids import new_id

LASTS = timedelta(days=3)


class ProposalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"


class SecondPersonNeeded(MarketplaceError):
    """Whoever proposed an act cannot approve it too."""

    code = "second_person_needed"


class ProposalNotOpen(MarketplaceError):
    """There is no such proposal, or it was decided or has expired."""

    code = "proposal_not_open"


class AlreadyProposed(MarketplaceError):
    """The same act on the same subject waits for its second person already; params: subject."""

    code = "already_proposed"


async def propose(  # noqa: PLR0917 - in the order of audit.record
    tx: BaseDBAsyncClient,
    actor: Actor,
    act: str,
    subject: str,
    reason: str | None,
    detail: Mapping[str, JsonValue],
    *,
    at: datetime,
    lasts: timedelta = LASTS,
) -> Proposal:
    """`detail` is what will be done, to the last figure: it never changes afterwards. Raises ReasonMissing, AlreadyProposed."""
    why = audit.stated(reason)
    await _expire(tx, at=at)
    proposal = Proposal(
        id=new_id("pro", at),
        act=act,
        subject=subject,
        detail=json.dumps(dict(detail), sort_keys=True, ensure_ascii=False),
        reason=why,
        state=ProposalState.OPEN,
        proposed_by=actor.person_id,
        proposed_at=at,
        expires_at=at + lasts,
    )
    if await Proposal.exists(act=act, subject=subject, state=ProposalState.OPEN):
        raise AlreadyProposed("this waits for a second person already", subject=subject)
    try:
        await proposal.save(using_db=tx, force_create=True)
    except IntegrityError as clash:
        raise AlreadyProposed("this waits for a second person already", subject=subject) from clash
    await audit.record(tx, actor, f"{act}.proposed", subject, why, {"proposal": proposal.id}, at=at)
    return proposal


async def approve(tx: BaseDBAsyncClient, actor: Actor, proposal_id: str, *, act: str, at: datetime) -> Proposal:
    """By another person than the one who proposed it; the caller does the act in the same transaction.

    Raises SecondPersonNeeded, ProposalNotOpen.
    """
    proposal = await Proposal.get_or_none(id=proposal_id, act=act)
    if proposal is not None and proposal.proposed_by == actor.person_id:
        raise SecondPersonNeeded("somebody else has to approve this")
    return await _decide(tx, actor, proposal, ProposalState.APPROVED, None, at=at)


async def refuse(
    tx: BaseDBAsyncClient, actor: Actor, proposal_id: str, reason: str | None, *, act: str, at: datetime
) -> Proposal:
    """By anyone who might approve, or by the proposer, who takes it back. Raises ReasonMissing, ProposalNotOpen."""
    why = audit.stated(reason)
    proposal = await Proposal.get_or_none(id=proposal_id, act=act)
    return await _decide(tx, actor, proposal, ProposalState.REFUSED, why, at=at)


async def waiting(act: str, *, now: datetime) -> Sequence[Proposal]:
    """What can be decided now, the oldest first."""
    return await Proposal.filter(act=act, state=ProposalState.OPEN, expires_at__gt=now).order_by("id")


async def expire(clock: Clock) -> None:
    """A sweep: what nobody decided in time is over."""
    if await Proposal.exists(state=ProposalState.OPEN, expires_at__lte=clock()):
        await run_tx(lambda tx: _expire(tx, at=clock()))


async def _expire(tx: BaseDBAsyncClient, *, at: datetime) -> None:
    over = Proposal.filter(state=ProposalState.OPEN, expires_at__lte=at).using_db(tx)
    await over.update(state=ProposalState.EXPIRED, decided_at=at)


async def _decide(
    tx: BaseDBAsyncClient,
    actor: Actor,
    proposal: Proposal | None,
    state: ProposalState,
    reason: str | None,
    *,
    at: datetime,
) -> Proposal:
    if proposal is None:
        raise ProposalNotOpen("there is no such proposal to decide")
    still_open = Proposal.filter(id=proposal.id, state=ProposalState.OPEN, expires_at__gt=at).using_db(tx)
    if await still_open.update(state=state, decided_by=actor.person_id, decided_at=at) != 1:
        raise ProposalNotOpen("it was decided already, or has expired")
    await audit.record(tx, actor, f"{proposal.act}.{state}", proposal.subject, reason, {"proposal": proposal.id}, at=at)
    return await Proposal.get(id=proposal.id)
