"""Pays providers of credits through Stripe Connect: separate charges and transfers, accounts that Stripe itself onboards."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import stripe

from marketplace.payments.gateway import PaymentRefused
from marketplace.payments.payout_gateway import OnboardingLink, PayoutAccount, Transfer
from marketplace.payments.stripe_connection import LONGEST_PAGE, StripeConnection, translated

if TYPE_CHECKING:
    from stripe.params import TransferCreateParams


class StripePayouts:
    """PayoutGateway by Stripe. It shares the connection of the StripeGateway, which closes it."""

    def __init__(self, connection: StripeConnection) -> None:
        self._connection = connection
        self._stripe = connection.client.v1

    async def open_account(self, *, key: str, provider_id: str, email: str) -> PayoutAccount:
        """An account opened unseen (its answer lost for good) holds nothing and can be paid nothing."""
        account = await self._connection.create(
            f"account:{key}",
            lambda options: self._stripe.accounts.create_async(
                {
                    "country": "JP",
                    "email": email,
                    # Stripe asks the provider for what the law wants to know, and shows it its own payouts
                    "controller": {
                        "stripe_dashboard": {"type": "express"},
                        "requirement_collection": "stripe",
                        "fees": {"payer": "application"},
                        "losses": {"payments": "application"},
                    },
                    "capabilities": {"transfers": {"requested": True}},
                    "metadata": {"provider_id": provider_id},
                },
                options,
            ),
        )
        return _account(account)

    async def account(self, account_id: str) -> PayoutAccount:
        async with translated():
            return _account(await self._stripe.accounts.retrieve_async(account_id))

    async def onboarding_link(self, account_id: str, *, return_url: str, refresh_url: str) -> OnboardingLink:
        async with translated():
            link = await self._stripe.account_links.create_async(
                {
                    "account": account_id,
                    "type": "account_onboarding",
                    "return_url": return_url,
                    "refresh_url": refresh_url,
                }
            )
        return OnboardingLink(link.url, datetime.fromtimestamp(link.expires_at, UTC))

    async def transfer(
        self, account_id: str, amount: int, currency: str, *, payment: str | None, order_id: str, key: str
    ) -> Transfer:
        """Raises PaymentRefused("idempotency_key_reused") if `key` already stands for another transfer."""
        transfer = await self._find_transfer(order_id, key)
        if transfer is None:
            parameters: TransferCreateParams = {
                "amount": amount,
                "currency": currency.lower(),
                "destination": account_id,
                "transfer_group": order_id,
                "metadata": {"key": key},
            }
            if payment is not None:
                # tied to the charge, so that it need not wait until that money is in our balance
                parameters["source_transaction"] = await self._charge_of(payment)
            transfer = await self._connection.create(
                f"transfer:{key}",
                lambda options: self._stripe.transfers.create_async(parameters, options),
                find=lambda: self._find_transfer(order_id, key),
            )
        sent = _transfer(transfer)
        if (sent.account, sent.amount, sent.currency) != (account_id, amount, currency):
            raise PaymentRefused("idempotency_key_reused", f"{key} already stands for {sent}")
        return sent

    async def take_back(self, transfer_id: str, amount: int, *, key: str) -> Transfer:
        """Raises PaymentRefused("idempotency_key_reused") if `key` already took back another amount."""
        reversal = await self._find_reversal(transfer_id, key)
        if reversal is None:
            reversal = await self._connection.create(
                f"reversal:{key}",
                lambda options: self._stripe.transfers.reversals.create_async(
                    transfer_id, {"amount": amount, "metadata": {"key": key}}, options
                ),
                find=lambda: self._find_reversal(transfer_id, key),
            )
        if reversal.amount != amount:
            raise PaymentRefused("idempotency_key_reused", f"{key} already took back {reversal.amount}, not {amount}")
        async with translated():
            return _transfer(await self._stripe.transfers.retrieve_async(transfer_id))

    async def _charge_of(self, payment: str) -> str:
        async with translated():
            intent = await self._stripe.payment_intents.retrieve_async(payment)
        charge = intent.latest_charge
        if charge is None or intent.status != "succeeded":
            raise PaymentRefused("payment_not_captured", f"{payment} has brought no money in")
        return charge if isinstance(charge, str) else charge.id

    async def _find_transfer(self, order_id: str, key: str) -> stripe.Transfer | None:
        async with translated():
            page = await self._stripe.transfers.list_async({"transfer_group": order_id, "limit": LONGEST_PAGE})
            async for transfer in page.auto_paging_iter():
                if transfer.metadata.to_dict().get("key") == key:
                    return transfer
        return None

    async def _find_reversal(self, transfer_id: str, key: str) -> stripe.TransferReversal | None:
        async with translated():
            page = await self._stripe.transfers.reversals.list_async(transfer_id, {"limit": LONGEST_PAGE})
            async for reversal in page.auto_paging_iter():
                if reversal.metadata is not None and reversal.metadata.to_dict().get("key") == key:
                    return reversal
        return None


def _account(account: stripe.Account) -> PayoutAccount:
    capabilities, requirements = account.capabilities, account.requirements
    can_receive = capabilities is not None and getattr(capabilities, "transfers", None) == "active"
    missing = requirements.currently_due if requirements is not None else None
    return PayoutAccount(account.id, can_receive and bool(account.payouts_enabled), tuple(missing or ()))


def _transfer(transfer: stripe.Transfer) -> Transfer:
    destination = transfer.destination
    return Transfer(
        id=transfer.id,
        account=destination if isinstance(destination, str) else destination.id if destination is not None else "",
        amount=transfer.amount,
        currency=transfer.currency.upper(),
        taken_back=transfer.amount_reversed,
    )
