"""Accounts and transfers in memory, as a payment provider would remember them."""

from dataclasses import replace
from datetime import timedelta

from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused
from marketplace.payments.payout_gateway import OnboardingLink, PayoutAccount, Transfer


class FakePayouts:
    def __init__(self, clock) -> None:
        self.clock = clock
        self.accounts: dict[str, PayoutAccount] = {}
        self.transfers: dict[str, Transfer] = {}
        self.payments: list[str | None] = []
        self.reversals: dict[str, int] = {}
        self.failure: PaymentRefused | PaymentProviderUnreachable | None = None

    async def open_account(self, *, key: str, provider_id: str, email: str) -> PayoutAccount:
        if self.failure is not None:
            raise self.failure
        return self.accounts.setdefault(f"acct_{key}", PayoutAccount(f"acct_{key}", False, ("individual.dob",)))

    async def account(self, account_id: str) -> PayoutAccount:
        return self.accounts[account_id]

    async def onboarding_link(self, account_id: str, *, return_url: str, refresh_url: str) -> OnboardingLink:
        return OnboardingLink(f"https://pay.example/onboard/{account_id}", self.clock() + timedelta(minutes=5))

    async def transfer(self, account_id, amount, currency, *, payment, order_id, key) -> Transfer:
        if not self.accounts[account_id].ready:
            raise PaymentRefused("account_not_ready", account_id)
        if key not in self.transfers:
            self.transfers[key] = Transfer(f"tr_{len(self.transfers) + 1}", account_id, amount, currency, 0)
            self.payments.append(payment)
        assert self.transfers[key].amount == amount, "a key stands for one amount"
        return self.transfers[key]

    async def take_back(self, transfer_id: str, amount: int, *, key: str) -> Transfer:
        name = next(name for name, one in self.transfers.items() if one.id == transfer_id)
        if key not in self.reversals:
            self.reversals[key] = amount
            self.transfers[name] = replace(self.transfers[name], taken_back=self.transfers[name].taken_back + amount)
        return self.transfers[name]

    def fill_in(self, account_id: str) -> None:
        """The seller has answered all questions."""
        self.accounts[account_id] = PayoutAccount(account_id, True, ())
