"""Refusals of event pages."""

from marketplace.errors import MarketplaceError


class EventPageNotFound(MarketplaceError):
    code = "event_page_not_found"


class EventPageClosed(MarketplaceError):
    """Nobody joins any more."""

    code = "event_page_closed"


class CapBelowCommitted(MarketplaceError):
    """The organiser has promised more already; params: committed_yen."""

    code = "cap_below_committed"


class SharesChanged(MarketplaceError):
    """Price, cap or balance moved since the attendee saw who pays what: look again; nothing was ordered."""

    code = "shares_changed"


class OrganiserPartNotReady(MarketplaceError):
    """No open pool has the grams of both parts now, so that neither could be promised with the other."""

    code = "organiser_part_not_ready"


class ParticipationNotFound(MarketplaceError):
    code = "participation_not_found"
