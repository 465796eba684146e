"""One application: what is typed into the registry's form, what a person may do next, and its notice."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.desk_form import LONGEST_SERIALS, TEXTS, NoticeForm, NoticeUnreadable, day_of
from frontend.desk_view import KINDS, DeskWords, age, history
from frontend.forms import Typed, read_typed, uploaded
from frontend.market_words import MarketWords
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.audit.models import AuditEntry
from marketplace.audit.second_person import ProposalNotOpen, SecondPersonNeeded
from marketplace.audit.service import ReasonMissing
from marketplace.clock import japan_date
from marketplace.desk import documents, handling, notices, papers, queue
from marketplace.desk.authority import READERS, WORKERS, may_work_on, seen_by
from marketplace.desk.errors import (
    ActInFuture,
    ApplicationNotFound,
    DocumentRefused,
    FieldsTooLong,
    HeldBySomebodyElse,
    NoticeAlreadyUsed,
    NoticeDiffers,
)
from marketplace.errors import MoveNotAllowed
from marketplace.registries.desk.models import ApplicationRecord, NoticeDocument
from marketplace.registries.desk.states import OPEN, ApplicationChanged, DeskState

CHANGED_MEANWHILE = (MoveNotAllowed, HeldBySomebodyElse, ApplicationChanged, SecondPersonNeeded, ProposalNotOpen)


@dataclass
class Refused:
    """Why an action was refused: sentences by field name ("" for the whole), and the notice's differences if it was one."""

    errors: Mapping[str, str]
    status: int = 422
    differs: NoticeDiffers | None = None
    typed: Typed = field(default_factory=dict)


@only(*READERS)
async def page(request: Request) -> Response:
    return await _page(request, await _seen(request))


@only(*WORKERS)
async def act(request: Request) -> Response:
    """Do what the button says, and come back to the page."""
    record = await _seen(request)
    typed = await _typed(request)
    action = _ACTIONS.get(typed.get("action", ""))
    if action is None or not may_work_on(actor_of(request), record.provider_id):
        raise HTTPException(404)
    refused = await _attempt(request, record, typed, action)
    if refused is not None:
        return await _page(request, await _seen(request), refused)
    return RedirectResponse(request.url.path, status_code=303)


async def _attempt(request: Request, record: ApplicationRecord, typed: Typed, action: "Action") -> Refused | None:
    locale = PageContext.of(request).locale
    try:
        return await action(request, record, typed)
    except ReasonMissing as missing:
        name = f"reason/{typed.get('action', '')}"
        return Refused({name: sentence(missing.code, {}, locale)}, typed=typed)
    except CHANGED_MEANWHILE as changed:
        return Refused({"": sentence(f"desk_{changed.code}", {}, locale)}, status=409, typed=typed)


async def _take(request: Request, record: ApplicationRecord, _: Typed) -> None:
    await handling.take(services_of(request).market, actor_of(request), record.id)


async def _put_back(request: Request, record: ApplicationRecord, _: Typed) -> None:
    await handling.put_back(services_of(request).market, actor_of(request), record.id)


async def _take_over(request: Request, record: ApplicationRecord, typed: Typed) -> None:
    await handling.take_over(
        services_of(request).market, actor_of(request), record.id, typed.get("reason/take_over", "")
    )


async def _undo_act(request: Request, record: ApplicationRecord, typed: Typed) -> None:
    await handling.undo_act(services_of(request).market, actor_of(request), record.id, typed.get("reason/undo_act", ""))


async def _withdraw(request: Request, record: ApplicationRecord, typed: Typed) -> None:
    await handling.withdraw(services_of(request).market, actor_of(request), record.id, typed.get("reason/withdraw", ""))


async def _refuse(request: Request, record: ApplicationRecord, typed: Typed) -> None:
    await handling.refuse(services_of(request).market, actor_of(request), record.id, typed.get("reason/refuse", ""))


async def _decline(request: Request, record: ApplicationRecord, typed: Typed) -> None:
    await notices.decline(services_of(request).market, actor_of(request), record.id, typed.get("reason/decline", ""))


async def _record_act(request: Request, record: ApplicationRecord, typed: Typed) -> Refused | None:
    locale = PageContext.of(request).locale
    errors: dict[str, str] = {}
    done_on = day_of(typed.get("executed_on", "").strip(), "executed_on", errors, locale)
    if typed.get("read_aloud") != "yes":
        errors["read_aloud"] = sentence("read_aloud_missing", {}, locale)
    if errors or done_on is None:
        return Refused(errors, typed=typed)
    market, seen = services_of(request).market, typed.get("seen", "")
    try:
        await handling.record_act(market, actor_of(request), record.id, executed_on=done_on, seen=seen)
    except ActInFuture as refused:
        return Refused({"executed_on": MarketWords(locale).refusal(refused)}, typed=typed)
    except FieldsTooLong as refused:
        return Refused({"": MarketWords(locale).refusal(refused)}, typed=typed)
    return None


