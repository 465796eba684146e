"""Two footprints side by side: what was estimated, and what it turned out to be."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.calculator_words import CalculatorWords
from frontend.context import PageContext
from frontend.pages.footprint_files import kept
from frontend.responses import page_response
from offset_calc.comparison import compare


async def page(request: Request) -> Response:
    """Category by category in the order of the first; two footprints of different types are no pair."""
    before, after = await kept(request, "before"), await kept(request, "after")
    if before.type != after.type:
        raise HTTPException(404)
    words = CalculatorWords(PageContext.of(request).locale)
    comparison = compare(before, after)
    return page_response(
        request,
        "pages/compare.html",
        before_id=request.path_params["before"],
        after_id=request.path_params["after"],
        before=before,
        after=after,
        comparison=comparison,
        changes=[(words.of(f"category.{change.category}"), change) for change in comparison.changes],
        largest=max((max(c.before.value, c.after.value) for c in comparison.changes), default=0),
    )
