"""The public page of a product: what is covered, by which certificates, of which footprint; open to everyone."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from certificates.records import find_all
from frontend.context import PageContext, services_of
from frontend.market_words import MarketWords
from frontend.responses import page_response
from marketplace.accounts.models import Organisation
from marketplace.products import service as products
from marketplace.products.coverage import coverage
from marketplace.products.errors import ProductNotFound


async def page(request: Request) -> Response:
    try:
        product = await products.find_by_number(request.path_params["number"])
    except ProductNotFound as unknown:
        raise HTTPException(404) from unknown
    standing = await coverage(product, products.today(services_of(request).market))
    records = await find_all(standing.certificates)
    words = MarketWords(PageContext.of(request).locale)
    versions = await products.versions_of(product.id)
    return page_response(
        request,
        "pages/products/public.html",
        headers={"Cache-Control": "public, max-age=300"},
        product=product,
        maker=(await Organisation.get(id=product.organisation_id)).name,
        standing=standing,
        version=next((one for one in versions if one.from_day <= standing.on), None),
        certificates=[records[number] for number in standing.certificates],
        projects=lambda record: words.list_of(
            sorted({words.name(one.project) for one in record.statement.cancellations})
        ),
    )
