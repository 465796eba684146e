"""A notice is entered and compared with its application; only one that says exactly what was asked confirms anything."""

import json
from datetime import date, timedelta

from pydantic import JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from marketplace.accounts.actor import Actor
from marketplace.audit import second_person
from marketplace.audit import service as audit
from marketplace.audit.models import Proposal
from marketplace.audit.second_person import ProposalState
from marketplace.clock import japan_date
from marketplace.database.transactions import run_tx
from marketplace.desk.authority import worked_on_by
from marketplace.desk.decisions import settle_items
from marketplace.desk.documents import kept
from marketplace.desk.errors import NoticeAlreadyUsed, NoticeDiffers
from marketplace.desk.moves import held_by, move
from marketplace.errors import MoveNotAllowed
from marketplace.inventory.serials import SerialRange
from marketplace.market import Market
from marketplace.registries.desk.application import Application
from marketplace.registries.desk.comparison import compare
from marketplace.registries.desk.entered_notice import EnteredNotice, Settlement, settle
from marketplace.registries.desk.models import ApplicationRecord
from marketplace.registries.desk.states import DeskState, check_unchanged
from marketplace.registries.matching import DifferenceCode

SECOND_LOOK = "desk.second_look"
# a colleague may be away over the turn of the year
SECOND_LOOK_WITHIN = timedelta(days=30)
_WITH_NOTICE = (DeskState.NOTICED, DeskState.CONFIRMED, DeskState.PARTLY_CONFIRMED)


async def enter(
    market: Market,
    actor: Actor,
    application_id: str,
    entered: EnteredNotice,
    document_sha256: str,
    *,
    seen: str,
    part_because: str | None = None,
) -> DeskState:
    """Compare what a person read off the notice; if it agrees, confirm, or with four eyes wait for the second person.

    The same notice again changes nothing. `part_because`: the notice itself names fewer serials, and this is known about
    it; without it nothing partial is confirmed, so that a slip of the pen never splits an order.

    Raises ApplicationNotFound, HeldBySomebodyElse, ApplicationChanged, NoticeDiffers, NoticeAlreadyUsed, MoveNotAllowed.
    """
    record = await worked_on_by(actor, application_id)
    if _is_the_same(record, entered, document_sha256):
        return DeskState(record.state)

    async def work(tx: BaseDBAsyncClient) -> DeskState:
        application = held_by(actor, await worked_on_by(actor, application_id))
        settlement = _settlement(market, application, entered, seen=seen, partial=part_because is not None)
        now = market.clock()
        notice = {
            "notice_number": entered.number.strip(),
            "recorded_on": entered.recorded_on,
            "notice": _kept_as(entered),
            "document_sha256": document_sha256,
            "entered_by": actor.person_id,
            "entered_at": now,
        }
        detail: dict[str, JsonValue] = {
            "notice_number": entered.number.strip(),
            "recorded_on": entered.recorded_on.isoformat(),
            "document_sha256": document_sha256,
            "tonnes": entered.tonnes,
        }
        if market.desk.four_eyes:
            await move(application, DeskState.EXECUTED, DeskState.NOTICED, **notice)
            await second_person.propose(
                tx,
                actor,
                SECOND_LOOK,
                application.id,
                part_because or _because(entered),
                detail,
                at=now,
                lasts=SECOND_LOOK_WITHIN,
            )
            return DeskState.NOTICED
        done = await settle_items(tx, application, settlement, actor, now=now, **notice)
        await audit.record(tx, actor, "desk.confirm", application.id, part_because or _because(entered), detail, at=now)
        return done

    try:
        return await run_tx(work)
    except IntegrityError as taken:
        number = entered.number.strip()
        if not await ApplicationRecord.exists(registry=record.registry, notice_number=number, state__in=_WITH_NOTICE):
            raise
        raise NoticeAlreadyUsed("this notice settled another application", number=number) from taken


