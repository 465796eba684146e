"""Acts of an operator on what has stopped. Each needs a reason and enters the audit trail with it."""

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.database.transactions import run_tx
from marketplace.errors import MarketplaceError
from marketplace.market import Market
from marketplace.outbox import service as outbox
from marketplace.registries.gateway import OutcomeUnknown, RegistryUnreachable, RequestRefused
from marketplace.retirements import service as retirements
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState


class NothingToRunAgain(MarketplaceError):
    """It is not stopped any more: somebody was quicker, or it went on by itself."""

    code = "nothing_to_run_again"


class RegistryMayHaveActed(MarketplaceError):
    """A request may be given up only when the registry says that it has never seen it."""

    code = "registry_may_have_acted"


async def run_again(market: Market, actor: Actor, job_id: str, reason: str | None) -> None:
    """Let a parked job try again from the start. Raises ReasonMissing, NothingToRunAgain."""
    why = audit.stated(reason)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        if not await outbox.release_parked(job_id, now=now):
            raise NothingToRunAgain("this job is not parked", id=job_id)
        await audit.record(tx, actor, "job.run_again", job_id, why, {}, at=now)

    await run_tx(work)


async def ask_again(market: Market, actor: Actor, retirement_id: str, reason: str | None) -> None:
    """Ask the registry once more about a retirement that stopped for a person: by reference first, never blindly.

    Raises ReasonMissing, NothingToRunAgain.
    """
    why = audit.stated(reason)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        stopped = Retirement.filter(id=retirement_id, review_reason__isnull=False, state__in=_UNDER_WAY)
        if await stopped.update(review_reason=None) != 1:
            raise NothingToRunAgain("this retirement does not wait for a person", id=retirement_id)
        key = f"retirement:{retirement_id}:{int(now.timestamp())}"
        await outbox.add(tx, "retirement.advance", key, {"retirement_id": retirement_id}, at=now)
        await audit.record(tx, actor, "retirement.ask_again", retirement_id, why, {}, at=now)

    await run_tx(work)


async def give_up(market: Market, actor: Actor, retirement_id: str, reason: str | None) -> None:
    """End a retirement that the registry will not take: other units are cancelled instead, or money goes back.

    Only after the registry has said, just now, that it has never seen the request, or has refused it.
    Raises ReasonMissing, NothingToRunAgain, RegistryMayHaveActed.
    """
    why = audit.stated(reason)
    retirement = await Retirement.get_or_none(id=retirement_id, review_reason__isnull=False, state__in=_UNDER_WAY)
    if retirement is None:
        raise NothingToRunAgain("this retirement does not wait for a person", id=retirement_id)
    try:
        report = await market.registries[retirement.registry].look_up(retirement.reference)
    except (RegistryUnreachable, OutcomeUnknown, RequestRefused) as silent:
        raise RegistryMayHaveActed("the registry cannot be asked now", id=retirement_id) from silent
    if report is not None and report.rejection_reason is None:
        raise RegistryMayHaveActed("the registry knows this request", id=retirement_id)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        if not await retirements.given_up(tx, retirement_id, now=now):
            raise NothingToRunAgain("this retirement does not wait for a person", id=retirement_id)
        await audit.record(tx, actor, "retirement.give_up", retirement_id, why, {}, at=now)

    await run_tx(work)


_UNDER_WAY = (RetirementState.QUEUED, RetirementState.SUBMITTED, RetirementState.UNKNOWN)
