"""A notice to practise with, in the sandbox registry's hand and marked as such: there is no registry behind the desk there."""

import asyncio

from marketplace.accounts.actor import Actor
from marketplace.clock import japan_date
from marketplace.desk.authority import worked_on_by
from marketplace.desk.errors import ApplicationNotFound
from marketplace.desk.papers import block_facts
from marketplace.inventory.models import Block
from marketplace.market import Market
from marketplace.registries.drawing import draw
from marketplace.registries.sandbox.notice import TEMPLATE


async def notice(market: Market, actor: Actor, application_id: str) -> bytes:
    """As a PDF, dated today in Japan. Raises ApplicationNotFound, also where a single unit is a real one."""
    record = await worked_on_by(actor, application_id)
    application = record.as_frozen()
    facts = await block_facts(application)
    real = Block.filter(registry=record.registry, certification_number__in=list(facts), invented=False)
    if await real.exists():
        raise ApplicationNotFound(f"{application_id} is about real units")
    profile, now = market.desk.profiles[record.registry], market.clock()
    shown = {
        "number": f"SBX-DESK-{record.id[-10:]}",
        "recorded_on": japan_date(now).isoformat(),
        "title": "\n".join(facts),
        "serial_text": [
            f"{facts[line.block].serial_text(span.first)} – {facts[line.block].serial_text(span.last)}"
            for line in application.lines
            for span in line.serials
        ],
        "tonnes": record.tonnes,
        "act": profile.act(record.act).name.ja,
        "purpose": profile.use(record.use_code).name.ja,
        "purpose_detail": record.purpose_detail,
        "credit_user": record.credit_user,
    }
    return await asyncio.to_thread(draw, TEMPLATE, shown, dated=now)
