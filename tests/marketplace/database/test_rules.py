"""The rules that must never break stand in the database: each is read back from the live schema by breaking it."""

import asyncpg
import pytest
from tortoise import connections
from tortoise.exceptions import BaseORMException

from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.inventory.models import Block, Holding, Interval
from marketplace.inventory.states import ALLOWED_MOVES as INTERVAL_MOVES
from marketplace.ledger.models import LedgerPosting, LedgerTransaction
from marketplace.orders.models import Order
from marketplace.orders.states import ALLOWED_MOVES as ORDER_MOVES
from marketplace.quotes.states import ALLOWED_MOVES as QUOTE_MOVES
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import ALLOWED_MOVES as RETIREMENT_MOVES
from tests.builders.market import a_listing, a_quote, an_order

REFUSED = (BaseORMException, asyncpg.PostgresError)


async def execute(statement: str, *values: object) -> None:
    async def work(tx):
        await tx.execute_query(sql(tx, statement), list(values))

    await run_tx(work)


async def refused(rule: str, statement: str, *values: object) -> None:
    with pytest.raises(REFUSED) as error:
        await execute(statement, *values)
    assert rule in str(error.value)


class TestStatesMoveOnlyAlongTheDrawnArrows:
    @pytest.mark.parametrize(
        ("machine", "moves"),
        [
            ("interval", INTERVAL_MOVES),
            ("quote", QUOTE_MOVES),
            ("order", ORDER_MOVES),
            ("retirement", RETIREMENT_MOVES),
        ],
    )
    async def test_the_table_in_the_database_is_the_table_in_the_code(self, db, machine, moves):
        rows = await connections.get("default").execute_query_dict("SELECT * FROM state_move")
        drawn = {(row["from_state"], row["to_state"]) for row in rows if row["machine"] == machine}
        assert drawn == {(old.value, new.value) for old, targets in moves.items() for new in targets}

    async def test_a_wrong_move_is_refused_whoever_makes_it(self, small):
        order = await an_order(small, await a_listing(small))
        await refused("order_moves", "UPDATE buyer_order SET state = 'retiring' WHERE id = ?", order.id)
        await refused(
            "interval_moves",
            "UPDATE unit_interval SET state = 'withdrawn', quote_line_id = NULL, reserved_until = NULL "
            "WHERE state = 'reserved'",
        )


class TestSerialsAreNeverTwiceOnTheBooks:
    async def test_intervals_do_not_overlap(self, small):
        listing = await a_listing(small, tonnes=10)
        interval = await Interval.get(holding_id=listing.holding_id)
        await refused(
            "interval_no_overlap",
            "INSERT INTO unit_interval (id, block_id, holding_id, first_serial, last_serial, state) "
            "VALUES ('int_x', ?, ?, 10, 10, 'available')",
            interval.block_id,
            interval.holding_id,
        )

    async def test_intervals_tile_their_block_at_every_commit(self, small):
        listing = await a_listing(small, tonnes=10)
        with pytest.raises(REFUSED):
            await execute("UPDATE unit_interval SET last_serial = 9 WHERE holding_id = ?", listing.holding_id)
        with pytest.raises(REFUSED):
            await execute("DELETE FROM unit_interval WHERE holding_id = ?", listing.holding_id)
        assert (await Interval.get(holding_id=listing.holding_id)).last_serial == 10

    async def test_intervals_stay_inside_their_block(self, small):
        listing = await a_listing(small, tonnes=10)
        await refused(
            "interval_inside_block",
            "UPDATE unit_interval SET first_serial = 2, last_serial = 11 WHERE holding_id = ?",
            listing.holding_id,
        )

    async def test_blocks_do_not_overlap(self, small):
        listing = await a_listing(small, tonnes=10)
        block = await Block.get(id=(await Holding.get(id=listing.holding_id).prefetch_related("block")).block.id)
        await refused(
            "block_no_overlap",
            "INSERT INTO block (id, registry, project_key, methodology, credit_kind, certification_number, "
            "serial_prefix, serial_width, first_serial, last_serial, size, tiled, vintages, invented) "
            "SELECT 'blk_x', registry, project_key, methodology, credit_kind, certification_number, serial_prefix, "
            "serial_width, 5, 14, 10, 0, vintages, invented FROM block WHERE id = ?",
            block.id,
        )

    async def test_a_unit_is_not_cancelled_without_a_notice(self, small):
        listing = await a_listing(small, tonnes=10)
        await a_quote(small, listing, tonnes=10)
        await execute(
            "UPDATE unit_interval SET state = 'cancelling', reserved_until = NULL WHERE holding_id = ?",
            listing.holding_id,
        )
        await refused(
            "interval_cancelled_with_notice",
            "UPDATE unit_interval SET state = 'cancelled' WHERE holding_id = ?",
            listing.holding_id,
        )
        await execute(
            "UPDATE unit_interval SET state = 'available', quote_line_id = NULL WHERE holding_id = ?",
            listing.holding_id,
        )

    async def test_a_cancelled_unit_is_final(self, small):
        order = await _fulfilled(small)
        retirement = await Retirement.get(order_id=order.id)
        await refused(
            "interval_cancelled_is_final",
            "UPDATE unit_interval SET state = 'available' WHERE id = ?",
            retirement.interval_id,
        )
        await refused("interval", "DELETE FROM unit_interval WHERE id = ?", retirement.interval_id)
        await refused("retirement_is_final", "UPDATE retirement SET notice_number = 'x' WHERE id = ?", retirement.id)


