"""Bringing a list of holdings in: a check says what would happen, the import does it; the same row never counts twice.

A row that is refused stops only itself: it names the row or block it clashes with, and can be mended and sent again. Nothing
that was brought in before is changed or removed: what is missing from a newer list is for the daily comparison with the registry.
"""

import asyncio
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database.dialect import is_postgres
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.inventory.block_facts import as_published, vintages_json
from marketplace.inventory.models import Block, Holding, Interval, RegistryAccount
from marketplace.inventory.states import IntervalState
from marketplace.outbox.models import Job
from marketplace.projects.kinds import RegistryCode
from marketplace.providers.errors import AccountNotFound, CheckedListGone
from marketplace.providers.holding_list import HeldBlock, HoldingList, read_holding_list
from marketplace.providers.models import CheckedList, HoldingImport
from offset_calc.tabular import RowProblem, TableRefused, TableRow

BRING_IN = "holdings.bring_in"
"""The job's kind, and with the list's id its key; marketplace/providers/import_jobs.py runs it."""
KEPT_FOR = timedelta(days=1)
MOST_ROWS = 10_000
"""So that one transaction holds them all, well within the time a job may take."""
_LIST = "chk"
_BATCH = 500
_ROUNDS = 3
_TAKEN_MEANWHILE = ("block_no_overlap", "block_registry_serial_prefix_first_serial_key")


class Fate(StrEnum):
    NEW = "new"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became, or would become, of every row. `tonnes` are those of the new rows."""

    new: tuple[HeldBlock, ...]
    known: tuple[HeldBlock, ...]
    refused: tuple[tuple[TableRow, tuple[RowProblem, ...]], ...]
    columns: Mapping[str, str]
    ignored: tuple[str, ...]

    @property
    def tonnes(self) -> int:
        return sum(len(block.serials) for block in self.new)


async def accounts_of(provider_id: str) -> Sequence[RegistryAccount]:
    return await RegistryAccount.filter(provider_id=provider_id).order_by("registry", "number")


async def account_of(provider_id: str, account_id: str) -> RegistryAccount:
    """Raises AccountNotFound, also for another provider's account."""
    account = await RegistryAccount.get_or_none(id=account_id, provider_id=provider_id).prefetch_related("provider")
    if account is None:
        raise AccountNotFound(f"no account {account_id}", account_id=account_id)
    return account


async def check(
    actor: Actor, account: RegistryAccount, content: bytes, *, file_name: str, clock: Clock
) -> tuple[ImportReport, str]:
    """What an import would do, and the id under which `bring_in` finds the file again. Raises TableRefused."""
    listed = await _read(content, account)
    if len(listed.taken) + len(listed.refused) > MOST_ROWS:
        raise TableRefused("too_many_rows", most=MOST_ROWS)
    report = await _judged(listed, account)
    checked = await CheckedList.create(
        id=new_id(_LIST, clock()),
        account_id=account.id,
        file_name=file_name[:200],
        content=content,
        checked_by=actor.person_id,
        checked_at=clock(),
    )
    return report, checked.id


async def check_again(checked: CheckedList, account: RegistryAccount) -> ImportReport:
    """What bringing in a kept list would do now; the books may have changed since it was sent."""
    return await _judged(await _read(checked.content, account), account)


async def bring_in(actor: Actor, account: RegistryAccount, checked_id: str, *, clock: Clock) -> ImportReport:
    """Take every row of a checked list that can be taken now, in one transaction. Raises CheckedListGone."""
    checked = await CheckedList.get_or_none(id=checked_id, account_id=account.id)
    if checked is None:
        raise CheckedListGone("the list was brought in already, or is kept no longer", checked_id=checked_id)
    listed = await _read(checked.content, account)

    async def work(tx: BaseDBAsyncClient) -> ImportReport:
        if is_postgres(tx):
            await tx.execute_query_dict("SELECT id FROM registry_account WHERE id = $1 FOR UPDATE", [account.id])
        if await CheckedList.filter(id=checked_id).delete() != 1:
            raise CheckedListGone("somebody else brought the list in", checked_id=checked_id)
        report = await _judged(listed, account)
        await _put_on_the_books(report.new, account, clock)
        imported = await HoldingImport.create(
            id=import_id(checked_id),
            account_id=account.id,
            sha256=hashlib.sha256(checked.content).hexdigest(),
            file_name=checked.file_name,
            imported_by=actor.person_id,
            imported_at=clock(),
            new_rows=len(report.new),
            known_rows=len(report.known),
            refused_rows=len(report.refused),
        )
        said: Mapping[str, JsonValue] = {
            "import": imported.id,
            "sha256": imported.sha256,
            "new_rows": imported.new_rows,
            "tonnes": report.tonnes,
        }
        await audit.record(tx, actor, "holdings.imported", account.id, None, said, at=clock())
        return report

    for attempt in range(1, _ROUNDS + 1):
        try:
            return await run_tx(work)
        except (IntegrityError, OperationalError) as clash:
            # somebody brought the same serials in at the same moment: judged again, those rows clash by name
            if attempt == _ROUNDS or not any(rule in str(clash) for rule in _TAKEN_MEANWHILE):
                raise
    raise AssertionError("unreachable")


def is_list_id(text: str) -> bool:
    return text.startswith(f"{_LIST}_")


