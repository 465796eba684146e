"""Note a wish with its order, and carry it out: the payment as a job, the fault as the order's first application leaves."""

from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.listings.models import Listing
from marketplace.market import Market
from marketplace.orders import settlement
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.outbox import service as outbox
from marketplace.quotes import service as quotes
from marketplace.registries.gateway import CancellationReport, CancellationRequest, RegistryUnreachable
from marketplace.registries.http import HttpRegistry
from marketplace.registries.http_exchange import HttpRegistrySettings
from marketplace.retirements.models import Retirement
from marketplace.sandbox_wishes.doubles import Doubles, DoubleUnreachable
from marketplace.sandbox_wishes.errors import FaultNotOffered
from marketplace.sandbox_wishes.models import PaymentWish, RegistryWish, SandboxWish

PAY = "sandbox.pay"
_CHECKOUT_OPENS = timedelta(seconds=1)


async def note(
    tx: BaseDBAsyncClient,
    market: Market,
    order: Order,
    *,
    payment: PaymentWish | None,
    registry: RegistryWish | None,
) -> None:
    """Inside the transaction that places the order. Raises FaultNotOffered where the wish could never come true."""
    if payment is not None and (
        market.doubles is None or market.doubles.payments is None or order.state != OrderState.QUOTED
    ):
        raise FaultNotOffered("no card of this order is charged in a sandbox of ours", field="payment")
    if registry is not None and not await _reaches_a_double(market, order):
        raise FaultNotOffered("no whole tonne of this order is cancelled through a sandbox registry", field="registry")
    await SandboxWish.create(order_id=order.id, payment=payment, registry=registry)
    if payment is not None:
        await outbox.add(tx, PAY, f"{PAY}:{order.id}", {"order_id": order.id}, at=market.clock())


async def _reaches_a_double(market: Market, order: Order) -> bool:
    if market.doubles is None:
        return False
    lines = await quotes.lines_of(order.quote_id)
    listings = Listing.filter(id__in=[line.listing_id for line in lines]).prefetch_related("holding__account")
    accounts = [listing.holding.account for listing in await listings]
    return any(
        account.registry in market.doubles.registries
        and not market.registries[account.registry].by_hand(account.number)
        for account in accounts
    )


async def pay(market: Market, order_id: str) -> timedelta | None:
    """Job: the buyer that was wished for, as soon as there is a payment page. Returns when to look again.

    Raises DoubleUnreachable.
    """
    order, wish = await rows.get(Order, id=order_id), await SandboxWish.get(order_id=order_id)
    if order.state == OrderState.QUOTED:
        return _CHECKOUT_OPENS
    if order.state == OrderState.AWAITING_PAYMENT and market.doubles and wish.payment and order.checkout_session:
        await market.doubles.pay(order.checkout_session, PaymentWish(wish.payment))
        if wish.payment == PaymentWish.DECLINED_CARD:
            # the provider says nothing of a declined card as long as its page is open for another one
            await settlement.follow(market, await market.payments.expire_checkout(order.checkout_session))
    return None


class FailingOnRequest(HttpRegistry):
    """The sandbox registry, told before an order's first application what shall go wrong with it."""

    def __init__(self, settings: HttpRegistrySettings, doubles: Doubles) -> None:
        super().__init__(settings)
        self._doubles = doubles

    async def submit(self, request: CancellationRequest) -> CancellationReport:
        await self._strike(request.reference)
        return await super().submit(request)

    async def _strike(self, reference: str) -> None:
        retirement = await rows.find(Retirement, reference=reference)
        wish = None if retirement is None else await rows.find(SandboxWish, order_id=retirement.order_id)
        if retirement is None or wish is None or wish.registry is None:
            return
        # noted first: a fault that is lost with this process is missed, one that comes twice would never end
        if await rows.change(SandboxWish, {"order_id": wish.order_id, "struck": None}, struck=reference) == 1:
            try:
                await self._doubles.strike(retirement.registry, RegistryWish(wish.registry), reference)
            except DoubleUnreachable as down:
                raise RegistryUnreachable(str(down)) from down
