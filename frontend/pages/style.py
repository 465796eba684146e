"""The living style page: every component once, in the reader's language and theme."""

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from frontend.months import last_months
from frontend.responses import page_response

# Sample values that only show the setting; the page says that they are samples.
SAMPLE_GRAMS = (6_231_480_125, 1_204_007_300, 402_118_000, 96_450_125)
SAMPLE_COLOURS = (
    "paper",
    "paper-raised",
    "paper-sunk",
    "ink",
    "ink-soft",
    "indigo",
    "cancelled",
    "waiting",
    "refused",
    "sandbox",
)


SAMPLE_MOMENT = datetime(2026, 11, 22, 1, 5, tzinfo=UTC)


async def page(request: Request) -> Response:
    return page_response(
        request,
        "pages/style.html",
        grams=SAMPLE_GRAMS,
        colours=SAMPLE_COLOURS,
        opened=SAMPLE_MOMENT,
        sample_months=last_months(SAMPLE_MOMENT.date(), 6),
    )
