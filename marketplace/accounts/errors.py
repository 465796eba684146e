"""Refusals at the door. None of them says whether an address, a person or a key exists."""

from marketplace.errors import MarketplaceError


class LinkNotUsable(MarketplaceError):
    """A sign-in link that is unknown, used, too old, or opened in another browser than the one that asked."""

    code = "link_not_usable"


class InvitationNotUsable(MarketplaceError):
    """An invitation that is unknown, accepted, withdrawn or too old."""

    code = "invitation_not_usable"


class RoleDoesNotFit(MarketplaceError):
    """An organisation has no such role, or only providers have; params: role."""

    code = "role_does_not_fit"


class LastOwnerStays(MarketplaceError):
    """An organisation with members keeps at least one owner."""

    code = "last_owner_stays"


class NotAMember(MarketplaceError):
    """The organisation has no such member."""

    code = "not_a_member"


class CodeRefused(MarketplaceError):
    """A one-time or recovery code that is wrong or was used before."""

    code = "code_refused"


class TooManyAttempts(MarketplaceError):
    """Codes were tried too often; params: retry_after_seconds."""

    code = "too_many_attempts"


class SecondFactorAlreadySet(MarketplaceError):
    """There is an authenticator already; it is removed with one of its codes before another takes its place."""

    code = "second_factor_already_set"


class PasskeyRefused(MarketplaceError):
    """The authenticator's answer does not prove what it should."""

    code = "passkey_refused"


class ApiKeyUnknown(MarketplaceError):
    """No such key, or it has expired or was revoked: which of these, nobody learns."""

    code = "api_key_unknown"


class ApiKeyOfOtherEnvironment(MarketplaceError):
    """A test key reaches sandboxes only, a live key the live service only."""

    code = "api_key_of_other_environment"


class ApiKeyNeeded(MarketplaceError):
    """This address answers to a key only."""

    code = "api_key_needed"


class ScopeMissing(MarketplaceError):
    """The key is not made for this; params: scope."""

    code = "scope_missing"


class ScopeUnknown(MarketplaceError):
    """Keys know no such scope; params: scope."""

    code = "scope_unknown"


class AlreadyOwned(MarketplaceError):
    """The order belongs to another organisation."""

    code = "order_already_owned"


class PersonUnknown(MarketplaceError):
    """Nobody of this address is meant; said to operators only."""

    code = "person_unknown"


class ProviderUnknown(MarketplaceError):
    """There is no such provider; params: provider_id."""

    code = "provider_unknown"


class AddressNotConfirmed(MarketplaceError):
    """Erasing cannot be undone, so the person types its own address first."""

    code = "address_not_confirmed"
