"""Does the registry's notice say exactly what was asked? Serial by serial, act, use and texts. Pure.

Texts are compared after Unicode canonical composition only: the two ways to write ガ are the same text by definition,
anything else, a space or a full-width letter included, is a difference a person has to see.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from marketplace.inventory.serials import SerialRange, joined
from marketplace.registries.gateway import CancellationRequest, Notice


class DifferenceCode(StrEnum):
    """The last five can only occur where a person copies a notice (marketplace/registries/desk)."""

    BLOCK = "notice_block_differs"
    ACT = "notice_act_differs"
    PURPOSE = "notice_purpose_differs"
    PURPOSE_DETAIL = "notice_purpose_detail_differs"
    CREDIT_USER = "notice_credit_user_differs"
    SERIALS_MISSING = "notice_serials_missing"
    SERIALS_NOT_ASKED = "notice_serials_not_asked"
    SERIALS_TWICE = "notice_serials_twice"
    NUMBER_MISSING = "notice_number_missing"
    TONNES = "notice_tonnes_differ"
    RECORDED_BEFORE_ACT = "notice_recorded_before_act"
    RECORDED_IN_FUTURE = "notice_recorded_in_future"
    DOCUMENT = "notice_document_not_readable"


@dataclass(frozen=True, slots=True)
class Difference:
    """`asked` and `stated` are the request's and the notice's values; for serials, written as 1-5, 8."""

    code: DifferenceCode
    asked: str
    stated: str


@dataclass(frozen=True, slots=True)
class PartialConfirmation:
    """The registry cancelled only some of the serials, in the right words: these are confirmed, those remain."""

    confirmed: tuple[SerialRange, ...]
    remaining: tuple[SerialRange, ...]


def match_notice(request: CancellationRequest, notice: Notice) -> tuple[Difference, ...]:
    """Every difference between what was asked and what was recorded; empty if the notice is exactly right."""
    texts = text_differences(
        (DifferenceCode.BLOCK, request.block, notice.block),
        (DifferenceCode.ACT, request.act, notice.act),
        (DifferenceCode.PURPOSE, request.purpose, notice.purpose),
        (DifferenceCode.PURPOSE_DETAIL, request.purpose_detail, notice.purpose_detail),
        (DifferenceCode.CREDIT_USER, request.credit_user, notice.credit_user),
    )
    return (*texts, *serial_differences([request.serials], notice.serials))


def partial_confirmation(request: CancellationRequest, notice: Notice) -> PartialConfirmation | None:
    """The split of the serials if missing serials are the only difference, and some serials are there; else None."""
    differences = match_notice(request, notice)
    if [difference.code for difference in differences] != [DifferenceCode.SERIALS_MISSING] or not notice.serials:
        return None
    confirmed = joined(notice.serials)
    return PartialConfirmation(confirmed, without([request.serials], confirmed))


def text_differences(*texts: tuple[DifferenceCode, str, str]) -> tuple[Difference, ...]:
    return tuple(
        Difference(code, asked, stated) for code, asked, stated in texts if _composed(asked) != _composed(stated)
    )


def serial_differences(asked: Sequence[SerialRange], stated: Sequence[SerialRange]) -> Iterator[Difference]:
    """Differences between two lists of ranges of one block; `asked` names no serial twice."""
    texts = written(asked), written(stated)
    if without(asked, stated):
        yield Difference(DifferenceCode.SERIALS_MISSING, *texts)
    if without(stated, asked):
        yield Difference(DifferenceCode.SERIALS_NOT_ASKED, *texts)
    if sum(map(len, joined(stated))) != sum(map(len, stated)):
        yield Difference(DifferenceCode.SERIALS_TWICE, *texts)


def without(ranges: Iterable[SerialRange], taken: Iterable[SerialRange]) -> tuple[SerialRange, ...]:
    """The serials of `ranges` that are not in `taken`, joined."""
    left: list[SerialRange] = []
    cuts = joined(taken)
    for span in joined(ranges):
        start = span.first
        for cut in cuts:
            if cut.last < start or cut.first > span.last:
                continue
            if cut.first > start:
                left.append(SerialRange(start, cut.first - 1))
            start = cut.last + 1
        if start <= span.last:
            left.append(SerialRange(start, span.last))
    return tuple(left)


def written(ranges: Iterable[SerialRange]) -> str:
    """Serials as people write them: 1-5, 8."""
    return ", ".join(str(span.first) if len(span) == 1 else f"{span.first}-{span.last}" for span in ranges)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
