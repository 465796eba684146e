"""Refusals of the desk. Each is named after the rule it protects."""

from marketplace.errors import MarketplaceError
from marketplace.registries.desk.comparison import BlockComparison
from marketplace.registries.matching import Difference


class ApplicationNotFound(MarketplaceError):
    """No such application, or not one that this person may see."""

    code = "application_not_found"


class NothingWaits(MarketplaceError):
    """What was to be frozen has been frozen already, or nothing of it was left."""

    code = "nothing_waits"


class HeldBySomebodyElse(MarketplaceError):
    """Only whoever holds an application works on it; take it over first."""

    code = "held_by_somebody_else"


class FieldsTooLong(MarketplaceError):
    """The registry's form cannot take these texts; params: fields."""

    code = "fields_too_long"


class ActInFuture(MarketplaceError):
    """The act at the registry cannot have happened on a day that is still to come (Japan time)."""

    code = "act_in_future"


class DocumentRefused(MarketplaceError):
    """The upload cannot be a notice; params: reason (missing, too_large, wrong_kind), most_mb."""

    code = "document_refused"


class NoticeAlreadyUsed(MarketplaceError):
    """A notice with this number has settled another application of this registry; params: number."""

    code = "notice_already_used"


class NoticeDiffers(MarketplaceError):
    """The notice does not say what was applied for, so nothing is confirmed.

    `rows` compare the serials block by block. `partial` says that serials are missing and nothing else is wrong: if the
    notice itself names fewer, its part can be confirmed with a reason.
    """

    code = "notice_differs"

    def __init__(
        self, differences: tuple[Difference, ...], rows: tuple[BlockComparison, ...], *, partial: bool
    ) -> None:
        super().__init__(", ".join(difference.code for difference in differences))
        self.differences, self.rows, self.partial = differences, rows, partial
