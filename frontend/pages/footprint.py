"""The result page of a footprint. Whoever has its address may read it; its id cannot be guessed."""

from starlette.requests import Request
from starlette.responses import Response

from frontend.access import noticing
from frontend.calculator_words import CalculatorWords
from frontend.context import PageContext, services_of
from frontend.footprint_extras import ACTIVITY_PERCENT, FACTOR_PERCENT, extras_of, notice_of
from frontend.footprint_view import view_of
from frontend.pages.calculator import ON_PAGES
from frontend.pages.footprint_files import kept
from frontend.responses import page_response


@noticing
async def page(request: Request) -> Response:
    footprint = await kept(request)
    recalled = await services_of(request).footprints.recalled(footprint)
    words = CalculatorWords(PageContext.of(request).locale)
    return page_response(
        request,
        "pages/footprint.html",
        footprint=view_of(request.path_params["footprint_id"], footprint, words),
        extras=extras_of(footprint, words),
        activity_percent=ACTIVITY_PERCENT,
        factor_percent=FACTOR_PERCENT,
        recalls=[notice_of(footprint, recall, words) for recall in recalled],
        has_form=footprint.type in ON_PAGES,
    )
