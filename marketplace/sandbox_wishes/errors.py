"""What asking for faults refuses."""

from marketplace.errors import MarketplaceError


class OnlyInSandbox(MarketplaceError):
    """The live service does nothing to an order on request; params: field."""

    code = "only_in_sandbox"


class FaultNotOffered(MarketplaceError):
    """Nothing of this order reaches a sandbox that could do it; params: field."""

    code = "fault_not_offered"
