"""Why an endpoint or an event is refused."""

from marketplace.errors import MarketplaceError


class EndpointNotFound(MarketplaceError):
    """The organisation has no such endpoint."""

    code = "webhook_endpoint_not_found"


class EndpointExists(MarketplaceError):
    """The organisation has an endpoint at this address already; params: id."""

    code = "webhook_endpoint_exists"


class TooManyEndpoints(MarketplaceError):
    """params: most."""

    code = "too_many_webhook_endpoints"


class AddressNotAllowed(MarketplaceError):
    """We do not send to this address; params: reason, one of addresses.Reason."""

    code = "webhook_address_not_allowed"


class EventNotFound(MarketplaceError):
    """The organisation has no such event, or had it more than thirty days ago."""

    code = "event_not_found"
