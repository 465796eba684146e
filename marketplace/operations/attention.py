"""Everything that waits for a person, oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from marketplace.clock import Clock
from marketplace.mail.models import Mail, MailState
from marketplace.outbox.models import Job
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState

SHOWN = 200
# A look-up answers within seconds; what is still unknown after this long is not a passing failure.
UNKNOWN_FOR_LONG = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Attention:
    """At most SHOWN of each. `reviewed`: the registry's answer does not fit the request. `unknown`: there is no answer."""

    parked: Sequence[Job]
    reviewed: Sequence[Retirement]
    unknown: Sequence[Retirement]
    refused_mails: int

    @property
    def nothing(self) -> bool:
        return not (self.parked or self.reviewed or self.unknown or self.refused_mails)


async def needed() -> Attention:
    # the notice's document is large and not shown here
    columns = ("id", "order_id", "reference", "state", "registry", "submitted_at", "review_reason", "created_at")
    under_way = (RetirementState.QUEUED, RetirementState.SUBMITTED, RetirementState.UNKNOWN)
    return Attention(
        parked=await Job.filter(parked_at__isnull=False).order_by("parked_at").limit(SHOWN),
        reviewed=await Retirement.filter(review_reason__isnull=False, state__in=under_way)
        .only(*columns)
        .order_by("id")
        .limit(SHOWN),
        unknown=await Retirement.filter(state=RetirementState.UNKNOWN, review_reason__isnull=True)
        .only(*columns)
        .order_by("submitted_at")
        .limit(SHOWN),
        refused_mails=await Mail.filter(state=MailState.REFUSED).count(),
    )


async def long_unknown(clock: Clock) -> Sequence[Retirement]:
    """Retirements whose outcome has been unknown for longer than a passing failure lasts."""
    before = clock() - UNKNOWN_FOR_LONG
    return (
        await Retirement.filter(state=RetirementState.UNKNOWN, submitted_at__lte=before)
        .only("id", "order_id", "reference", "registry", "submitted_at")
        .order_by("submitted_at")
        .limit(SHOWN)
    )
