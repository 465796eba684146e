"""Refusals of the market. Each is named after the rule it protects and carries a stable code.

`params` are the facts a sentence in any language needs; the sentences themselves live in frontend/locale.
"""


class MarketplaceError(Exception):
    code: str

    def __init__(self, message: str, **params: object) -> None:
        super().__init__(message)
        self.params = params


class MoveNotAllowed(MarketplaceError):
    """A state machine has no such arrow, or somebody else moved the row first."""

    code = "move_not_allowed"


class NotEnoughUnits(MarketplaceError):
    """The listing has fewer free tonnes than asked for; params: listing_id, asked, free."""

    code = "not_enough_units"


class BelowMinimum(MarketplaceError):
    """The listing sells at least `minimum` tonnes per order; params: listing_id, minimum."""

    code = "below_minimum"


class PoolNotOffered(MarketplaceError):
    """Less than a tonne is not sold of this listing: its registry has no pools; params: listing_id, registry."""

    code = "pool_not_offered"


class MixNotAvailable(MarketplaceError):
    """Fewer projects than wished for can give their share now; params: projects, found."""

    code = "mix_not_available"


class BudgetTooLow(MarketplaceError):
    """The budget does not pay for the smallest amount; params: budget."""

    code = "budget_too_low"


class ClaimNotConfirmed(MarketplaceError):
    """Credits of this kind are not confirmed for that use; params: kind, purpose."""

    code = "claim_not_confirmed"


class ListingClosed(MarketplaceError):
    """The listing is not offered any more; params: listing_id."""

    code = "listing_closed"


class UseNotPermitted(MarketplaceError):
    """The provider does not sell these credits for this purpose; params: listing_id, purpose."""

    code = "use_not_permitted"


class TextTooLongForRegistry(MarketplaceError):
    """A text that becomes final does not fit the registry's form; params: field, limit (characters), registry."""

    code = "text_too_long_for_registry"


class ListingNotFound(MarketplaceError):
    code = "listing_not_found"


class ProjectNotFound(MarketplaceError):
    """The catalogue has no project with this key; params: key."""

    code = "project_not_found"


class QuoteNotFound(MarketplaceError):
    code = "quote_not_found"


class QuoteExpired(MarketplaceError):
    """The price and the units were held until a deadline that has passed; params: quote_id."""

    code = "quote_expired"


class QuoteUsed(MarketplaceError):
    """A quote makes one order only; params: quote_id."""

    code = "quote_used"


class TotalAboveLimit(MarketplaceError):
    """The quote costs more than the buyer's own `max_total`; params: total_yen, max_total."""

    code = "total_above_limit"


class ConsentMissing(MarketplaceError):
    """The irreversible registry texts were not confirmed by the buyer as shown."""

    code = "consent_missing"


class OrderNotFound(MarketplaceError):
    code = "order_not_found"


class OrderNotCancellable(MarketplaceError):
    """The cancellation in the registry is under way or done, or a payment was promised that cannot be called off; params: state."""

    code = "order_not_cancellable"


class NoBalance(MarketplaceError):
    """Only an organisation has a prepaid balance; this order is a guest's."""

    code = "no_balance"


class BelowSmallestPayment(MarketplaceError):
    """The payment provider takes no payment as small as this; params: total_yen, smallest_yen."""

    code = "below_smallest_payment"


class TopUpTooEarly(MarketplaceError):
    """Only an order that is fulfilled can be topped up; params: state."""

    code = "top_up_too_early"


class NothingToTopUp(MarketplaceError):
    """The earlier order covers the footprint already; params: covered_g, total_g."""

    code = "nothing_to_top_up"


class ExternalIdTaken(MarketplaceError):
    """Another order already carries this external_id; params: external_id."""

    code = "external_id_taken"


class FootprintNotFound(MarketplaceError):
    code = "footprint_not_found"


class OverlappingBlock(MarketplaceError):
    """These serials are already on the books; params: registry, prefix, first, last."""

    code = "overlapping_block"


class BalanceTooLow(MarketplaceError):
    """The prepaid balance does not cover this; params: buyer, yen (asked for), available_yen."""

    code = "balance_too_low"


class RefundTooLarge(MarketplaceError):
    """There is not as much left to give back; params: yen (asked for), left_yen."""

    code = "refund_too_large"


class RefundKeyReused(MarketplaceError):
    """The key stands for another refund already; params: key."""

    code = "refund_key_reused"


class InvoiceNotFound(MarketplaceError):
    """The order has no such document; nothing is invoiced before it is paid. Params: order_id."""

    code = "invoice_not_found"


class RegistrationNumberRefused(MarketplaceError):
    """A registration number for qualified invoices is T and 13 digits; params: number."""

    code = "registration_number_refused"


class SellerNotFound(MarketplaceError):
    """There is no provider with this id; params: provider_id."""

    code = "seller_not_found"
