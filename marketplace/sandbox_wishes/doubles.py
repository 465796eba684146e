"""The two sandbox servers as those who may tell them what to do: a buyer at the payment page, the registry's administration."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from marketplace.sandbox_wishes.models import PaymentWish, RegistryWish

ANSWERS_WITHIN_SECONDS = 10
# the numbers are the payment provider's own test cards
CARDS: Mapping[PaymentWish, str] = {
    PaymentWish.PAID: "4242424242424242",
    PaymentWish.DECLINED_CARD: "4000000000000002",
}
_BUYER = {"email": "buyer@example.com", "expiry": "12/34", "cvc": "123"}
# as marketplace/registries/sandbox/faults.py names them; an answer that is cut off is a timeout that nobody has to wait for
FAULTS: Mapping[RegistryWish, Mapping[str, str | int]] = {
    RegistryWish.CLOSED_AT_NIGHT: {"kind": "closed", "seconds": 5},
    RegistryWish.TIMEOUT_AFTER_COMMIT: {"kind": "connection_lost"},
    RegistryWish.PARTIAL_ACCEPTANCE: {"kind": "partial_acceptance"},
    RegistryWish.SERIAL_CLASH: {"kind": "already_cancelled"},
}


class DoubleUnreachable(Exception):
    """A sandbox server did not do what it was asked; the job tries again."""

    code = "sandbox_double_unreachable"


@dataclass(frozen=True, slots=True)
class RegistryDouble:
    """Where one sandbox registry takes the wishes of its owner."""

    address: str
    token: SecretStr


@dataclass(frozen=True, slots=True)
class Doubles:
    """`payments` is the sandbox payment server's address, `registries` by registry code; what is not there is not offered."""

    payments: str | None
    registries: Mapping[str, RegistryDouble]
    transport: httpx.AsyncBaseTransport | None = None

    async def pay(self, session_id: str, wish: PaymentWish) -> None:
        """Fill in the payment page like a buyer. Paying twice is told by the page and changes nothing. Raises DoubleUnreachable."""
        await self._post(f"{self.payments}/c/pay/{session_id}", data=_BUYER | {"number": CARDS[wish]})

    async def strike(self, registry: str, wish: RegistryWish, reference: str) -> None:
        """Let the next application under the reference fail, once. Raises DoubleUnreachable."""
        double = self.registries[registry]
        headers = {"Authorization": f"Bearer {double.token.get_secret_value()}"}
        fault = {**FAULTS[wish], "reference": reference}
        await self._post(f"{double.address}/admin/faults", json=fault, headers=headers)

    async def _post(
        self,
        address: str,
        *,
        data: Mapping[str, str] | None = None,
        json: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        try:
            async with httpx.AsyncClient(
                transport=self.transport, timeout=ANSWERS_WITHIN_SECONDS, trust_env=False
            ) as client:
                answer = await client.post(address, data=data, json=json, headers=headers)
        except httpx.TransportError as error:
            raise DoubleUnreachable(f"no answer: {error!r}") from error
        # a declined card is answered 402, and that is what was asked for
        if answer.is_server_error or answer.status_code in {401, 404, 422}:
            raise DoubleUnreachable(f"the sandbox answered {answer.status_code}")
