"""What operators close: who, why and until when is known, and a closed registry sells nothing new."""

from datetime import timedelta

import pytest

from marketplace.accounts.actor import CONSOLE
from marketplace.audit.models import AuditEntry
from marketplace.audit.service import ReasonMissing
from marketplace.closures import service as closures
from marketplace.closures.errors import NothingToClose, OpeningInThePast, RegistryClosed
from marketplace.listings.offers import OfferFilter
from marketplace.orders import service as orders
from marketplace.orders.states import OrderState
from marketplace.plans import changes
from marketplace.plans.reading import months_of
from marketplace.quotes import wishing
from marketplace.quotes.mix import Mix
from marketplace.quotes.wishing import Amount
from tests.builders.market import a_listing, a_quote, a_wish
from tests.builders.plans import a_running_plan, an_open_plan, kwh, months_pass
from tests.builders.pools import with_pools

WHY = "the registry is being rebuilt"


async def close(small, name, **more):
    await closures.close(CONSOLE, name, reason=WHY, clock=small.clock, **more)


class TestASwitch:
    async def test_is_closed_and_opened_with_a_reason_that_stays(self, small):
        await close(small, "buying", opens_at=small.clock() + timedelta(hours=2))
        assert [(one.name, one.opens_at) for one in await closures.closed_now()] == [
            ("buying", small.clock() + timedelta(hours=2))
        ]
        await closures.reopen(CONSOLE, "buying", reason="done", clock=small.clock)
        assert await closures.closed_now() == []
        entries = await AuditEntry.all().order_by("position")
        assert [(entry.act, entry.subject, entry.reason) for entry in entries] == [
            ("switch.closed", "buying", WHY),
            ("switch.opened", "buying", "done"),
        ]

    async def test_closed_again_has_the_later_opening(self, small):
        await close(small, "buying")
        later = small.clock() + timedelta(days=1)
        await close(small, "buying", opens_at=later)
        assert [one.opens_at for one in await closures.closed_now()] == [later]

    async def test_opened_twice_is_written_down_once(self, small):
        await close(small, "buying")
        for _ in range(2):
            await closures.reopen(CONSOLE, "buying", reason="done", clock=small.clock)
        assert await AuditEntry.filter(act="switch.opened").count() == 1

    async def test_needs_a_reason_a_name_and_an_opening_ahead(self, small):
        with pytest.raises(ReasonMissing):
            await closures.close(CONSOLE, "buying", reason=" ", clock=small.clock)
        with pytest.raises(ReasonMissing):
            await closures.reopen(CONSOLE, "buying", reason=None, clock=small.clock)
        for name in ("verification", "registry.nowhere", ""):
            with pytest.raises(NothingToClose):
                await close(small, name)
        with pytest.raises(OpeningInThePast):
            await close(small, "buying", opens_at=small.clock())
        assert await closures.closed_now() == []


class TestAClosedRegistry:
    async def test_gives_no_new_quote_and_goes_on_with_the_old_ones(self, small):
        listing = await a_listing(small)
        quote = await a_quote(small, listing)
        await close(small, "registry.jcredit")
        with pytest.raises(RegistryClosed):
            await wishing.quote_listing(small.market, listing.id, Amount(grams=1_000_000), footprint_id=None)
        order = await orders.place(small.market, a_wish(quote))
        order = await orders.open_checkout(small.market, order.id)
        await small.deliver(small.payments.pay(order.checkout_session))
        await small.work()
        assert (await orders.find(order.id)).state == "fulfilled"

    async def test_is_left_out_of_mixes(self, small):
        await a_listing(small)
        mix = Mix(OfferFilter(), 1)
        assert len(await wishing.offers_for(mix, on=small.clock().date())) == 1
        await close(small, "registry.jcredit")
        assert await wishing.offers_for(mix, on=small.clock().date()) == []

    async def test_does_not_close_another(self, small):
        listing = await a_listing(small)
        await close(small, "registry.jcm_jp")
        assert (await a_quote(small, listing)).id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestAPlanOfAClosedRegistry:
    async def test_is_not_begun_or_changed_but_its_paid_months_are_covered(self, small):
        with_pools(small)
        listing = await a_listing(small, tonnes=50)
        plan = await a_running_plan(small, listing)
        await close(small, "registry.jcredit")
        with pytest.raises(RegistryClosed):
            await an_open_plan(small, listing)
        with pytest.raises(RegistryClosed):
            await changes.change(small.market, plan.id, kwh("350"), listing.id)
        await months_pass(small)
        assert [month.state for month in await months_of(plan.id)] == [OrderState.FULFILLED] * 2
