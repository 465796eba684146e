"""A seller's account at the payment provider: opened once, filled in on the provider's own pages, then ready for money."""

import json

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.market import Market
from marketplace.payments.payout_gateway import OnboardingLink, PayoutAccount
from marketplace.payouts import service as payouts
from marketplace.payouts.models import Payout, PayoutAccountRecord
from marketplace.payouts.states import UNSENT


async def begin(market: Market, provider_id: str, *, email: str, page_url: str) -> OnboardingLink:
    """Open the account if there is none, and make a fresh link to the page that asks for what is missing.

    The link is good for one visit; both ways back lead to `page_url`. Raises PaymentProviderUnreachable, PaymentRefused.
    """
    known = await PayoutAccountRecord.get_or_none(provider_id=provider_id)
    if known is None:
        account = await market.payouts.open_account(key=provider_id, provider_id=provider_id, email=email)
        await _keep(market, provider_id, account)
        account_id = account.id
    else:
        account_id = known.account
    return await market.payouts.onboarding_link(account_id, return_url=page_url, refresh_url=page_url)


async def follow(market: Market, account_id: str) -> None:
    """Job after an event about an account, or a visitor's return: read it again; what waited for it may now go."""
    known = await PayoutAccountRecord.get_or_none(account=account_id)
    if known is not None:
        await _keep(market, known.provider_id, await market.payouts.account(account_id))


async def _keep(market: Market, provider_id: str, account: PayoutAccount) -> None:
    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        await tx.execute_query(
            sql(
                tx,
                "INSERT INTO payout_account (provider_id, account, ready, missing, changed_at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (provider_id) DO UPDATE SET ready = excluded.ready, missing = excluded.missing, "
                "changed_at = excluded.changed_at",
            ),
            [provider_id, account.id, account.ready, json.dumps(account.missing), now],
        )
        if account.ready:
            for payout in await Payout.filter(provider_id=provider_id, state__in=UNSENT):
                await payouts.enqueue(payout, f"ready:{now.isoformat()}", at=now)

    await run_tx(work)
