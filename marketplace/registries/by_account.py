"""One registry reached in two ways: most accounts through an interface, some by hand at the desk."""

from collections.abc import Mapping, Sequence

from marketplace.registries.gateway import (
    CancellationReport,
    CancellationRequest,
    HoldingReport,
    RegistryGateway,
)


class ByAccount:
    """Implements RegistryGateway. `special` by account number; every other account goes through `usual`."""

    def __init__(self, usual: RegistryGateway, special: Mapping[str, RegistryGateway]) -> None:
        self._usual, self._special = usual, special

    def _of(self, account: str) -> RegistryGateway:
        return self._special.get(account, self._usual)

    def by_hand(self, account: str) -> bool:
        return self._of(account).by_hand(account)

    async def submit(self, request: CancellationRequest) -> CancellationReport:
        return await self._of(request.account).submit(request)

    async def look_up(self, reference: str) -> CancellationReport | None:
        """A reference went one way only, and those by hand are found without leaving the house."""
        for gateway in dict.fromkeys(self._special.values()):
            if (report := await gateway.look_up(reference)) is not None:
                return report
        return await self._usual.look_up(reference)

    async def holdings(self, account: str) -> Sequence[HoldingReport]:
        return await self._of(account).holdings(account)
