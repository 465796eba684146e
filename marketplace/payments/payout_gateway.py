"""What the market asks of a payment provider to pay providers of credits. Amounts are integer minor units; JPY: yen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PayoutAccount:
    """A credit provider's account at the payment provider. Money can be sent to it once it is `ready`.

    `missing` names, in the payment provider's words, what it still wants to know; its onboarding page asks for it.
    """

    id: str
    ready: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OnboardingLink:
    """A page for one visit soon: it is made afresh each time somebody wants to go there."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money sent to an account. `taken_back` is how much of it came back."""

    id: str
    account: str
    amount: int
    currency: str
    taken_back: int


class PayoutGateway(Protocol):
    """Raises PaymentProviderUnreachable or PaymentRefused. The same `key` is the same act, for ever."""

    async def open_account(self, *, key: str, provider_id: str, email: str) -> PayoutAccount: ...

    async def account(self, account_id: str) -> PayoutAccount: ...

    async def onboarding_link(self, account_id: str, *, return_url: str, refresh_url: str) -> OnboardingLink:
        """`refresh_url` is where the provider sends a visitor whose link was old: make a new one there.

        That somebody came back to `return_url` does not mean that anything was filled in; read the account.
        """
        ...

    async def transfer(
        self, account_id: str, amount: int, currency: str, *, payment: str | None, order_id: str, key: str
    ) -> Transfer:
        """Send a part of what `payment` brought in. All transfers of one payment together never exceed it.

        Without a payment (the order was prepaid) it comes out of our balance at the provider, which may be too low.
        """
        ...

    async def take_back(self, transfer_id: str, amount: int, *, key: str) -> Transfer:
        """Take back a part of a transfer, after a refund or a lost dispute. Returns the transfer as it is then."""
        ...
