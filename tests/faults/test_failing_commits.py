"""Commits fail, or their answers are lost, while eight buyers order: all is done, and nothing twice (F15, F16)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from tortoise.connection import get_connection

from certificates.models import Certificate
from marketplace.listings.models import Listing
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.payments.models import Payment
from tests.builders.market import SmallMarket, a_listing
from tests.conftest import a_database
from tests.faults.amounts import amount
from tests.faults.cutting_proxy import a_cutting_proxy
from tests.faults.insistent import buy, working

ORDERS = amount(10_000, 8)
FAILING_OF_A_HUNDRED = 5
CUT = 0.01 if ORDERS >= 100 else 0.05
"""One commit in a hundred; with few orders more, or there would be none."""
SPARE_UNITS = 1_000
"""For quotes whose answer was lost."""

# the server itself refuses at COMMIT: kinds 0 and 1 with the codes of a conflict, 2 because somebody cancels the statement, as
# its time limit does, 3 because the connection's process is ended. Sequences count what is rolled back
_FAILING_COMMITS = """
CREATE SEQUENCE met_0; CREATE SEQUENCE met_1; CREATE SEQUENCE met_2; CREATE SEQUENCE met_3;
CREATE FUNCTION failing_commit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  dice bigint := abs(hashint8extended(txid_current(), 15) % 10000);
  kind bigint := dice % 4;
BEGIN
  IF dice / 100 >= {of_a_hundred} THEN RETURN NULL; END IF;
  PERFORM nextval('met_' || kind);
  CASE kind
    WHEN 0 THEN RAISE EXCEPTION 'asked for' USING ERRCODE = 'serialization_failure';
    WHEN 1 THEN RAISE EXCEPTION 'asked for' USING ERRCODE = 'deadlock_detected';
    WHEN 2 THEN PERFORM pg_cancel_backend(pg_backend_pid());
    ELSE PERFORM pg_terminate_backend(pg_backend_pid());
  END CASE;
  PERFORM pg_sleep(60);
  RETURN NULL;
END $$;
DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE CONSTRAINT TRIGGER failing_commit AFTER INSERT OR UPDATE OR DELETE ON %I
                    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION failing_commit()', name);
  END LOOP;
END $$;
"""
# without the locks that removing the triggers would wait for
_CALM = """
CREATE OR REPLACE FUNCTION failing_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
"""
_MET = "SELECT " + " + ".join(f"(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM met_{n})" for n in range(4))


async def served(small: SmallMarket, listing: Listing, calm: Callable[[], Awaitable[None]]) -> None:
    """Buy, and see that each order has its payment, its unit and its certificate, once; `calm` ends the faults."""
    async with working(small):
        told = await buy(small, listing.id, ORDERS)
        while await Order.filter(state=OrderState.FULFILLED).count() < ORDERS:
            # whoever lost an answer waits for minutes before looking again
            small.clock.advance(timedelta(seconds=10))
            await asyncio.sleep(0.05)
        await calm()
    # the registry in memory refuses a reference or a serial that comes twice
    assert len(small.registry.cancelled) == ORDERS
    assert dict(await Order.all().values_list("external_id", "id")) == told
    assert len(small.payments.session_of_key) == ORDERS == await Payment.all().count()
    assert await Certificate.all().count() == ORDERS
    assert small.payments.refunds == {}


class TestCommitsThatFail:
    @pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
    async def test_are_tried_again_until_all_is_done_once(self, small):
        listing, database = await a_listing(small, tonnes=ORDERS + SPARE_UNITS), get_connection("default")
        await database.execute_script(_FAILING_COMMITS.replace("{of_a_hundred}", str(FAILING_OF_A_HUNDRED)))
        await served(small, listing, lambda: database.execute_script(_CALM))
        ((met,),) = [tuple(row.values()) for row in await database.execute_query_dict(_MET)]
        assert met >= ORDERS // 20


class TestAConnectionCutBetweenCommitAndAnswer:
    @pytest.fixture
    async def proxy(self, request, tmp_path):
        async with a_database("postgres", request, tmp_path) as url, a_cutting_proxy(url) as proxy:
            yield proxy

    @pytest.fixture
    def database_url(self, proxy):
        return proxy.url

    async def test_has_its_outcome_found_by_key(self, small, proxy):
        listing = await a_listing(small, tonnes=ORDERS + SPARE_UNITS)
        proxy.share = CUT

        async def calm() -> None:
            proxy.share = 0

        await served(small, listing, calm)
        assert proxy.cuts >= ORDERS // 20
