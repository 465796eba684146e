"""What a deposit refuses."""

from marketplace.errors import MarketplaceError


class DepositsNotTaken(MarketplaceError):
    """The operator takes no money ahead."""

    code = "deposits_not_taken"


class DepositTooSmall(MarketplaceError):
    """The payment provider takes no smaller payment; params: least_yen."""

    code = "deposit_too_small"


class DepositTooLarge(MarketplaceError):
    """The balance would hold more than the operator keeps for one organisation; params: most_yen, room_yen."""

    code = "deposit_too_large"


class DepositNotFound(MarketplaceError):
    code = "deposit_not_found"
