"""What we believe of a registry account against what the registry says of it, serial by serial. Pure.

A difference becomes a case with a code and an owner; nothing is ever mended silently. Cases are named by what they are about, so
a daily run finds yesterday's case again instead of opening a new one.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise

from marketplace.inventory.serials import SerialRange
from marketplace.registries.gateway import HoldingReport


class Believed(StrEnum):
    """Our own state of a range: on the account, on its way out, or cancelled with the notice in our hands."""

    HELD = "held"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class BelievedRange:
    """`reference`, `recorded_on` and `notice_number` only where a cancellation is under way or done."""

    account: str
    block: str
    serials: SerialRange
    state: Believed
    reference: str | None = None
    recorded_on: date | None = None
    notice_number: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedCancellation:
    """A cancellation as the registry, or a list it published, states it; None where it does not say."""

    account: str
    block: str
    serials: SerialRange
    reference: str | None = None
    recorded_on: date | None = None
    notice_number: str | None = None


class CaseCode(StrEnum):
    """Ordered by gravity, the gravest first."""

    CERTIFIED_BUT_STILL_HELD = "certified_but_still_held"
    CERTIFIED_BUT_NOT_RECORDED = "certified_but_not_recorded"
    CERTIFIED_ON_ANOTHER_ACT = "certified_on_another_act"
    OUR_REFERENCE_ON_OTHER_SERIALS = "our_reference_on_other_serials"
    CANCELLED_WITHOUT_US = "cancelled_without_us"
    ON_ANOTHER_ACCOUNT = "on_another_account"
    GONE_FROM_ACCOUNT = "gone_from_account"
    CONTRADICTION_AT_REGISTRY = "contradiction_at_registry"
    CONTRADICTION_HERE = "contradiction_here"
    DATE_DIFFERS = "recorded_date_differs"
    NOTICE_NUMBER_DIFFERS = "notice_number_differs"
    CANCELLED_BUT_NOT_CONFIRMED_HERE = "cancelled_but_not_confirmed_here"
    NOT_ON_OUR_BOOKS = "not_on_our_books"


@dataclass(frozen=True, slots=True)
class Said:
    """What one side says of a run of serials."""

    state: Believed
    account: str
    reference: str | None = None
    recorded_on: date | None = None
    notice_number: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One difference about one run of serials, for a person to look into: what we say and what the registry says."""

    code: CaseCode
    account: str
    block: str
    serials: SerialRange
    ours: tuple[Said, ...]
    theirs: tuple[Said, ...]

    @property
    def key(self) -> str:
        """The same difference has the same key every day."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()[:32]


_Fact = BelievedRange | HoldingReport | RecordedCancellation


def reconcile(
    believed: Iterable[BelievedRange],
    holdings: Iterable[HoldingReport],
    cancellations: Iterable[RecordedCancellation] | None,
    *,
    accounts: Iterable[str],
) -> tuple[Case, ...]:
    """Every difference, the gravest first.

    `accounts` are those whose holdings were read in full. `cancellations` is None if the registry shows none, or not all of
    them: then a cancelled serial is only checked for not being held any more.
    """
    by_block: dict[str, list[_Fact]] = defaultdict(list)
    facts: list[_Fact] = [*believed, *holdings, *(cancellations or ())]
    for fact in facts:
        by_block[fact.block].append(fact)
    references = frozenset(fact.reference for fact in facts if isinstance(fact, BelievedRange) and fact.reference)
    known = _Known(frozenset(accounts), references, listed=cancellations is not None)
    found = [
        case
        for block, about in by_block.items()
        for serials, here in _elementary(about)
        for case in _compare(block, serials, here, known)
    ]
    return tuple(sorted(_runs(found), key=lambda case: (_GRAVITY[case.code], case.account, case.block, case.serials)))


@dataclass(frozen=True, slots=True)
class _Known:
    """Which accounts were read, which references are ours, and whether the registry's cancellations are all listed."""

    accounts: frozenset[str]
    references: frozenset[str]
    listed: bool


_GRAVITY = {code: place for place, code in enumerate(CaseCode)}


def _elementary(facts: Sequence[_Fact]) -> Iterator[tuple[SerialRange, list[_Fact]]]:
    """The block cut at every border of every fact, each piece with the facts that cover it; a sweep, not a product."""
    opening: dict[int, list[_Fact]] = defaultdict(list)
    closing: dict[int, list[_Fact]] = defaultdict(list)
    for fact in facts:
        opening[fact.serials.first].append(fact)
        closing[fact.serials.last + 1].append(fact)
    covering: list[_Fact] = []
    borders = sorted(opening.keys() | closing.keys())
    for start, end in pairwise(borders):
        for fact in closing.get(start, ()):
            covering.remove(fact)
        covering += opening.get(start, ())
        if covering:
            yield SerialRange(start, end - 1), list(covering)


