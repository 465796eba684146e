"""Texts whose rows say much the same, stored in a fraction of the room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.database.packed_text import PackedText
from marketplace.orders.instruction import Consent, Instruction
from marketplace.orders.models import Order
from tests.builders.market import a_listing, a_small_market, an_instruction, an_order
from tests.marketplace.database.test_rules import execute

WORDS = '{"version":"2026-11-22","text":"登録簿に記載する用途","agreed_at":"'
FIELD = PackedText(WORDS)


def stored(text: str) -> str:
    return FIELD.to_db_value(text, None)


class TestWhatIsStoredComesBack:
    @given(st.text())
    def test_every_text_to_the_letter(self, text: str) -> None:
        assert FIELD.to_python_value(stored(text)) == text

    @pytest.mark.parametrize("text", ["", "1~", "1~abc", stored(WORDS), WORDS * 1_000])
    def test_also_one_that_looks_like_a_packed_one(self, text: str) -> None:
        assert FIELD.to_python_value(stored(text)) == text

    def test_a_row_from_before_is_read_as_it_stands(self) -> None:
        assert FIELD.to_python_value('{"version":"1"}') == '{"version":"1"}'

    def test_nothing_stays_nothing(self) -> None:
        assert FIELD.to_python_value(None) is None


class TestItTakesLessRoom:
    def test_what_most_rows_share_takes_next_to_none(self) -> None:
        text = WORDS + '2026-11-22T03:00:00+00:00"}'
        assert len(stored(text)) < len(text.encode()) // 2

    def test_what_would_not_get_shorter_is_left_alone(self) -> None:
        assert stored("x7") == "x7"


class TestABrokenRow:
    @pytest.mark.parametrize("broken", ["1~", "1~!", "1~AAAA", "1~é", stored(WORDS)[:-8], stored(WORDS) + "AAAA"])
    def test_is_read_as_it_stands(self, broken: str) -> None:
        assert FIELD.to_python_value(broken) == broken

    def test_does_not_fill_the_memory(self) -> None:
        flood = stored("0" * 1_000_001)
        assert FIELD.to_python_value(flood) == flood


class TestAnOrdersWords:
    async def test_are_read_by_every_way_as_they_were_written(self, db) -> None:
        small = a_small_market()
        order = await an_order(small, await a_listing(small))
        found = await Order.get(id=order.id)
        assert Instruction.model_validate_json(found.instruction) == an_instruction()
        assert found.consent == order.consent
        assert [one["consent"] for one in await Order.all().values("consent")] == [order.consent]
        assert Consent.model_validate_json(order.consent).text

    async def test_written_before_they_were_packed_are_read_as_well(self, db) -> None:
        small = a_small_market()
        order = await an_order(small, await a_listing(small))
        await execute("DROP TRIGGER order_terms_are_frozen" + (" ON buyer_order" if "postgres" in db else ""))
        await execute("UPDATE buyer_order SET consent = ? WHERE id = ?", order.consent, order.id)
        assert (await Order.get(id=order.id)).consent == order.consent
