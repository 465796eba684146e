"""An endpoint gets every event it wants at least once, in order per order, and is tried again for three days."""

import asyncio
import json
import time
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import digest

import pytest

from marketplace.accounts import belongings
from marketplace.certification import changes
from marketplace.database.transactions import run_tx
from marketplace.mail.models import Mail
from marketplace.notifications import delivery, endpoints, feed, signing, telling
from marketplace.notifications.delivery import ATTEMPTS, PAUSES, TAKES_UP_TO, Courier
from marketplace.notifications.errors import EndpointExists, EndpointNotFound, EventNotFound, TooManyEndpoints
from marketplace.notifications.kinds import TOLD_AS, EventType
from marketplace.notifications.models import Attempt, Delivery, Endpoint, EndpointSecret, EventRecord, Untold
from marketplace.notifications.posting import Outcome
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.timeline import Happened
from tests.builders.market import a_listing, a_quote, a_small_market, a_wish
from tests.fakes.receiver import OK, answer
from tests.signed_in import an_actor

# what does not lie with the SQL dialect is seen on one database
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def an_order(small, owner):
    listing = await a_listing(small)
    placed = await orders.place(small.market, a_wish(await a_quote(small, listing), buyer=owner, external_id="A-1"))
    return await orders.open_checkout(small.market, placed.id)


async def fulfilled(small, owner):
    order = await an_order(small, owner)
    await small.deliver(small.payments.pay(order.checkout_session))
    await small.work()
    return await Order.get(id=order.id)


async def tell(owner, *subjects, small, type_=EventType.PLAN_CHANGED):
    async def work(_):
        for number, subject in enumerate(subjects):
            await telling.tell(owner.organisation_id, type_, subject, {"number": number}, at=small.clock())

    await run_tx(work)


async def work(small, *, passes=timedelta(0)):
    """A sweep after some time, and the jobs it finds."""
    small.clock.advance(passes + timedelta(seconds=1))
    await delivery.sweep(small.market)
    await small.work()
    await delivery.sweep(small.market)
    await small.work()


async def attempts():
    return [attempt.outcome for attempt in await Attempt.all().order_by("id")]


class TestTheFeed:
    async def test_tells_the_owner_every_step_of_an_order_in_order(self, small, owner):
        order = await fulfilled(small, owner)
        await telling.tell_waiting(small.market)
        events = await feed.events_after(owner.organisation_id, None, limit=100)
        assert [event.position for event in events] == list(range(1, len(events) + 1))
        types = [event.type for event in events]
        assert types[:3] == [EventType.ORDER_PLACED, EventType.ORDER_AWAITING_PAYMENT, EventType.ORDER_PAID]
        assert types[-2:] == [EventType.CERTIFICATE_ISSUED, EventType.ORDER_FULFILLED]
        assert EventType.RETIREMENT_CONFIRMED in types
        body = json.loads(events[-1].body)
        assert body["id"] == events[-1].id
        assert body["data"]["order"] == {
            "id": order.id,
            "external_id": "A-1",
            "total": order.total_yen,
            "currency": "JPY",
        }
        assert body["data"]["certificate"]["number"] == order.certificate_number
        assert not await Untold.exists()

    async def test_goes_on_behind_the_last_event_that_was_read(self, small, owner):
        await tell(owner, *"abc", small=small)
        await telling.tell_waiting(small.market)
        first, second, third = await feed.events_after(owner.organisation_id, None, limit=9)
        assert await feed.events_after(owner.organisation_id, first.id, limit=1) == [second]
        assert await feed.events_after(owner.organisation_id, third.id, limit=9) == []

    async def test_is_nobody_elses(self, small, owner):
        stranger = await an_actor(small, *owner.roles, email="stranger@ashiato.example")
        await tell(owner, "a", small=small)
        await telling.tell_waiting(small.market)
        (event,) = await feed.events_after(owner.organisation_id, None, limit=9)
        assert await feed.events_after(stranger.organisation_id, None, limit=9) == []
        with pytest.raises(EventNotFound):
            await feed.events_after(stranger.organisation_id, event.id, limit=9)

    async def test_tells_nobody_of_a_guests_order(self, small, owner):
        await fulfilled(small, None)
        assert not await Untold.exists()

    async def test_tells_of_a_correction_and_a_revocation_of_what_was_corrected(self, small, owner):
        order = await fulfilled(small, owner)
        correction = changes.Correction(reduction_effort="会場の照明を減らした")
        corrected = await changes.correct(small.market, order.certificate_number, correction, "wrong effort")
        await changes.revoke(small.market, corrected.record.number, "withdrawn")
        await telling.tell_waiting(small.market)
        *_, first, second = await feed.events_after(owner.organisation_id, None, limit=100)
        assert (first.type, second.type) == (EventType.CERTIFICATE_CORRECTED, EventType.CERTIFICATE_REVOKED)
        told = json.loads(first.body)["data"]["certificate"]
        assert (told["number"], told["replaced_by"]) == (order.certificate_number, corrected.record.number)
        assert json.loads(second.body)["data"]["certificate"]["number"] == corrected.record.number

    async def test_tells_nothing_twice_when_two_tell_at_once(self, small, owner):
        await tell(owner, *"abcdefgh", small=small)
        await asyncio.gather(*(telling.tell_waiting(small.market) for _ in range(4)))
        events = await feed.events_after(owner.organisation_id, None, limit=99)
        assert [json.loads(event.body)["data"]["number"] for event in events] == list(range(8))

    async def test_ends_after_thirty_days_with_its_deliveries(self, small, owner, receiver):
        await endpoints.register(small.market, owner, receiver.url)
        await tell(owner, "a", small=small)
        await work(small)
        await feed.forget_old(small.clock() + timedelta(days=29))
        assert await Attempt.all().count() == 1
        await feed.forget_old(small.clock() + timedelta(days=31))
        assert not await EventRecord.exists()
        assert not await Delivery.exists()
        assert not await Attempt.exists()

    def test_has_a_word_for_every_entry_of_a_time_line(self):
        assert set(TOLD_AS) == set(Happened)


