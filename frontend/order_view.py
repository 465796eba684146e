"""An order as its progress page shows it: one word, what happens next, and the time line of what really happened."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from frontend.formatting import moment, yen
from frontend.locales import Locale
from frontend.wording import words
from marketplace.orders.models import Order, OrderEvent
from marketplace.orders.states import OrderState
from marketplace.orders.timeline import Happened

TABLE = "orders"

# Word, shape and colour of each state. `paying` and `review` are not states of the order but of what we know about it.
KINDS = {
    "quoted": "waiting",
    "awaiting_payment": "waiting",
    "promised": "waiting",
    "paying": "waiting",
    "paid": "waiting",
    "at_the_desk": "waiting",
    "retiring": "waiting",
    "certified_in_part": "waiting",
    "review": "waiting",
    "fulfilled": "cancelled",
    "fulfilled_in_part": "cancelled",
    "expired": "plain",
    "withdrawn": "plain",
    "refused_payment": "refused",
    "payment_failed": "refused",
    "refund_due": "waiting",
    "refunded": "plain",
}
# While one of these lasts, the page changes by itself.
UNDER_WAY = frozenset(
    {
        "quoted",
        "awaiting_payment",
        "promised",
        "paying",
        "paid",
        "at_the_desk",
        "retiring",
        "certified_in_part",
        "refund_due",
    }
)
# What an undisturbed order still has before it, in order.
AHEAD = (Happened.PAID, Happened.CANCELLATION_REQUESTED, Happened.CANCELLATION_CONFIRMED, Happened.CERTIFIED)
# People have it in hand, and the registry has not been asked yet.
_WITH_PEOPLE = frozenset({Happened.AT_THE_DESK, Happened.APPLICATION_FROZEN})
_COMPLETE = frozenset({Happened.CERTIFIED, Happened.ENDED_IN_PART})
_TROUBLES = frozenset(
    {Happened.PAYMENT_FAILED, Happened.PAYMENT_REFUSED, Happened.EXPIRED, Happened.CANCELLATION_REFUSED}
)
_GIVEN_UP = frozenset({OrderState.EXPIRED, OrderState.PAYMENT_FAILED, OrderState.REFUND_DUE, OrderState.REFUNDED})


@dataclass(frozen=True, slots=True)
class StepView:
    kind: str
    label: str
    when: str
    note: str


@dataclass(frozen=True, slots=True)
class OrderView:
    """`state` is the key of the words; `version` changes whenever anything on the page would."""

    state: str
    kind: str
    word: str
    next: str
    reason: str
    steps: tuple[StepView, ...]
    under_way: bool
    version: str


def view_of(order: Order, events: Sequence[OrderEvent], *, back_from_payment: bool, locale: Locale) -> OrderView:
    """`back_from_payment`: the buyer has just returned from the payment page, whose news may not have come yet."""
    state = _state(order, events, back_from_payment=back_from_payment)
    until = moment(order.pay_until, locale=locale)
    reason = words(TABLE, f"refund_reason.{order.refund_reason}", locale) if order.refund_reason else ""
    return OrderView(
        state=state,
        kind=KINDS[state],
        word=words(TABLE, f"state.{state}", locale),
        next=words(TABLE, f"next.{state}", locale, {"until": until, **_so_far(events), **_less(events, locale)}),
        reason=reason,
        steps=tuple(_happened(events, state, locale) + _ahead(order, events, locale)),
        under_way=state in UNDER_WAY,
        version=f"{state}.{len(events)}",
    )


def _so_far(events: Sequence[OrderEvent]) -> dict[str, object]:
    """What is certified ahead of the rest of an order, and what there is in all, in tonnes; empty if nothing is."""
    parts = [json.loads(event.detail) for event in events if event.kind == Happened.PART_CERTIFIED]
    return {"done": sum(part["tonnes"] for part in parts), "asked": parts[0]["of_tonnes"]} if parts else {}


def _less(events: Sequence[OrderEvent], locale: Locale) -> dict[str, object]:
    """What could not be cancelled of an order, in tonnes, and what goes back for it; empty for a whole one."""
    certified: dict[str, int] = next((json.loads(event.detail) for event in events if event.kind in _COMPLETE), {})
    if "short_tonnes" not in certified:
        return {}
    return {"tonnes": certified["short_tonnes"], "yen": yen(certified["refund_yen"], locale=locale)}


def _state(order: Order, events: Sequence[OrderEvent], *, back_from_payment: bool) -> str:
    """The order's state, or what we know beyond it."""
    kinds = {event.kind for event in events}
    match order.state:
        case OrderState.AWAITING_PAYMENT if Happened.PAYMENT_PROMISED in kinds:
            known = "promised"
        case OrderState.AWAITING_PAYMENT if back_from_payment:
            known = "paying"
        case OrderState.EXPIRED if Happened.CANCELLED_BY_BUYER in kinds:
            known = "withdrawn"
        case OrderState.EXPIRED if Happened.PAYMENT_REFUSED in kinds:
            known = "refused_payment"
        case OrderState.FULFILLED if _less(events, Locale.EN):
            known = "fulfilled_in_part"
        case OrderState.RETIRING if events and events[-1].kind == Happened.UNDER_REVIEW:
            known = "review"
        case OrderState.RETIRING if Happened.PART_CERTIFIED in kinds:
            known = "certified_in_part"
        case OrderState.RETIRING if events and events[-1].kind in _WITH_PEOPLE:
            known = "at_the_desk"
        case state:
            known = state
    return known


def _happened(events: Sequence[OrderEvent], state: str, locale: Locale) -> list[StepView]:
    """What happened several times within a minute, as with credits of several blocks, is one step that says how often."""
    steps: list[StepView] = []
    alike = groupby(events, key=lambda event: (event.kind, moment(event.at, locale=locale)))
    for (kind, when), group in alike:
        times = len(list(group))
        steps.append(
            StepView(
                kind="failed" if kind in _TROUBLES else "done",
                label=words(TABLE, f"happened.{kind}", locale),
                when=when,
                note=words(TABLE, "times", locale, {"n": times}) if times > 1 else "",
            )
        )
    if steps and steps[-1].kind == "done" and state in UNDER_WAY:
        steps[-1] = replace(steps[-1], kind="now")
    return steps


def _ahead(order: Order, events: Sequence[OrderEvent], locale: Locale) -> list[StepView]:
    if order.state == OrderState.REFUND_DUE:
        wanted: tuple[Happened, ...] = (Happened.REFUNDED,)
    elif order.state in _GIVEN_UP or order.state == OrderState.FULFILLED:
        wanted = ()
    else:
        past = {event.kind for event in events}
        wanted = tuple(kind for kind in AHEAD if kind not in past)
    return [StepView("ahead", words(TABLE, f"ahead.{kind.value}", locale), "", "") for kind in wanted]
