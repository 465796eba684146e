"""Why an activity file is not taken."""

from marketplace.errors import MarketplaceError


class BulkFileTooLarge(MarketplaceError):
    """The file is larger than may be computed in the background; params: most, in megabytes."""

    code = "bulk_file_too_large"


class TooManyBulkRuns(MarketplaceError):
    """As many files are under way as there may be; params: most."""

    code = "too_many_bulk_runs"


class BulkRunNotFound(MarketplaceError):
    """There is no such run, or it is kept no longer; params: run_id."""

    code = "bulk_run_not_found"