class TestAMessage:
    async def test_is_signed_over_id_time_and_body_as_the_standard_says(self, small, owner, receiver):
        _, secret = await endpoints.register(small.market, owner, receiver.url)
        await tell(owner, "a", small=small)
        await work(small)
        (got,) = receiver.got
        (event,) = await EventRecord.all()
        assert got.body.decode() == event.body
        assert got.headers["webhook-id"] == event.id
        signed = f"{event.id}.{got.headers['webhook-timestamp']}.".encode() + got.body
        (mark,) = got.headers["webhook-signature"].split()
        assert mark.startswith("v1,")
        assert b64decode(mark.removeprefix("v1,")) == digest(b64decode(secret.removeprefix("whsec_")), signed, sha256)
        assert abs(int(got.headers["webhook-timestamp"]) - small.clock().timestamp()) <= 2

    def test_is_signed_as_in_the_example_of_the_standard(self):
        secret, at = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", datetime.fromtimestamp(1614265330, UTC)
        body = b'{"test": 2432232314}'
        signed = signing.signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
        assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    @on_sqlite
    async def test_carries_two_signatures_for_a_day_after_a_rotation(self, small, owner, receiver):
        endpoint, old = await endpoints.register(small.market, owner, receiver.url)
        new = await endpoints.rotate(small.market, owner, endpoint.id)
        for passes in (timedelta(0), timedelta(hours=25)):
            await tell(owner, "a", small=small)
            await work(small, passes=passes)
        both, one = (got.headers["webhook-signature"].split() for got in receiver.got)
        at = datetime.fromtimestamp(int(receiver.got[0].headers["webhook-timestamp"]), UTC)
        first = receiver.got[0]
        assert both == [signing.signature(secret, first.headers["webhook-id"], at, first.body) for secret in (new, old)]
        assert len(one) == 1

    @on_sqlite
    async def test_is_signed_with_a_secret_that_a_copy_of_the_database_does_not_hold(self, small, owner, receiver):
        _, secret = await endpoints.register(small.market, owner, receiver.url)
        (row,) = await EndpointSecret.all()
        assert secret.removeprefix("whsec_") not in row.secret

    @on_sqlite
    async def test_is_sent_to_those_who_want_its_type(self, small, owner, receiver):
        await endpoints.register(small.market, owner, f"{receiver.url}/all")
        await endpoints.register(small.market, owner, f"{receiver.url}/plans", types=[EventType.PLAN_CHANGED])
        await endpoints.register(small.market, owner, f"{receiver.url}/orders", types=[EventType.ORDER_PAID])
        await tell(owner, "a", small=small)
        await work(small)
        assert sorted(got.path for got in receiver.got) == ["/hook/all", "/hook/plans"]


