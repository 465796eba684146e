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


class ProviderExists(MarketplaceError):
    """The id or the registry account is entered already; params: what."""

    code = "provider_exists"


class ListedAlready(MarketplaceError):
    """A holding is offered on one set of terms at a time; params: listing_id of the open one."""

    code = "listed_already"


class CheckedListGone(MarketplaceError):
    """A checked list is brought in once and kept for a day; params: checked_id."""

    code = "checked_list_gone"


class TermsRefused(MarketplaceError):
    """A listing's terms contradict themselves or the stock; params: field, rule, and the figure that counts."""

    code = "terms_refused"


class NotAProvider(MarketplaceError):
    """The organisation is no provider."""

    code = "not_a_provider"
