"""Refusals of item codes and the batches that they belong to."""

from marketplace.errors import MarketplaceError


class ItemCodeUnknown(MarketplaceError):
    """Not a code of ours: mistyped, invented, or of another service. Which of these is not told."""

    code = "item_code_unknown"


class BatchNotFound(MarketplaceError):
    code = "batch_not_found"


class ItemsAboveCover(MarketplaceError):
    """Only units that certificates cover get codes; params: left_units."""

    code = "items_above_cover"


class BatchRefused(MarketplaceError):
    """A batch has a name and at least one item; params: field."""

    code = "batch_refused"


class LabelsRefused(MarketplaceError):
    """A sheet has labels of the batch, and no more than one file bears; params: most."""

    code = "labels_refused"
