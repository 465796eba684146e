"""What a buyer is told by mail, when, and what is never said too early."""

from datetime import timedelta

import pytest

from certificates.models import Certificate
from frontend.emails import wording_for
from marketplace.mail.models import Mail, MailState
from marketplace.orders import mails
from marketplace.orders import service as orders
from marketplace.orders.models import OrderEvent
from marketplace.orders.timeline import LINGERS, MAILS
from tests.builders.market import OPERATOR_MAIL, a_listing, a_quote, a_wish

READER = "buyer@example.jp"


async def ordered(small, *, locale="en", stock=100, email=READER):
    quote = await a_quote(small, await a_listing(small, tonnes=stock), tonnes=3)
    order = await orders.place(small.market, a_wish(quote, email=email, locale=locale))
    return await orders.open_checkout(small.market, order.id)


async def paid(small, **wish):
    order = await ordered(small, **wish)
    await small.deliver(small.payments.pay(order.checkout_session))
    return order


async def written(to=READER) -> set[str]:
    messages = [mail.message for mail in await Mail.filter(recipient=to)]
    assert len(messages) == len(set(messages)), "a mail was written twice"
    return set(messages)


async def text_of(message: str) -> str:
    mail = await Mail.get(message=message, state=MailState.KEPT)
    return f"{mail.subject}\n{mail.body}"


class TestEveryStepIsTold:
    async def test_from_the_order_to_the_certificate(self, small):
        order = await paid(small)
        await small.work()
        assert await written() == {"order_received", "order_paid", "certified"}
        received, certified = await text_of("order_received"), await text_of("certified")
        assert f"/en/orders/{order.access_token}" in received
        assert (await Certificate.get()).number in certified

    async def test_in_the_language_of_the_order(self, small):
        await paid(small, locale="ja")
        await small.work()
        assert "【サンドボックス】無効化が確認され、証明書ができました" in await text_of("certified")

    async def test_without_an_address_nothing_is_written(self, small):
        await paid(small, email=None)
        await small.work_for(LINGERS * 2)
        assert not await Mail.exists()

    async def test_an_address_that_is_none_stops_nothing(self, small):
        order = await paid(small, email="nobody@nowhere@example.jp")
        await small.work()
        assert (await orders.find(order.id)).certificate_number
        assert not await Mail.exists()

    async def test_a_job_that_runs_twice_writes_one_mail(self, small):
        await paid(small)
        await small.work()
        for event in await OrderEvent.filter(kind__in=list(MAILS)):
            await mails.follow(small.market, event.id)
        await small.work()
        assert len(await written()) == 3


class TestNoMailSaysCancelledBeforeTheRegistryDoes:
    async def test_while_the_registry_is_closed(self, small):
        small.registry.script = ["closed"] * 60
        await paid(small, locale="en")
        await small.work_for(LINGERS + timedelta(minutes=1))
        assert await written() == {"order_received", "order_paid", "registry_waiting"}
        # the week's intake closes on a Thursday, and its run takes the first two business days of the next week
        assert "by 1 December 2026" in await text_of("registry_waiting")
        for mail in await Mail.all():
            said = mail.body.replace("Nothing is cancelled yet", "").replace("Nothing counts as cancelled", "")
            assert "cancelled" not in said.lower(), mail.message

    async def test_a_wait_of_seconds_is_not_worth_a_mail(self, small):
        small.registry.script = ["closed", "lost_before"]
        await paid(small)
        await small.work_for(LINGERS * 2)
        assert await written() == {"order_received", "order_paid", "certified"}


class TestWhatGoesWrongIsToldToo:
    async def test_other_units_took_the_place_of_refused_ones(self, small):
        small.registry.script = ["rejected"]
        await paid(small)
        await small.work()
        assert await written() == {"order_received", "order_paid", "units_replaced", "certified"}
        assert "account_frozen" in await text_of("units_replaced")

    async def test_a_refund_says_why(self, small):
        small.registry.script = ["rejected"]
        await paid(small, stock=3)
        await small.work()
        assert await written() == {"order_received", "order_paid", "refund_due", "refunded"}
        assert "account_frozen" in await text_of("refund_due")

    async def test_a_person_is_asked_to_look(self, small):
        small.registry.script = ["refused"]
        order = await paid(small)
        await small.work()
        assert await written() == {"order_received", "order_paid", "under_review"}
        assert await written(OPERATOR_MAIL) == {"operator_review"}
        assert order.id in await text_of("operator_review")


@pytest.mark.parametrize("locale", ["ja", "en"])
class TestMessages:
    def test_each_that_follows_an_entry_is_worded(self, locale):
        word = wording_for(sandbox=True, site="https://ashiato.example")
        for follows in MAILS.values():
            for message in filter(None, (follows.message, follows.operators)):
                worded = word(message, locale, PARAMS)
                assert worded.subject
                assert worded.text.strip()


PARAMS = {
    "subject": "a\nb",
    "order_id": "ord_1",
    "token": "tok",
    "total_yen": 12_000,
    "pay_until": "2026-11-22T04:00:00+00:00",
    "refund_reason": "no_units_left",
    "expected": "2026-11-30",
    "detail": {
        "registry": "jcredit",
        "reason": "why",
        "method": "konbini",
        "pay_by": "2026-11-25T14:59:59+00:00",
        "because": "registry_refused",
        "number": "ASHI-1",
        "earlier": ["ASHI-0"],
        "tonnes": 2,
        "of_tonnes": 3,
        "amount_yen": 12_000,
        "asked": 3,
        "confirmed": 2,
        "remaining": 1,
        "notice_number": "N-1",
        "short_tonnes": 1,
        "refund_yen": 4_000,
    },
}
