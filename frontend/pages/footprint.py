"""The result page of a footprint. Whoever has its address may read it; its id cannot be guessed."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.calculator_words import CalculatorWords
from frontend.context import PageContext, services_of
from frontend.footprint_view import view_of
from frontend.responses import page_response


async def page(request: Request) -> Response:
    services = services_of(request)
    footprint_id = request.path_params["footprint_id"]
    footprint = await services.footprints.load(footprint_id)
    if footprint is None:
        raise HTTPException(404)
    words = CalculatorWords(PageContext.of(request).locale)
    return page_response(request, "pages/footprint.html", footprint=view_of(footprint_id, footprint, words))
