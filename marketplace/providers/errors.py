"""Refusals that providers meet on their own pages."""

from marketplace.errors import MarketplaceError


class AccountNotFound(MarketplaceError):
    """The provider has no such registry account; also the answer for another provider's account."""

    code = "account_not_found"


class HoldingNotFound(MarketplaceError):
    """The provider holds no such block; also the answer for another provider's holding."""

    code = "holding_not_found"


class ProviderNotFound(MarketplaceError):
    code = "provider_not_found"


class ListedAlready(MarketplaceError):
    """A holding is offered on one set of terms at a time; params: listing_id of the open one."""

    code = "listed_already"


class TermsRefused(MarketplaceError):
    """A listing's terms contradict themselves or the stock; params: field, rule, and the figure that counts."""

    code = "terms_refused"
