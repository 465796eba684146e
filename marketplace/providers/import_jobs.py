"""A checked list on its way to the books: a worker brings it in, and whoever asked may leave and find it again by its id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.accounts.roles import Role
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.inventory.models import RegistryAccount
from marketplace.market import Market
from marketplace.outbox import service as outbox
from marketplace.outbox.models import Job
from marketplace.providers import imports
from marketplace.providers.errors import AccountNotFound, CheckedListGone
from marketplace.providers.imports import BRING_IN
from marketplace.providers.models import CheckedList, HoldingImport


class ListState(StrEnum):
    CHECKED = "checked"
    WAITING = "waiting"
    STOPPED = "stopped"
    """The job was given up and waits for an operator; nothing was brought in."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class ListStanding:
    """A list under the id of its check. `kept` until it is brought in, `imported` from then on; never both."""

    id: str
    state: ListState
    account: RegistryAccount
    file_name: str
    since: datetime
    kept: CheckedList | None
    imported: HoldingImport | None


async def standing_of(provider_id: str, list_id: str) -> ListStanding:
    """Raises CheckedListGone, also for another provider's list."""
    kept = await CheckedList.get_or_none(id=list_id)
    if kept is not None:
        account = await _own(provider_id, kept.account_id, list_id)
        return ListStanding(list_id, await _state(list_id), account, kept.file_name, kept.checked_at, kept, None)
    # in this order: between the two looks it may be brought in, but never the other way about
    done = await HoldingImport.get_or_none(id=imports.import_id(list_id)) if imports.is_list_id(list_id) else None
    if done is None:
        raise CheckedListGone(f"no list {list_id}", checked_id=list_id)
    account = await _own(provider_id, done.account_id, list_id)
    return ListStanding(list_id, ListState.DONE, account, done.file_name, done.imported_at, None, done)


async def unfinished(provider_id: str) -> Sequence[ListStanding]:
    """Lists that were checked and are not on the books, the newest first."""
    accounts = [account.id for account in await imports.accounts_of(provider_id)]
    kept = await CheckedList.filter(account_id__in=accounts).order_by("-checked_at", "-id").values_list("id", flat=True)
    return [await standing_of(provider_id, str(list_id)) for list_id in kept]


async def ask(actor: Actor, list_id: str, *, clock: Clock) -> None:
    """Have a worker bring the list in; however often it is asked for, it happens once. Raises CheckedListGone."""
    standing = await standing_of(actor.provider_id or "", list_id)
    by = {"person_id": actor.person_id, "organisation_id": actor.organisation_id, "provider_id": actor.provider_id}
    payload = {"account_id": standing.account.id, "list_id": list_id, "by": by}

    async def work(tx: BaseDBAsyncClient) -> None:
        await outbox.add(tx, BRING_IN, _key(list_id), payload, at=clock())

    await run_tx(work)


async def run(market: Market, account_id: str, list_id: str, by: Mapping[str, str]) -> None:
    """Job. Safe to repeat: a list that is on the books is left alone. Raises CheckedListGone if it is nowhere."""
    if await HoldingImport.exists(id=imports.import_id(list_id)):
        return
    actor = Actor(name="", email="", roles=frozenset({Role.PROVIDER}), **by)
    account = await imports.account_of(by["provider_id"], account_id)
    await imports.bring_in(actor, account, list_id, clock=market.clock)


async def _own(provider_id: str, account_id: str, list_id: str) -> RegistryAccount:
    """Another provider's list does not exist."""
    try:
        return await imports.account_of(provider_id, account_id)
    except AccountNotFound as theirs:
        raise CheckedListGone(f"no list {list_id}", checked_id=list_id) from theirs


async def _state(list_id: str) -> ListState:
    job = await Job.get_or_none(key=_key(list_id))
    if job is None:
        return ListState.CHECKED
    return ListState.STOPPED if job.parked_at else ListState.WAITING


def _key(list_id: str) -> str:
    return f"{BRING_IN}:{list_id}"
