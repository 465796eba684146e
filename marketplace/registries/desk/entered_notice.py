"""A registry's notice as a person copied it: is it the answer to this application, and what does it confirm? Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from marketplace.inventory.serials import SerialRange, joined
from marketplace.registries.desk.application import Application, DeskItem
from marketplace.registries.gateway import Notice
from marketplace.registries.matching import (
    Difference,
    DifferenceCode,
    serial_differences,
    text_differences,
    without,
    written,
)

DOCUMENT_KINDS: Mapping[bytes, str] = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}


@dataclass(frozen=True, slots=True)
class EnteredNotice:
    """What a named person read off the notice, and the notice itself. `recorded_on` is Japan time and a tax date;
    `tonnes` is the quantity printed on it; `lines` are blocks with their serials as printed."""

    number: str
    recorded_on: date
    act: str
    use: str
    purpose_detail: str
    credit_user: str
    lines: tuple[tuple[str, SerialRange], ...]
    tonnes: int
    document: bytes


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the notice settles, by our reference. With any difference but missing serials nothing is confirmed."""

    differences: tuple[Difference, ...]
    confirmed: Mapping[str, Notice]
    remaining: Mapping[str, tuple[SerialRange, ...]]


def settle(application: Application, entered: EnteredNotice, *, executed_on: date, today: date) -> Settlement:
    """Compare the notice with the application serial by serial. `executed_on` and `today` are days in Japan."""
    differences = (*_facts(application, entered, executed_on, today), *_serials(application, entered))
    if any(difference.code is not DifferenceCode.SERIALS_MISSING for difference in differences):
        everything = {item.request.reference: (item.request.serials,) for item in application.items}
        return Settlement(differences, {}, everything)
    stated = _by_block(entered)
    confirmed, remaining = {}, {}
    for item in application.items:
        left = without([item.request.serials], stated.get(item.request.block, ()))
        done = without([item.request.serials], left)
        if done:
            confirmed[item.request.reference] = _notice(item, entered, done)
        if left:
            remaining[item.request.reference] = left
    return Settlement(differences, confirmed, remaining)


def media_type(document: bytes) -> str | None:
    """By the first bytes, not by the file's name; None for anything a notice cannot be."""
    return next((kind for magic, kind in DOCUMENT_KINDS.items() if document.startswith(magic)), None)


def _facts(application: Application, entered: EnteredNotice, executed_on: date, today: date) -> Iterator[Difference]:
    if not entered.number.strip():
        yield Difference(DifferenceCode.NUMBER_MISSING, "", entered.number)
    if entered.recorded_on < executed_on:
        yield Difference(DifferenceCode.RECORDED_BEFORE_ACT, executed_on.isoformat(), entered.recorded_on.isoformat())
    if entered.recorded_on > today:
        yield Difference(DifferenceCode.RECORDED_IN_FUTURE, today.isoformat(), entered.recorded_on.isoformat())
    if media_type(entered.document) is None:
        yield Difference(DifferenceCode.DOCUMENT, ", ".join(DOCUMENT_KINDS.values()), "")
    yield from text_differences(
        (DifferenceCode.ACT, application.act, entered.act),
        (DifferenceCode.PURPOSE, application.use, entered.use),
        (DifferenceCode.PURPOSE_DETAIL, application.purpose_detail, entered.purpose_detail),
        (DifferenceCode.CREDIT_USER, application.credit_user, entered.credit_user),
    )


def _serials(application: Application, entered: EnteredNotice) -> Iterator[Difference]:
    asked = {line.block: line.serials for line in application.lines}
    stated = _by_block(entered)
    for block in sorted(asked.keys() | stated.keys()):
        if block not in asked:
            yield Difference(DifferenceCode.BLOCK, ", ".join(sorted(asked)), f"{block}: {written(stated[block])}")
        else:
            yield from serial_differences(asked[block], stated.get(block, ()))
    counted = sum(len(span) for spans in stated.values() for span in spans)
    if counted != entered.tonnes:
        yield Difference(DifferenceCode.TONNES, str(counted), str(entered.tonnes))


def _by_block(entered: EnteredNotice) -> dict[str, tuple[SerialRange, ...]]:
    by_block: dict[str, list[SerialRange]] = defaultdict(list)
    for block, span in entered.lines:
        by_block[block].append(span)
    return {block: tuple(sorted(spans)) for block, spans in by_block.items()}


def _notice(item: DeskItem, entered: EnteredNotice, serials: tuple[SerialRange, ...]) -> Notice:
    """The item's own share of a notice that may cover many."""
    return Notice(
        number=entered.number.strip(),
        recorded_on=entered.recorded_on,
        block=item.request.block,
        serials=joined(serials),
        act=entered.act,
        purpose=entered.use,
        purpose_detail=entered.purpose_detail,
        credit_user=entered.credit_user,
        document=entered.document,
        document_media_type=media_type(entered.document) or "",
    )
