"""A mail is decided on in the transaction of its reason, once, and leaves after it."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tortoise.exceptions import BaseORMException

from marketplace.database.transactions import run_tx
from marketplace.mail import mailbox, service
from marketplace.mail.address import AddressRefused, is_address
from marketplace.mail.models import Mail, MailState
from marketplace.mail.post import CarrierUnreachable, LetterRefused, Post, Worded
from marketplace.outbox.models import Job

READER = "reader@example.jp"


def plain_wording(message, locale, params):
    return Worded(f"{message} {locale}", json.dumps(params))


class Carrier:
    """Takes letters, after failing as asked."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.carried = list(failures), []

    async def carry(self, letter) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.carried.append(letter)


def posted(small, **post):
    small.market = replace(small.market, post=Post(plain_wording, **post))
    return small


async def decide(small, *, key="one", to=READER, params=None):
    async def work(tx):
        await service.send_later(tx, "greeting", to, "ja", params or {"link": "secret"}, key=key, at=small.clock())

    await run_tx(work)


class TestAMailIsDecidedOnOnce:
    async def test_the_same_key_again_is_no_second_mail(self, small):
        posted(small, keeps_copies=True)
        await decide(small)
        await small.work()
        await decide(small)
        await small.work()
        assert await Mail.all().count() == await Job.filter(kind=service.SEND).count() == 1

    async def test_what_is_rolled_back_sends_nothing(self, small):
        async def work(tx):
            await service.send_later(tx, "greeting", READER, "ja", {}, key="one", at=small.clock())
            raise LookupError

        with pytest.raises(LookupError):
            await run_tx(work)
        assert not await Mail.exists()
        assert not await Job.exists()

    async def test_to_every_operator_once(self, small):
        posted(small, keeps_copies=True, operators=("a@example.jp", "b@example.jp"))
        for _ in range(2):
            await run_tx(lambda tx: service.tell_operators(small.market, tx, "alarm", {}, key="alarm:1"))
        await small.work()
        assert {mail.recipient for mail in await mailbox.latest()} == {"a@example.jp", "b@example.jp"}


class TestItLeavesAfterTheCommit:
    async def test_the_carrier_gets_it_and_nothing_of_it_stays(self, small):
        carrier = Carrier()
        posted(small, carrier=carrier)
        await decide(small)
        assert carrier.carried == []
        await small.work()
        (letter,) = carrier.carried
        mail = await Mail.get()
        assert (letter.id, letter.recipient, letter.subject) == (mail.id, READER, "greeting ja")
        assert (mail.state, mail.params, mail.subject, mail.body) == (MailState.SENT, None, None, None)

    async def test_an_embedded_instance_keeps_it_for_its_mailbox(self, small):
        posted(small, keeps_copies=True)
        await decide(small)
        await small.work()
        (mail,) = await mailbox.latest(READER)
        assert (mail.subject, json.loads(mail.body)) == ("greeting ja", {"link": "secret"})
        assert await mailbox.latest("other@example.jp") == []

    async def test_without_a_carrier_and_a_mailbox_it_is_withheld(self, small):
        posted(small)
        await decide(small)
        await small.work()
        mail = await Mail.get()
        assert (mail.state, mail.params, mail.body) == (MailState.WITHHELD, None, None)
        assert await mailbox.latest() == []


class TestTheMailServerFails:
    async def test_it_is_tried_again_until_it_is_taken(self, small):
        carrier = Carrier(CarrierUnreachable("no answer"), CarrierUnreachable("no answer"))
        posted(small, carrier=carrier)
        await decide(small)
        await small.work_for(timedelta(seconds=30))
        assert len(carrier.carried) == 1
        assert (await Mail.get()).state == MailState.SENT

    async def test_a_refusal_for_good_is_noted_and_not_repeated(self, small):
        carrier = Carrier(LetterRefused("the mail server answered 550"))
        posted(small, carrier=carrier)
        await decide(small)
        await small.work_for(timedelta(seconds=30))
        mail = await Mail.get()
        assert (mail.state, mail.refusal, carrier.carried) == (MailState.REFUSED, "the mail server answered 550", [])

    async def test_a_settled_mail_never_changes_its_state(self, small):
        posted(small)
        await decide(small)
        await small.work()
        with pytest.raises(BaseORMException, match="mail_is_settled_once"):
            await Mail.all().update(state=MailState.WAITING, params="{}", settled_at=None)


class TestAddresses:
    @pytest.mark.parametrize("good", ["a@b.jp", "first.last+tag@sub.example.co.jp", "a@xn--fsq.example"])
    def test_plain_ones_are_taken(self, good):
        assert is_address(good)

    @pytest.mark.parametrize(
        "bad",
        [
            "",
            "a",
            "a@b",
            "a b@c.jp",
            "a@b.jp\nBcc: x@y.jp",
            "a@b.jp\r",
            "a@b.jp, c@d.jp",
            '"a"@b.jp',
            "a@-b.jp",
            "a@b..jp",
            "あ@例.jp",
            "a" * 65 + "@b.jp",
            "a@" + "b" * 64 + ".jp",
            "a@" + ".".join(["b" * 60] * 5),
        ],
    )
    async def test_others_are_refused_before_anything_is_written(self, small, bad):
        with pytest.raises(AddressRefused) as refused:
            await decide(small, to=bad)
        assert (str(refused.value), refused.value.params) == ("not a mail address of the form name@domain", {})
        assert not await Mail.exists()