class TestWhatWasAgreedAndWhatHappenedIsNeverRewritten:
    async def test_an_orders_terms_are_frozen(self, small):
        order = await _fulfilled(small)
        await refused("order_terms_are_frozen", "UPDATE buyer_order SET total_yen = 1 WHERE id = ?", order.id)
        await refused("buyer_order_never_vanishes", "DELETE FROM buyer_order WHERE id = ?", order.id)

    @pytest.mark.parametrize("table", ["order_event", "payment", "payment_event", "ledger_posting", "quote_line"])
    async def test_records_are_append_only(self, small, table):
        await _fulfilled(small)
        await refused(f"{table}_never_changes", f"UPDATE {table} SET id = id")
        with pytest.raises(REFUSED):
            await execute(f"DELETE FROM {table}")

    async def test_a_confirmed_retirement_needs_the_notice(self, small):
        small.registry.script = ["pending"]
        order = await an_order(small, await a_listing(small))
        await small.deliver(small.payments.pay(order.checkout_session))
        small.registry.script = ["closed"]
        await small.work()
        with pytest.raises(REFUSED):
            await execute("UPDATE retirement SET state = 'confirmed' WHERE order_id = ?", order.id)

    async def test_money_does_not_go_back_while_units_are_on_their_way_to_the_registry(self, small):
        small.registry.script = ["closed"]
        order = await an_order(small, await a_listing(small))
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        await refused(
            "order_refund_needs_nothing_cancelled",
            "UPDATE buyer_order SET state = 'refund_due', refund_reason = 'test' WHERE id = ?",
            order.id,
        )

    async def test_an_order_is_not_fulfilled_without_a_certificate(self, small):
        small.registry.script = ["closed"]
        order = await an_order(small, await a_listing(small))
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        assert (await Order.get(id=order.id)).state == "retiring"
        with pytest.raises(REFUSED):
            await execute("UPDATE buyer_order SET state = 'fulfilled' WHERE id = ?", order.id)


class TestTheLedgerSumsToZero:
    async def test_a_one_sided_booking_cannot_be_committed(self, small):
        async def work(_):
            await LedgerTransaction.create(id="ltx_x", event="test", at=small.clock())
            await LedgerPosting.create(id="lpo_x", transaction_id="ltx_x", account="fee", amount_yen=1)

        with pytest.raises(REFUSED):
            await run_tx(work)
        assert not await LedgerTransaction.exists(id="ltx_x")


async def _fulfilled(small):
    order = await an_order(small, await a_listing(small))
    await small.deliver(small.payments.pay(order.checkout_session))
    await small.work()
    assert (await Order.get(id=order.id)).state == "fulfilled"
    return order
