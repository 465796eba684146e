"""The public log for people: how large it is, how it has grown, and how anyone keeps watch over it."""

from starlette.requests import Request
from starlette.responses import Response

from certificates.log.checkpoint import read_checkpoint
from certificates.log.store import NotInTheLog, latest_checkpoint
from certificates.models import LogCheckpoint
from frontend.context import services_of
from frontend.months import end_of, last_months
from frontend.responses import page_response
from marketplace.certification.log_growth import sizes_at
from marketplace.clock import japan_date


async def page(request: Request) -> Response:
    services = services_of(request)
    months = last_months(japan_date(services.market.clock()))
    sizes = await sizes_at([end_of(month) for month in months])
    size, signed_at, cosigned = 0, None, 0
    try:
        note = await latest_checkpoint()
    except NotInTheLog:
        pass  # nothing was ever certified: the page says so
    else:
        size = read_checkpoint(note).size
        signed_at = (await LogCheckpoint.get(size=size)).signed_at
        cosigned = len(note.signatures) - 1
    trust = services.market.log.trust
    return page_response(
        request,
        "pages/log.html",
        size=size,
        signed_at=signed_at,
        cosigned=cosigned,
        growth=list(zip(months, sizes, strict=True)),
        growth_places=[(count,) for count in sizes],
        key=trust.key,
        witnesses=trust.witnesses,
    )