class TestAFailure:
    def test_is_followed_by_ten_attempts_over_seventy_five_hours_and_thirty_five_minutes(self):
        assert ATTEMPTS == 10
        assert timedelta(hours=75, minutes=35) <= TAKES_UP_TO < timedelta(hours=75, minutes=36)

    async def test_is_tried_again_when_the_pause_is_over_and_not_before(self, small, owner, receiver):
        receiver.answers = [answer(500)]
        endpoint, _ = await endpoints.register(small.market, owner, receiver.url)
        await tell(owner, "a", small=small)
        await work(small)
        for number, pause in enumerate(PAUSES, 1):
            await work(small, passes=pause - timedelta(seconds=3))
            assert len(receiver.got) == number
            await work(small, passes=timedelta(seconds=3))
            assert len(receiver.got) == number + 1
        assert len(set(receiver.ids)) == 1
        (done,) = await Delivery.all()
        assert (done.state, done.attempts) == ("given_up", 10)
        assert (await Endpoint.get(id=endpoint.id)).disabled_because == "failing"

    async def test_holds_back_what_follows_of_the_same_order_only(self, small, owner, receiver):
        receiver.answers = [answer(500), OK]
        await endpoints.register(small.market, owner, receiver.url)
        await tell(owner, "order-1", "order-1", "order-2", small=small)
        await work(small)
        await work(small, passes=timedelta(seconds=6))
        said = [json.loads(got.body)["data"]["number"] for got in receiver.got]
        assert said in ([0, 2, 0, 1], [0, 0, 1, 2])
        assert await Delivery.filter(state="delivered").count() == 3

    @on_sqlite
    async def test_of_one_message_does_not_disable_an_endpoint_that_takes_others(self, small, owner, receiver):
        endpoint, _ = await endpoints.register(small.market, owner, receiver.url)
        receiver.answers = [answer(500)]
        await tell(owner, "poison", small=small)
        await work(small)
        for pause in PAUSES[:-1]:
            await work(small, passes=pause)
        receiver.answers = [OK]
        await endpoints.send_test(small.market, owner, endpoint.id)
        await work(small)
        receiver.answers = [answer(500)]
        await work(small, passes=PAUSES[-1])
        assert await Delivery.filter(state="given_up").count() == 1
        assert (await Endpoint.get(id=endpoint.id)).disabled_at is None

    @on_sqlite
    async def test_with_410_disables_the_endpoint_at_once_and_its_owners_get_a_mail(self, small, owner, receiver):
        receiver.answers = [answer(410)]
        endpoint, _ = await endpoints.register(small.market, owner, receiver.url)
        await tell(owner, "a", small=small)
        await work(small)
        await tell(owner, "b", small=small)
        await work(small, passes=timedelta(days=1))
        assert len(receiver.got) == 1
        assert (await Endpoint.get(id=endpoint.id)).disabled_because == "gone"
        (letter,) = await Mail.filter(message="webhook_disabled")
        assert (letter.recipient, letter.state) == (owner.email, "kept")
        receiver.answers = [OK]
        await endpoints.switch(small.market, owner, endpoint.id, on=True)
        await work(small)
        # what happened while it was off is not sent by itself, and can be replayed
        assert len(receiver.got) == 2
        assert await endpoints.replay(small.market, owner, endpoint.id) == 2
        await work(small)
        assert len(set(receiver.ids)) == 2

    @on_sqlite
    @pytest.mark.parametrize("status", [429, 503])
    async def test_with_retry_after_is_left_in_peace_until_then(self, small, owner, receiver, status):
        receiver.answers = [answer(status, "Retry-After: 600"), OK]
        await endpoints.register(small.market, owner, receiver.url)
        await tell(owner, "a", "b", small=small)
        await work(small)
        await work(small, passes=timedelta(seconds=590))
        assert len(receiver.got) == 1
        await work(small, passes=timedelta(seconds=10))
        assert len(receiver.got) == 3

    @on_sqlite
    async def test_that_ends_the_process_costs_one_attempt_and_loses_nothing(self, small, owner, receiver, monkeypatch):
        await endpoints.register(small.market, owner, receiver.url)
        await tell(owner, "a", small=small)
        await telling.tell_waiting(small.market)

        async def dies(*_):
            raise asyncio.CancelledError

        with monkeypatch.context() as patched:
            patched.setattr(delivery, "post", dies)
            (one,) = await Endpoint.all()
            with pytest.raises(asyncio.CancelledError):
                await Courier(small.market).deliver(one.id)
        assert await attempts() == [None]
        await work(small, passes=timedelta(seconds=6))
        assert await attempts() == [None, Outcome.DELIVERED]


