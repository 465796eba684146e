"""The outside world of the order benchmarks: a payment provider and a registry that remember nothing, so that the web process and the
worker, which share only the database, meet the same ones, and so that none of them gets slower with every order."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from marketplace.clock import japan_date, system_clock
from marketplace.payments.gateway import Checkout, CheckoutRequest, PaymentEvent, PaymentState
from marketplace.registries.gateway import CancellationReport, CancellationRequest, CancellationState, Notice
from tests.builders.market import SmallMarket, a_small_market
from tests.builders.pools import with_pools


class EverybodyPays:
    """A payment page says whose it is and what it costs, and is paid as soon as it is asked for."""

    async def open_checkout(self, request: CheckoutRequest) -> Checkout:
        yen = sum(line.amount for line in request.lines)
        return _page(f"cs_{request.order_id}.{yen}", PaymentState.OPEN)

    async def checkout(self, session_id: str) -> Checkout:
        return _page(session_id, PaymentState.PAID)

    async def events_since(self, _: datetime) -> Sequence[PaymentEvent]:
        return []

    def read_event(self, body: bytes, _: str) -> PaymentEvent:
        session_id = json.loads(body)["session"]
        return PaymentEvent(
            f"evt_{session_id}", "checkout.session.completed", system_clock(), object_id=session_id, body=body
        )


def paid(session_id: str) -> bytes:
    """The webhook about it."""
    return json.dumps({"session": session_id}).encode()


def _page(session_id: str, state: PaymentState) -> Checkout:
    order_id, yen = session_id.removeprefix("cs_").split(".")
    return Checkout(
        id=session_id,
        url=f"https://pay.example/{session_id}",
        order_id=order_id,
        state=state,
        amount=int(yen),
        currency="JPY",
        payment=f"pi_{order_id}" if state is PaymentState.PAID else None,
    )


class ConfirmsAtOnce:
    """Every cancellation is confirmed in the answer."""

    def by_hand(self, _: str) -> bool:
        return False

    async def look_up(self, _: str) -> None:
        return None

    async def submit(self, request: CancellationRequest) -> CancellationReport:
        notice = Notice(
            number=f"N-{request.reference}",
            recorded_on=japan_date(system_clock()),
            block=request.block,
            serials=(request.serials,),
            act=request.act,
            purpose=request.purpose,
            purpose_detail=request.purpose_detail,
            credit_user=request.credit_user,
            document=b"%PDF-1.7 notice",
            document_media_type="application/pdf",
        )
        return CancellationReport(request.reference, CancellationState.CONFIRMED, notice=notice)


def a_busy_market() -> SmallMarket:
    small = with_pools(a_small_market(), pools=4, low_g=200_000)
    registry = ConfirmsAtOnce()
    small.market = replace(
        small.market, clock=system_clock, payments=EverybodyPays(), registries={"jcredit": registry, "jcm_jp": registry}
    )
    small.clock = system_clock
    return small
