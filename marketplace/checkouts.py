"""A payment page belongs to an order, to a plan, to a gift of a plan or to a deposit; each follows its own."""

from datetime import timedelta

from marketplace.deposits import service as deposits
from marketplace.market import Market
from marketplace.orders import settlement
from marketplace.payments.gateway import PaymentRefused
from marketplace.plans import beginning, gifts

IS_A_PLAN = "checkout_is_a_plan"


async def settle(market: Market, session_id: str) -> timedelta | None:
    """Job: ask the provider how a payment page stands now, and follow. Safe to repeat."""
    try:
        checkout = await market.payments.checkout(session_id)
    except PaymentRefused as refused:
        if refused.reason != IS_A_PLAN:
            raise
        await beginning.follow_checkout(market, session_id)
        return None
    if gifts.is_gift(checkout.order_id):
        await gifts.follow_checkout(market, checkout)
        return None
    if deposits.is_deposit(checkout.order_id):
        await deposits.follow(market, checkout)
        return None
    return await settlement.follow(market, checkout)