async def _enter_notice(request: Request, record: ApplicationRecord, typed: Typed) -> Refused | None:
    """The upload is kept first, so that it need not be chosen again after a refusal."""
    market, actor, locale = services_of(request).market, actor_of(request), PageContext.of(request).locale
    errors: dict[str, str] = {}
    document = b""
    try:
        kept = await _document(request, record, typed)
        typed["document_sha256"] = kept.sha256
        document = kept.content
    except DocumentRefused as refused:
        errors["document"] = sentence(f"document_{refused.params['reason']}", refused.params, locale)
    application = record.as_frozen()
    profile = market.desk.profiles[record.registry]
    form = NoticeForm(typed, application, profile, await papers.numbers_around(application), locale)
    try:
        entered = form.read(document)
    except NoticeUnreadable as refused:
        errors |= refused.errors
    because = typed.get("part_because", "").strip() if typed.get("part") == "yes" else None
    if because == "":
        errors["part_because"] = sentence("reason_missing", {}, locale)
    if errors:
        return Refused(errors, typed=typed)
    try:
        await notices.enter(
            market, actor, record.id, entered, kept.sha256, seen=typed.get("seen", ""), part_because=because
        )
    except NoticeDiffers as differs:
        return Refused({"": sentence(differs.code, {}, locale)}, differs=differs, typed=typed)
    except NoticeAlreadyUsed as used:
        return Refused({"number": MarketWords(locale).refusal(used)}, typed=typed)
    return None


async def _document(request: Request, record: ApplicationRecord, typed: Typed) -> NoticeDocument:
    """A file that is sent now counts; else the one kept from the attempt before. Raises DocumentRefused."""
    file = await uploaded(request, "document")
    digest = typed.get("document_sha256", "")
    if file is not None:
        content = await file.read(documents.MOST_BYTES + 1)
        digest = await documents.keep(services_of(request).market, actor_of(request), record.id, content)
    return await documents.kept(record.id, digest)


async def _confirm(request: Request, record: ApplicationRecord, typed: Typed) -> Refused | None:
    locale = PageContext.of(request).locale
    if typed.get("compared") != "yes":
        return Refused({"compared": sentence("read_aloud_missing", {}, locale)}, typed=typed)
    await notices.confirm(services_of(request).market, actor_of(request), record.id, seen=typed.get("seen", ""))
    return None


Action = Callable[[Request, ApplicationRecord, Typed], Awaitable[Refused | None]]
_ACTIONS: Mapping[str, Action] = {
    "take": _take,
    "put_back": _put_back,
    "take_over": _take_over,
    "record_act": _record_act,
    "undo_act": _undo_act,
    "withdraw": _withdraw,
    "refuse": _refuse,
    "enter_notice": _enter_notice,
    "confirm": _confirm,
    "decline": _decline,
}


async def _page(request: Request, record: ApplicationRecord, refused: Refused | None = None) -> Response:
    market, actor, context = services_of(request).market, actor_of(request), PageContext.of(request)
    application = record.as_frozen()
    desk = DeskWords(
        application, market.desk.profiles[record.registry], await papers.block_facts(application), context.locale
    )
    entries = await AuditEntry.filter(subject=record.id).order_by("position")
    names = await queue.names_of([record.holder, record.entered_by, *(entry.actor for entry in entries)])
    now = market.clock()
    errors = dict(refused.errors) if refused else {}
    return page_response(
        request,
        "pages/desk/application.html",
        status=refused.status if refused else 200,
        record=record,
        kind=KINDS[DeskState(record.state)],
        open=record.state in OPEN,
        overdue=record.state in OPEN and record.due_at < now,
        registry=MarketWords(context.locale).registry(record.registry),
        desk=desk,
        fields=desk.fields(),
        texts=[one for one in desk.fields() if one.name in TEXTS],
        spans=desk.spans(),
        items=application.items,
        age=lambda since: age(now - since, context.locale),
        history=history(entries, names, context.locale),
        holder_name=names.get(record.holder or "", record.holder or ""),
        entered_name=names.get(record.entered_by or "", record.entered_by or ""),
        entered=await notices.as_entered(record) if record.notice is not None else None,
        mine=record.holder == actor.person_id,
        may_work=may_work_on(actor, record.provider_id),
        entered_by_me=record.entered_by == actor.person_id,
        today=japan_date(now),
        typed=refused.typed if refused else _nothing_typed(japan_date(now)),
        errors=errors,
        problems=[(name, message) for name, message in errors.items()],
        differences=desk.differences(refused.differs) if refused and refused.differs else [],
        compared=desk.compared(refused.differs) if refused and refused.differs else [],
        may_be_partial=bool(refused and refused.differs and refused.differs.partial),
        four_eyes=market.desk.four_eyes,
        serials_example=desk.example(),
        practice=context.is_sandbox,
    )


def _nothing_typed(today: date) -> Typed:
    return {"executed_on": today.isoformat()}


async def _typed(request: Request) -> Typed:
    """As of every form, but a long list of serials is not cut."""
    typed = await read_typed(request)
    serials = (await request.form()).get("serials")
    return typed | ({"serials": serials[:LONGEST_SERIALS]} if isinstance(serials, str) else {})


async def _seen(request: Request) -> ApplicationRecord:
    try:
        return await seen_by(actor_of(request), request.path_params["application_id"])
    except ApplicationNotFound as missing:
        raise HTTPException(404) from missing
