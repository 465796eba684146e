"""What an order asks a sandbox to do to it."""

from pydantic import model_validator
from tortoise.backends.base.client import BaseDBAsyncClient

from api.calls import Call
from api.v1.shapes import Wish
from marketplace.accounts.errors import ApiKeyNeeded
from marketplace.orders.models import Order
from marketplace.sandbox_wishes import service
from marketplace.sandbox_wishes.errors import OnlyInSandbox
from marketplace.sandbox_wishes.models import PaymentWish, RegistryWish


class SandboxWishes(Wish):
    """What a sandbox does to this order; the live service refuses it by name.

    `payment`: a test card pays at once (`paid`), or is declined and the buyer leaves, so the order expires (`declined_card`).
    `registry`: what goes wrong, once, with the order's first application: the registry is closed and asked again
    (`closed_at_night`), cancels and its answer is lost (`timeout_after_commit`), confirms half of several tonnes
    (`partial_acceptance`), or refuses the serials as cancelled before (`serial_clash`).
    """

    payment: PaymentWish | None = None
    registry: RegistryWish | None = None

    @model_validator(mode="after")
    def _wishes_something(self) -> "SandboxWishes":
        if self.payment is None and self.registry is None:
            raise ValueError("payment_or_registry")
        return self

    def check_asked_by(self, call: Call) -> None:
        """Raises OnlyInSandbox, ApiKeyNeeded."""
        if call.services.environment != "sandbox":
            raise OnlyInSandbox("nothing is done to a live order on request", field="sandbox")
        if call.holder is None:
            raise ApiKeyNeeded("a sandbox does what a test key asks for", field="sandbox")

    async def note(self, tx: BaseDBAsyncClient, call: Call, order: Order) -> None:
        """In the transaction that places the order. Raises FaultNotOffered."""
        await service.note(tx, call.services.market, order, payment=self.payment, registry=self.registry)
