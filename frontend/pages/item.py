"""What the code on one item says: its product, its batch and their cover, for whoever holds the item in hand."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.context import PageContext, services_of
from frontend.responses import page_response
from marketplace.accounts.models import Organisation
from marketplace.items import codes, scanning
from marketplace.items.errors import ItemCodeUnknown
from marketplace.items.scanning import MONTH, OFTEN_A_DAY, OFTEN_A_MONTH, Scanned

# Each reading is counted, so no cache answers in our place; and no search engine lists single items.
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
# Named in the refused page again, so that it can be mended.
LONGEST_SHOWN = 60


async def by_hand(request: Request) -> Response:
    """For a code that no camera reads: ?code= leads to its page."""
    if typed := request.query_params.get("code", "").strip():
        try:
            codes.read(typed)
        except ItemCodeUnknown:
            return _unknown(request, typed)
        locale = PageContext.of(request).locale
        plain = "".join(sign for sign in typed if sign.isalnum())
        return RedirectResponse(f"/i/{plain}?lang={locale}", status_code=303)
    return page_response(request, "pages/items/by_hand.html", typed="", unknown=False)


async def page(request: Request) -> Response:
    typed = request.path_params["code"]
    try:
        found = await scanning.scan(services_of(request).market, typed, counted=_is_read(request))
    except ItemCodeUnknown:
        return _unknown(request, typed)
    return await _shown(request, found)


async def _shown(request: Request, found: Scanned) -> Response:
    return page_response(
        request,
        "pages/items/item.html",
        headers=HEADERS,
        product=found.product,
        maker=(await Organisation.get(id=found.product.organisation_id)).name,
        batch=found.batch,
        item=found.item,
        withdrawn=found.withdrawn,
        standing=found.coverage,
        frequency=found.frequency.value,
        often_a_day=OFTEN_A_DAY,
        often_a_month=OFTEN_A_MONTH,
        month_days=MONTH.days,
    )


def _unknown(request: Request, typed: str) -> Response:
    return page_response(
        request, "pages/items/by_hand.html", status=404, headers=HEADERS, typed=typed[:LONGEST_SHOWN], unknown=True
    )


def _is_read(request: Request) -> bool:
    """Browsers that fetch ahead, and machines that only look whether the page is there, do not count."""
    return request.method == "GET" and "prefetch" not in request.headers.get("sec-purpose", "")