def _compare(block: str, serials: SerialRange, facts: Sequence[_Fact], known: _Known) -> Iterator[Case]:
    ours = [fact for fact in facts if isinstance(fact, BelievedRange)]
    held = [fact for fact in facts if isinstance(fact, HoldingReport)]
    cancelled = [fact for fact in facts if isinstance(fact, RecordedCancellation)]
    account = (ours or held or cancelled)[0].account
    we_say, they_say = _said(ours), _said([*held, *cancelled])
    for code in _codes(ours, held, cancelled, known):
        yield Case(code, account, block, serials, we_say, they_say)


def _codes(
    ours: Sequence[BelievedRange],
    held: Sequence[HoldingReport],
    cancelled: Sequence[RecordedCancellation],
    known: _Known,
) -> Iterator[CaseCode]:
    if len(ours) > 1:
        yield CaseCode.CONTRADICTION_HERE
    elif len(held) + len(cancelled) > 1:
        yield CaseCode.CONTRADICTION_AT_REGISTRY
        if held and any(one.state is Believed.CANCELLED for one in ours):
            yield CaseCode.CERTIFIED_BUT_STILL_HELD
    elif not ours:
        if held:
            yield CaseCode.NOT_ON_OUR_BOOKS
        elif cancelled[0].reference in known.references:
            yield CaseCode.OUR_REFERENCE_ON_OTHER_SERIALS
    elif ours[0].account in known.accounts:
        yield from _about_one(ours[0], next(iter(held), None), next(iter(cancelled), None), listed=known.listed)


def _about_one(
    ours: BelievedRange, held: HoldingReport | None, cancelled: RecordedCancellation | None, *, listed: bool
) -> Iterator[CaseCode]:
    """At most one statement on either side."""
    if held is not None and held.account != ours.account:
        yield CaseCode.ON_ANOTHER_ACCOUNT
    match ours.state:
        case Believed.HELD:
            if cancelled is not None:
                yield CaseCode.CANCELLED_WITHOUT_US
            elif held is None:
                yield CaseCode.GONE_FROM_ACCOUNT
        case Believed.CANCELLING:
            if cancelled is not None:
                yield _of_an_application_under_way(ours, cancelled)
            elif held is None and listed:
                yield CaseCode.GONE_FROM_ACCOUNT
        case Believed.CANCELLED:
            if held is not None:
                yield CaseCode.CERTIFIED_BUT_STILL_HELD
            elif cancelled is not None:
                yield from _of_the_same_act(ours, cancelled)
            elif listed:
                yield CaseCode.CERTIFIED_BUT_NOT_RECORDED


def _of_an_application_under_way(ours: BelievedRange, cancelled: RecordedCancellation) -> CaseCode:
    if _contradict(ours.reference, cancelled.reference):
        return CaseCode.CANCELLED_WITHOUT_US
    return CaseCode.CANCELLED_BUT_NOT_CONFIRMED_HERE


def _of_the_same_act(ours: BelievedRange, cancelled: RecordedCancellation) -> Iterator[CaseCode]:
    if ours.account != cancelled.account or _contradict(ours.reference, cancelled.reference):
        yield CaseCode.CERTIFIED_ON_ANOTHER_ACT
        return
    if _contradict(ours.recorded_on, cancelled.recorded_on):
        yield CaseCode.DATE_DIFFERS
    if _contradict(ours.notice_number, cancelled.notice_number):
        yield CaseCode.NOTICE_NUMBER_DIFFERS


def _contradict(ours: object | None, theirs: object | None) -> bool:
    return ours is not None and theirs is not None and ours != theirs


def _said(facts: Sequence[_Fact]) -> tuple[Said, ...]:
    return tuple(map(_said_once, facts))


def _said_once(fact: _Fact) -> Said:
    if isinstance(fact, HoldingReport):
        return Said(Believed.HELD, fact.account)
    state = fact.state if isinstance(fact, BelievedRange) else Believed.CANCELLED
    return Said(state, fact.account, fact.reference, fact.recorded_on, fact.notice_number)


def _runs(cases: Iterable[Case]) -> Iterator[Case]:
    """Neighbouring pieces of the same difference as one case."""
    last: dict[Hashable, Case] = {}
    for case in cases:
        kind = (case.code, case.account, case.block, case.ours, case.theirs)
        before = last.get(kind)
        if before is not None and before.serials.last + 1 == case.serials.first:
            last[kind] = replace(before, serials=SerialRange(before.serials.first, case.serials.last))
            continue
        if before is not None:
            yield before
        last[kind] = case
    yield from last.values()
