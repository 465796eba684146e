"""Money goes back or is disputed after the units are gone: they stay cancelled and certified, and who bears the loss is booked (F20)."""

from random import Random

from certificates.models import Certificate, CertificateEnd
from marketplace.errors import RefundTooLarge
from marketplace.inventory.models import Interval
from marketplace.inventory.states import IntervalState
from marketplace.ledger import service as ledger
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.payments.gateway import DisputeState
from marketplace.payments.models import RefundRecord
from marketplace.payments.refund_states import BorneBy, RefundState
from tests.builders.market import SmallMarket, a_listing
from tests.faults.amounts import amount
from tests.marketplace.money.acts import a_paid_order, give_back

ORDERS = amount(500, 8)
TONNES = 2


class Expected:
    """What the books of all orders must say in yen, as their histories are drawn."""

    def __init__(self) -> None:
        self.clearing = self.disputed = self.loss = self.refused = self.refunds = 0


async def taken_back(small: SmallMarket, order: Order, chance: Random, expected: Expected) -> None:
    """Some refunds by us and by hand, of which none exceeds what is left; then perhaps a dispute about the rest."""
    left = order.total_yen
    expected.clearing += left
    for number in range(chance.randint(0, 3)):
        yen = chance.choice((1, chance.randint(1, order.total_yen), order.total_yen))
        if chance.random() < 0.3 and yen <= left:
            await small.deliver(small.payments.refund_by_hand(f"pi_{order.checkout_session}", yen))
            borne_by = BorneBy.SERVICE
        else:
            borne_by = chance.choice((BorneBy.SERVICE, BorneBy.PROVIDERS))
            try:
                await give_back(small, order, yen, key=f"{order.id}-{number}", borne_by=borne_by)
            except RefundTooLarge:
                assert yen > left
                expected.refused += 1
                continue
        await small.work()
        left -= yen
        expected.clearing -= yen
        expected.refunds += 1
        expected.loss += yen if borne_by is BorneBy.SERVICE else 0
    if left and chance.random() < 0.6:
        await disputed(small, order, left, chance, expected)


async def disputed(small: SmallMarket, order: Order, yen: int, chance: Random, expected: Expected) -> None:
    opened = chance.choice((DisputeState.INQUIRY, DisputeState.WITHDRAWN))
    dispute = small.payments.object_to(f"pi_{order.checkout_session}", yen, opened)
    await small.deliver(dispute)
    await small.work()
    end = chance.choice((opened, DisputeState.WITHDRAWN, DisputeState.WON, DisputeState.LOST))
    if end is not opened:
        await small.deliver(small.payments.decide_dispute(dispute.object_id, end))
        await small.work()
    if end in {DisputeState.WITHDRAWN, DisputeState.LOST}:
        expected.clearing -= yen
    expected.disputed += yen if end is DisputeState.WITHDRAWN else 0
    expected.loss += yen if end is DisputeState.LOST else 0


class TestWhatIsTakenBackAfterTheUnitsAreGone:
    async def test_leaves_units_and_certificates_alone_and_is_booked(self, small):
        listing, expected = await a_listing(small, tonnes=TONNES * ORDERS), Expected()
        for seed in range(ORDERS):
            order = await a_paid_order(small, tonnes=TONNES, listing=listing)
            await taken_back(small, order, Random(seed), expected)

        assert await Order.filter(state=OrderState.FULFILLED).count() == ORDERS
        assert len(small.registry.cancelled) == TONNES * ORDERS
        assert not await Interval.exclude(state=IntervalState.CANCELLED).exists()
        assert await Certificate.all().count() == ORDERS
        assert not await CertificateEnd.exists()
        assert await RefundRecord.filter(state=RefundState.SUCCEEDED).count() == expected.refunds
        assert expected.refused > 0
        accounts = [ledger.dispute_account(dispute) for dispute in small.payments.disputes]
        assert sum((await ledger.balances(accounts)).values()) == expected.disputed
        assert await ledger.balance(ledger.CLEARING) == expected.clearing
        assert await ledger.balance(ledger.LOSS) == expected.loss
