"""Nobody has to remember a deadline: a mail before an application is due, and an alarm when it was and still is not done."""

from datetime import datetime

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.models import Membership, Organisation, Person
from marketplace.database.transactions import run_tx
from marketplace.mail.post import JSON
from marketplace.mail.service import send_later, tell_operators
from marketplace.market import Market
from marketplace.registries.desk.models import ApplicationRecord
from marketplace.registries.desk.states import OPEN

log = structlog.get_logger()

PER_SWEEP = 50


async def send_due(market: Market) -> None:
    """Sweep: each application is reminded of once and raises one alarm."""
    now = market.clock()
    open_ones = ApplicationRecord.filter(state__in=list(OPEN))
    soon = open_ones.filter(reminded_at__isnull=True, due_at__lte=now + market.desk.remind_before)
    for application in await soon.order_by("due_at").limit(PER_SWEEP):
        await _once(market, application, "reminded_at", "desk_reminder", now)
    late = open_ones.filter(alarmed_at__isnull=True, due_at__lte=now - market.desk.alarm_after)
    for application in await late.order_by("due_at").limit(PER_SWEEP):
        log.warning("desk_overdue", application=application.id, due_at=application.due_at.isoformat())
        await _once(market, application, "alarmed_at", "desk_alarm", now)


async def _once(market: Market, application: ApplicationRecord, column: str, message: str, now: datetime) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        still = ApplicationRecord.filter(id=application.id, state__in=list(OPEN), **{f"{column}__isnull": True})
        if await still.update(**{column: now}) != 1:
            return
        params: dict[str, JSON] = {
            "application": application.id,
            "registry": application.registry,
            "account": application.account,
            "tonnes": application.tonnes,
            "due_at": application.due_at.isoformat(),
            "address": f"/desk/applications/{application.id}",
        }
        key = f"{message}:{application.id}"
        await tell_operators(market, tx, message, params, key=key)
        for person in await _people_of(application):
            if person.email is not None:
                await send_later(tx, message, person.email, person.locale, params, key=f"{key}:{person.id}", at=now)

    await run_tx(work)


async def _people_of(application: ApplicationRecord) -> list[Person]:
    """Whoever holds it; if nobody does, the provider's people."""
    if application.holder is not None:
        return await Person.filter(id=application.holder)
    organisation = await Organisation.get_or_none(provider_id=application.provider_id)
    if organisation is None:
        return []
    members = await Membership.filter(organisation_id=organisation.id).values_list("person_id", flat=True)
    return await Person.filter(id__in=list(members))