def import_id(checked_id: str) -> str:
    """An import is named after the list it brought in, so that whoever knows the one finds the other."""
    return f"imp_{checked_id.removeprefix(f'{_LIST}_')}"


async def latest_imports(provider_id: str, *, limit: int = 20) -> Sequence[HoldingImport]:
    accounts = [account.id for account in await accounts_of(provider_id)]
    return await HoldingImport.filter(account_id__in=accounts).order_by("-imported_at", "-id").limit(limit)


async def forget_unused(clock: Clock) -> int:
    """Checked lists that nobody asked to bring in for a day."""
    asked = await Job.filter(kind=BRING_IN, done_at__isnull=True).values_list("key", flat=True)
    wanted = [str(key).removeprefix(f"{BRING_IN}:") for key in asked]
    return await CheckedList.filter(checked_at__lt=clock() - KEPT_FOR, id__not_in=wanted).delete()


async def _read(content: bytes, account: RegistryAccount) -> HoldingList:
    """In a thread: the longest list takes seconds, and others are served by the same process."""
    return await asyncio.to_thread(read_holding_list, io.BytesIO(content), RegistryCode(account.registry))


async def _judged(listed: HoldingList, account: RegistryAccount) -> ImportReport:
    on_the_books = await _on_the_books(listed, account)
    blocks: dict[Fate, list[HeldBlock]] = {fate: [] for fate in Fate}
    refused = list(listed.refused)
    for row, block in listed.taken:
        clashing = [known for known in on_the_books.get(block.numbering, ()) if _share_a_serial(known, block)]
        if not clashing:
            fate = Fate.NEW
        elif len(clashing) == 1 and await _is_held(clashing[0], block, account):
            fate = Fate.KNOWN
        else:
            refused.append((row, (_clash(row, listed, clashing[0]),)))
            continue
        blocks[fate].append(block)
    return ImportReport(
        new=tuple(blocks[Fate.NEW]),
        known=tuple(blocks[Fate.KNOWN]),
        refused=tuple(sorted(refused, key=lambda pair: pair[0].number)),
        columns=listed.columns,
        ignored=listed.ignored,
    )


async def _on_the_books(listed: HoldingList, account: RegistryAccount) -> Mapping[tuple[str, str], list[Block]]:
    prefixes = {block.serial_prefix for _, block in listed.taken}
    found: dict[tuple[str, str], list[Block]] = {}
    for block in await Block.filter(registry=account.registry, serial_prefix__in=list(prefixes)):
        found.setdefault((block.registry, block.serial_prefix), []).append(block)
    return found


def _share_a_serial(known: Block, block: HeldBlock) -> bool:
    return known.first_serial <= block.serials.last and block.serials.first <= known.last_serial


async def _is_held(known: Block, block: HeldBlock, account: RegistryAccount) -> bool:
    """The very same block, with the same facts, by the same account."""
    return (
        all(getattr(known, name) == value for name, value in _facts(block).items())
        and await Holding.filter(block_id=known.id, account_id=account.id).exists()
    )


def _clash(row: TableRow, listed: HoldingList, known: Block) -> RowProblem:
    return RowProblem(
        row.number,
        listed.columns["serial_first"],
        "serials_on_the_books",
        {
            "certification": known.certification_number,
            "first": known.serial_text(known.first_serial),
            "last": known.serial_text(known.last_serial),
        },
    )


def _facts(block: HeldBlock) -> Mapping[str, Any]:
    """The columns of the block's row that say what it is; two rows that differ in one of them are not the same block."""
    return {
        "registry": block.project.registry.value,
        "project_key": block.project.key,
        "methodology": block.methodology,
        "credit_kind": block.kind.value,
        "certification_number": block.certification_number,
        "scheme_symbol": block.scheme_symbol,
        "credit_symbol": block.credit_symbol,
        "serial_prefix": block.serial_prefix,
        "serial_width": block.serial_width,
        "first_serial": block.serials.first,
        "last_serial": block.serials.last,
        "vintages": vintages_json(block.vintages),
        "mwh": as_published(block.mwh),
        "gj": as_published(block.gj),
        "jcm_side": block.jcm.side.value if block.jcm else None,
        "jcm_authorised": block.jcm.authorised if block.jcm else None,
        "corresponding_adjustment": block.jcm.corresponding_adjustment.value if block.jcm else None,
    }


async def _put_on_the_books(new: Sequence[HeldBlock], account: RegistryAccount, clock: Clock) -> None:
    """Many rows to a statement: row by row a long list would hold the books up for half a minute."""
    now, invented = clock(), account.provider.invented
    blocks = [Block(id=new_id("blk", now), size=len(one.serials), invented=invented, **_facts(one)) for one in new]
    holdings = [Holding(id=new_id("hol", now), block_id=block.id, account_id=account.id) for block in blocks]
    intervals = [
        Interval(
            id=new_id("int", now),
            block_id=block.id,
            holding_id=holding.id,
            first_serial=block.first_serial,
            last_serial=block.last_serial,
            state=IntervalState.AVAILABLE,
        )
        for block, holding in zip(blocks, holdings, strict=True)
    ]
    await Block.bulk_create(blocks, batch_size=_BATCH)
    await Holding.bulk_create(holdings, batch_size=_BATCH)
    await Interval.bulk_create(intervals, batch_size=_BATCH)
