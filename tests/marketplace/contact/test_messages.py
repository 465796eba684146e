"""What people write to the operator is kept first, mailed once, and never lost for looking like spam."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketplace.accounts.actor import CONSOLE
from marketplace.contact import service
from marketplace.contact.models import ContactMessage
from marketplace.contact.service import Message, Topic
from marketplace.mail.address import AddressRefused
from marketplace.mail.models import Mail
from tests.builders.market import OPERATOR_MAIL, SmallMarket

WORDS = Message(Topic.ORDER, "reader@ashiato.example", "", "ord_1", "領収書の宛名を変えられますか。", "ja")


class TestAMessage:
    async def test_is_kept_and_mailed_to_the_operator_and_to_nobody_else(self, small: SmallMarket) -> None:
        number = await service.take(small.market, WORDS)
        assert [one.id for one in await service.unsettled()] == [number]
        (mail,) = await Mail.all()
        assert (mail.recipient, mail.message) == (OPERATOR_MAIL, "operator_message")
        await small.work()
        assert "領収書" in ((await Mail.get(id=mail.id)).body or "")

    async def test_sent_twice_counts_once(self, small: SmallMarket) -> None:
        assert await service.take(small.market, WORDS) == await service.take(small.market, WORDS)
        assert await Mail.all().count() == 1

    async def test_the_same_words_on_another_day_are_another_message(self, small: SmallMarket) -> None:
        first = await service.take(small.market, WORDS)
        small.clock.advance(timedelta(days=1))
        assert await service.take(small.market, WORDS) != first

    @pytest.mark.parametrize(
        "spam", [replace(WORDS, trap="buy"), replace(WORDS, body="https://a.example " * (service.MOST_LINKS + 1))]
    )
    async def test_that_looks_like_spam_is_kept_apart_and_mailed_to_nobody(
        self, small: SmallMarket, spam: Message
    ) -> None:
        await service.take(small.market, spam)
        assert (await ContactMessage.get()).suspect
        assert await Mail.all().count() == 0

    async def test_needs_an_address_to_answer_to(self, small: SmallMarket) -> None:
        with pytest.raises(AddressRefused):
            await service.take(small.market, replace(WORDS, email="nobody"))
        assert await ContactMessage.all().count() == 0


class TestDealingWithIt:
    async def test_takes_it_off_the_list_and_later_out_of_the_database(self, small: SmallMarket) -> None:
        number = await service.take(small.market, WORDS)
        await service.settle(CONSOLE, number, now=small.clock())
        assert await service.unsettled() == []
        await service.forget_old(small.clock())
        assert await ContactMessage.all().count() == 1
        await service.forget_old(small.clock() + service.KEPT_FOR)
        assert await ContactMessage.all().count() == 0

    async def test_what_nobody_has_dealt_with_is_kept(self, small: SmallMarket) -> None:
        await service.take(small.market, WORDS)
        await service.forget_old(small.clock() + timedelta(days=1000))
        assert await ContactMessage.all().count() == 1
