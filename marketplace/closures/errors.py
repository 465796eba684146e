"""Refusals while something is closed, and of closing what cannot be closed."""

from marketplace.errors import MarketplaceError


class ClosedForNow(MarketplaceError):
    """An operator has closed this for a while; params: what, opens_at (ISO 8601 or None), retry_after_seconds."""

    code = "closed_for_now"


class RegistryClosed(MarketplaceError):
    """No new quotes are made for units of this registry at present; params: registry."""

    code = "registry_closed"


class NothingToClose(MarketplaceError):
    """There is no function or registry of this name; params: name."""

    code = "nothing_to_close"


class OpeningInThePast(MarketplaceError):
    """What is closed opens later than now."""

    code = "opening_in_the_past"
