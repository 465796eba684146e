"""Refusals around products. Each is named after the rule it protects."""

from marketplace.errors import MarketplaceError


class ProductNotFound(MarketplaceError):
    """There is no such product, or it is another organisation's; params: product_id."""

    code = "product_not_found"


class ProductEnded(MarketplaceError):
    """The product has ended: nothing is sold or covered any more; params: product_id."""

    code = "product_ended"


class PeriodsOverlap(MarketplaceError):
    """Another period of the product has some of these days; params: first_day, last_day."""

    code = "cover_periods_overlap"


class PeriodRefused(MarketplaceError):
    """A period ends before it begins or is longer than allowed; params: first_day, last_day, most_days."""

    code = "cover_period_refused"


class PeriodNotFound(MarketplaceError):
    """The product has no such period, or none that the day falls into; params: product_id."""

    code = "cover_period_not_found"


class FootprintVersionRefused(MarketplaceError):
    """More is to be covered than a unit emits, or a version of that day exists; params: from_day."""

    code = "footprint_version_refused"


class FootprintStartsLater(MarketplaceError):
    """The product's footprint is not known for that day yet; params: day."""

    code = "footprint_starts_later"


class SaleNotFound(MarketplaceError):
    """A return names a sale that was never counted; params: external_id."""

    code = "sale_not_found"


class ReturnsExceedSale(MarketplaceError):
    """More units would come back than were sold; params: external_id, units, left (units that can still come back)."""

    code = "returns_exceed_sale"


class CountedDifferently(MarketplaceError):
    """This source has been counted with other figures, and counts once; params: external_id."""

    code = "counted_differently"


class TooManyGrams(MarketplaceError):
    """The units come to more grams than one entry can hold; params: most_g."""

    code = "too_many_grams"


class SaleInFuture(MarketplaceError):
    """A sale or return that has not happened yet; params: external_id."""

    code = "sale_in_future"


class TopUpAboveLimit(MarketplaceError):
    """The purchase would exceed the rule's limit for the month; params: yen, most_yen."""

    code = "top_up_above_limit"


class RuleRefused(MarketplaceError):
    """A rule needs numbers above zero and a listing that is on offer; params: field."""

    code = "product_rule_refused"


class ShopNotFound(MarketplaceError):
    """There is no such shop, or its secret was revoked."""

    code = "shop_not_found"


class ShopSignatureRefused(MarketplaceError):
    """The body is not signed with the secret of this shop."""

    code = "shop_signature_refused"


class ShopOrderMalformed(MarketplaceError):
    """Signed, but not an order as shops send them; params: field."""

    code = "shop_order_malformed"


class ShopRefused(MarketplaceError):
    """A shop needs a name and at least one SKU; params: field."""

    code = "shop_refused"


class MonthNotOver(MarketplaceError):
    """A month is summed up once it is over in Japan; params: month."""

    code = "month_not_over"
