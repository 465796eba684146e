"""An application on paper: the workbook for the registry's pre-check, and the sheet to read from at the keyboard."""

import asyncio
from collections.abc import Mapping, Sequence

from marketplace.accounts.actor import Actor
from marketplace.desk import queue
from marketplace.desk.authority import seen_by
from marketplace.desk.errors import ApplicationNotFound
from marketplace.inventory.models import Block
from marketplace.market import Market
from marketplace.projects.catalogue import load_catalogue
from marketplace.projects.kinds import CreditKind
from marketplace.registries.desk.application import Application
from marketplace.registries.desk.models import ApplicationRecord
from marketplace.registries.desk.serial_text import BlockNumbers
from marketplace.registries.desk.sheets import BlockFacts, kind_name, pre_check_workbook, printed_sheet


async def block_facts(application: Application) -> Mapping[str, BlockFacts]:
    """How people name the application's blocks, and how their serials are printed."""
    numbers = [line.block for line in application.lines]
    blocks = await Block.filter(registry=application.registry, certification_number__in=numbers)
    return {
        block.certification_number: BlockFacts(
            project=load_catalogue()[block.project_key].name_ja,
            credit_kind=kind_name(CreditKind(block.credit_kind)),
            certification_number=block.certification_number,
            serial_prefix=block.serial_prefix,
            serial_width=block.serial_width,
        )
        for block in blocks
    }


async def numbers_around(application: Application) -> Sequence[BlockNumbers]:
    """The application's blocks and those numbered alike, so that a serial of a neighbour is recognised as one."""
    named = [line.block for line in application.lines]
    own = await Block.filter(registry=application.registry, certification_number__in=named)
    prefixes = {block.serial_prefix for block in own}
    alike = await Block.filter(registry=application.registry, serial_prefix__in=prefixes).order_by("first_serial")
    return [BlockNumbers(block.certification_number, block.serial_prefix, block.serials) for block in alike]


async def workbook(market: Market, actor: Actor, application_id: str) -> bytes:
    """The pre-check of one application. Raises ApplicationNotFound."""
    return await _pre_check(market, [await seen_by(actor, application_id)])


async def workbook_of_account(market: Market, actor: Actor, registry: str, account: str) -> bytes:
    """The pre-check of everything of one account that is still to be done. Raises ApplicationNotFound if nothing is."""
    records = await queue.to_be_done(actor, registry, account)
    if not records:
        raise ApplicationNotFound(f"nothing is to be done for {account}")
    return await _pre_check(market, records)


async def _pre_check(market: Market, records: Sequence[ApplicationRecord]) -> bytes:
    applications = [record.as_frozen() for record in records]
    blocks: dict[str, BlockFacts] = {}
    for application in applications:
        blocks |= await block_facts(application)
    profile = market.desk.profiles[records[0].registry]
    return await asyncio.to_thread(pre_check_workbook, applications, profile, blocks, made_at=market.clock())


async def sheet(market: Market, actor: Actor, application_id: str, *, sandbox: bool) -> bytes:
    """The printable sheet as a PDF. Raises ApplicationNotFound."""
    record = await seen_by(actor, application_id)
    application = record.as_frozen()
    blocks = await block_facts(application)
    profile = market.desk.profiles[record.registry]
    return await asyncio.to_thread(printed_sheet, application, profile, blocks, sandbox=sandbox)
