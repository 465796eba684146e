"""What our own books say about the serials of one registry account."""

import json
from collections.abc import Sequence

from marketplace.inventory.models import Holding, Interval
from marketplace.inventory.states import IntervalState
from marketplace.registries.reconciliation import Believed, BelievedRange
from marketplace.retirements.models import Retirement
from marketplace.retirements.states import RetirementState

_STATES = {IntervalState.CANCELLING: Believed.CANCELLING, IntervalState.CANCELLED: Believed.CANCELLED}


async def believed(registry: str, account: str) -> Sequence[BelievedRange]:
    """Every serial of the account's holdings, in the registry's own names for account and block."""
    holdings = await Holding.filter(account__registry=registry, account__number=account).prefetch_related("block")
    blocks = {holding.id: holding.block.certification_number for holding in holdings}
    intervals = await Interval.filter(holding_id__in=list(blocks)).order_by("first_serial")
    retirements = {
        row.interval_id: row
        for row in await Retirement.filter(interval_id__in=[i.id for i in intervals if i.state in _STATES])
        .exclude(state=RetirementState.REJECTED)
        .only("id", "interval_id", "request", "recorded_on", "notice_number")
    }
    return [
        _range(account, blocks[interval.holding_id], interval, retirements.get(interval.id)) for interval in intervals
    ]


def _range(account: str, block: str, interval: Interval, retirement: Retirement | None) -> BelievedRange:
    state = _STATES.get(IntervalState(interval.state), Believed.HELD)
    if retirement is None:
        return BelievedRange(account, block, interval.serials, state)
    return BelievedRange(
        account,
        block,
        interval.serials,
        state,
        # the reference that the registry was given
        reference=json.loads(retirement.request)["reference"],
        recorded_on=retirement.recorded_on,
        notice_number=retirement.notice_number,
    )
