"""What a plan refuses."""

from marketplace.errors import MarketplaceError


class PlanNotFound(MarketplaceError):
    code = "plan_not_found"


class MenuUnknown(MarketplaceError):
    """The list of suppliers in force has no such menu; params: menu."""

    code = "menu_unknown"


class UsageRefused(MarketplaceError):
    """A month's use cannot be calculated; params: field ("kwh" or "household_size"), reason, and what the reason names."""

    code = "usage_refused"


class MonthWithoutEmissions(MarketplaceError):
    """The supplier states no emissions for this menu, so there is nothing to offset."""

    code = "month_without_emissions"


class MonthTooLarge(MarketplaceError):
    """A plan covers less than a tonne a month; params: grams."""

    code = "month_too_large"


class PublicNameRefused(MarketplaceError):
    """Only initials stand on a plan's certificates, or nothing."""

    code = "public_name_refused"


class EffortMissing(MarketplaceError):
    """An offset is for what is left after an effort of one's own, which the certificates state."""

    code = "effort_missing"


class PlanNotChangeable(MarketplaceError):
    """The plan is in a state that does not allow this; params: state."""

    code = "plan_not_changeable"


class BillMonthUnknown(MarketplaceError):
    """No paid month of the plan begins then, or more than one does; params: month."""

    code = "bill_month_unknown"


class BillRowsRefused(MarketplaceError):
    """A table of bills was not taken; params: rows, each with line, code and params."""

    code = "bill_rows_refused"


class NothingExtra(MarketplaceError):
    """The month covers its bill already."""

    code = "nothing_extra"


class GiftMonthsRefused(MarketplaceError):
    """A gift is for 1 to 24 months; params: most."""

    code = "gift_months_refused"


class PlanPaymentDiffers(Exception):
    """The provider captured an amount that no terms of the plan know: a person must look."""

    code = "plan_payment_differs"