async def confirm(market: Market, actor: Actor, application_id: str, *, seen: str) -> DeskState:
    """The second person has looked at the notice, too. Raises ApplicationNotFound, SecondPersonNeeded, ProposalNotOpen,
    ApplicationChanged, NoticeDiffers, MoveNotAllowed."""

    async def work(tx: BaseDBAsyncClient) -> DeskState:
        application = await worked_on_by(actor, application_id)
        proposal = await _second_look(application)
        if application.state != DeskState.NOTICED or proposal is None:
            raise MoveNotAllowed(f"{application.id} awaits no second person", old=application.state, new="confirmed")
        entered = await as_entered(application)
        # whether a part may be confirmed was decided, with a reason, when the notice was entered
        settlement = _settlement(market, application, entered, seen=seen, partial=True)
        now = market.clock()
        await second_person.approve(tx, actor, proposal.id, act=SECOND_LOOK, at=now)
        done = await settle_items(tx, application, settlement, actor, now=now)
        detail: dict[str, JsonValue] = {"notice_number": entered.number, "entered_by": application.entered_by}
        await audit.record(tx, actor, "desk.confirm", application.id, _because(entered), detail, at=now)
        return done

    return await run_tx(work)


async def decline(market: Market, actor: Actor, application_id: str, reason: str) -> None:
    """What was entered is not right: whoever holds the application enters it anew. Raises ApplicationNotFound,
    ReasonMissing, MoveNotAllowed."""
    because = audit.stated(reason)

    async def work(tx: BaseDBAsyncClient) -> None:
        application = await worked_on_by(actor, application_id)
        now, proposal = market.clock(), await _second_look(application)
        forgotten = dict.fromkeys(
            ("notice_number", "recorded_on", "notice", "document_sha256", "entered_by", "entered_at")
        )
        await move(application, DeskState.NOTICED, DeskState.EXECUTED, **forgotten)
        if proposal is not None and proposal.expires_at > now:
            await second_person.refuse(tx, actor, proposal.id, because, act=SECOND_LOOK, at=now)
        detail: dict[str, JsonValue] = {
            "notice_number": application.notice_number,
            "entered_by": application.entered_by,
        }
        await audit.record(tx, actor, "desk.decline", application.id, because, detail, at=now)

    await run_tx(work)


async def _second_look(application: ApplicationRecord) -> Proposal | None:
    return await Proposal.get_or_none(act=SECOND_LOOK, subject=application.id, state=ProposalState.OPEN)


async def as_entered(application: ApplicationRecord) -> EnteredNotice:
    """The notice that was entered, with its document."""
    stated = json.loads(application.notice or "{}")
    document = await kept(application.id, application.document_sha256 or "")
    return EnteredNotice(
        number=application.notice_number or "",
        recorded_on=application.recorded_on or date.min,
        act=stated["act"],
        use=stated["use"],
        purpose_detail=stated["purpose_detail"],
        credit_user=stated["credit_user"],
        lines=tuple((block, SerialRange(first, last)) for block, first, last in stated["lines"]),
        tonnes=stated["tonnes"],
        document=document.content,
    )


def _settlement(
    market: Market, record: ApplicationRecord, entered: EnteredNotice, *, seen: str, partial: bool
) -> Settlement:
    application = record.as_frozen()
    check_unchanged(seen=seen, fingerprint=application.fingerprint())
    if record.executed_on is None:
        raise MoveNotAllowed(f"{record.id} was not done yet", old=record.state, new=DeskState.CONFIRMED)
    today = japan_date(market.clock())
    settlement = settle(application, entered, executed_on=record.executed_on, today=today)
    if settlement.differences and not (partial and settlement.confirmed):
        raise differing(application, entered, settlement)
    return settlement


def differing(application: Application, entered: EnteredNotice, settlement: Settlement) -> NoticeDiffers:
    only_missing = all(one.code is DifferenceCode.SERIALS_MISSING for one in settlement.differences)
    return NoticeDiffers(
        settlement.differences,
        compare(application, entered),
        partial=only_missing and bool(settlement.confirmed),
    )


def _kept_as(entered: EnteredNotice) -> str:
    stated = {
        "act": entered.act,
        "use": entered.use,
        "purpose_detail": entered.purpose_detail,
        "credit_user": entered.credit_user,
        "lines": [[block, span.first, span.last] for block, span in entered.lines],
        "tonnes": entered.tonnes,
    }
    return json.dumps(stated, ensure_ascii=False, sort_keys=True)


def _is_the_same(record: ApplicationRecord, entered: EnteredNotice, document_sha256: str) -> bool:
    """A form that was sent twice."""
    said = (record.notice_number, record.recorded_on, record.document_sha256, record.notice)
    now = (entered.number.strip(), entered.recorded_on, document_sha256, _kept_as(entered))
    return record.state in _WITH_NOTICE and said == now


def _because(entered: EnteredNotice) -> str:
    return f"{entered.number.strip()}, {entered.recorded_on.isoformat()}"