class TestEachEndpoint:
    async def test_is_served_by_one_worker_at_a_time(self, small, owner, receiver):
        endpoint, _ = await endpoints.register(small.market, owner, receiver.url)
        await tell(owner, *"abcdef", small=small)
        await telling.tell_waiting(small.market)
        await asyncio.gather(*(Courier(small.market).deliver(endpoint.id) for _ in range(4)))
        await work(small)
        assert [json.loads(got.body)["data"]["number"] for got in receiver.got] == list(range(6))

    @on_sqlite
    async def test_that_is_slow_takes_one_place_and_leaves_the_worker_to_others(self, small, owner, receiver):
        receiver.answers = [b""]
        slow = [(await endpoints.register(small.market, owner, f"{receiver.url}/{n}"))[0] for n in range(3)]
        await tell(owner, "a", small=small)
        await telling.tell_waiting(small.market)
        courier = Courier(small.market, places=2)
        waiting = [asyncio.create_task(courier.deliver(one.id)) for one in slow[:2]]
        await receiver.has_got(2)
        began = time.monotonic()
        assert await courier.deliver(slow[2].id) == delivery.PLACE_FREE_AFTER
        assert time.monotonic() - began < 1
        receiver.closing.set()
        await asyncio.gather(*waiting)

    @on_sqlite
    async def test_can_be_deleted_while_something_is_on_its_way(self, small, owner, receiver):
        receiver.answers = [b""]
        endpoint, _ = await endpoints.register(small.market, owner, receiver.url)
        await tell(owner, "a", small=small)
        await telling.tell_waiting(small.market)
        sending = asyncio.create_task(Courier(small.market).deliver(endpoint.id))
        await receiver.has_got(1)
        await endpoints.delete(small.market, owner, endpoint.id)
        receiver.closing.set()
        assert await sending is None
        assert not await Delivery.exists()

    async def test_exists_once_per_address_and_ten_times_per_organisation(self, small, owner, receiver):
        async def register(path):
            return await endpoints.register(small.market, owner, f"{receiver.url}/{path}")

        once = await asyncio.gather(*(register("same") for _ in range(3)), return_exceptions=True)
        assert sorted(type(one).__name__ for one in once) == ["EndpointExists", "EndpointExists", "tuple"]
        for number in range(endpoints.MOST_ENDPOINTS - 1):
            await register(number)
        with pytest.raises(TooManyEndpoints):
            await register("one-too-many")
        with pytest.raises(EndpointExists):
            await register("same")

    @on_sqlite
    async def test_is_its_organisations_alone(self, small, owner, receiver):
        stranger = await an_actor(small, *owner.roles, email="stranger@ashiato.example")
        endpoint, _ = await endpoints.register(small.market, owner, receiver.url)
        for act in (
            endpoints.find(stranger, endpoint.id),
            endpoints.delete(small.market, stranger, endpoint.id),
            endpoints.rotate(small.market, stranger, endpoint.id),
            endpoints.switch(small.market, stranger, endpoint.id, on=False),
            endpoints.send_test(small.market, stranger, endpoint.id),
            endpoints.replay(small.market, stranger, endpoint.id),
            endpoints.log_of(stranger, endpoint.id, limit=9),
        ):
            with pytest.raises(EndpointNotFound):
                await act

    async def test_has_a_log_with_status_duration_and_the_answers_beginning(self, small, owner, receiver):
        receiver.answers = [answer(500, body=b"no <b>room</b>\x00 here"), OK]
        endpoint, _ = await endpoints.register(small.market, owner, receiver.url)
        event = await endpoints.send_test(small.market, owner, endpoint.id)
        await work(small)
        await work(small, passes=timedelta(seconds=6))
        (logged,) = await endpoints.log_of(owner, endpoint.id, limit=9)
        assert (logged.type, logged.delivery.event_id, logged.delivery.state) == (
            "endpoint.test",
            event.id,
            "delivered",
        )
        first, second = logged.attempts
        assert (first.outcome, first.status, first.snippet) == (Outcome.REFUSED, 500, "no <b>room</b>  here")
        assert (second.outcome, second.status, second.snippet) == (Outcome.DELIVERED, 200, "ok")
        assert first.duration_ms >= 0

    @on_sqlite
    async def test_gets_again_what_is_replayed_under_the_same_id(self, small, owner, receiver):
        endpoint, _ = await endpoints.register(small.market, owner, receiver.url)
        await tell(owner, "a", "b", small=small)
        await work(small)
        (first, second) = receiver.ids
        assert await endpoints.replay(small.market, owner, endpoint.id, event_id=first) == 1
        await work(small)
        assert receiver.ids == [first, second, first]
        with pytest.raises(EventNotFound):
            await endpoints.replay(small.market, owner, endpoint.id, event_id="evt_other")


class TestAClaimedOrder:
    @on_sqlite
    async def test_is_told_from_then_on(self, small, owner):
        order = await an_order(small, None)
        await belongings.claim(owner, order, clock=small.clock)
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        await telling.tell_waiting(small.market)
        first, *_ = await feed.events_after(owner.organisation_id, None, limit=100)
        assert first.type == EventType.ORDER_PAID


def test_a_market_without_settings_sends_to_public_https_only():
    rules = a_small_market().market.webhooks
    assert (rules.https_only, rules.to_loopback) == (True, False)
