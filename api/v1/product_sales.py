"""What was sold of a product and what came back: each counts once, whoever reports it and however often."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.products import CoverageView, ProductPath
from api.v1.shapes import View, WholeNumber, Wish
from marketplace.accounts.keys import Scope
from marketplace.products import service as products
from marketplace.products.counting import MOST_UNITS, Fate, Movement, count, goods_back, sale
from marketplace.products.coverage import coverage
from marketplace.products.errors import (
    CountedDifferently,
    FootprintStartsLater,
    ProductEnded,
    ProductNotFound,
    ReturnsExceedSale,
    SaleInFuture,
    SaleNotFound,
    TooManyGrams,
)

TAG = "Products"
MOST_ROWS = 1_000
LARGEST_BODY = 400_000

OwnNumber = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
Units = Annotated[WholeNumber, Field(ge=1, le=MOST_UNITS)]


class SaleWish(Wish):
    external_id: Annotated[OwnNumber, Field(description="Your own number of it; counts once for ever.")]
    units: Units
    at: Annotated[AwareDatetime, Field(description="When it was sold, with its offset; the day in Japan counts.")]


class ReturnWish(Wish):
    external_id: Annotated[OwnNumber, Field(description="Your own number of the return; counts once for ever.")]
    of: Annotated[OwnNumber, Field(description="external_id of the sale.")]
    units: Units
    at: AwareDatetime


class SalesBody(Wish):
    sales: Annotated[list[SaleWish], Field(min_length=1, max_length=MOST_ROWS)]


class ReturnsBody(Wish):
    returns: Annotated[list[ReturnWish], Field(min_length=1, max_length=MOST_ROWS)]


class CountedView(View):
    external_id: str
    outcome: Literal["counted", "known"]


class SalesView(View):
    """`known` rows were counted before and changed nothing. `coverage` is how the product stands now."""

    rows: list[CountedView]
    coverage: CoverageView


REFUSES = (
    ProductNotFound,
    ProductEnded,
    CountedDifferently,
    FootprintStartsLater,
    SaleInFuture,
    TooManyGrams,
)


@endpoint(
    "POST",
    "/v1/products/{product_id}/sales",
    answers={200: SalesView},
    refuses=REFUSES,
    tag=TAG,
    key=KeyPolicy.OPTIONAL,
    most_bytes=LARGEST_BODY,
    example={"sales": [{"external_id": "1001", "units": 2, "at": "2026-11-20T12:00:00+09:00"}]},
    scope=Scope.PRODUCTS_WRITE,
    only_with_key=True,
)
async def report_sales(call: Call, path: ProductPath, body: SalesBody) -> Reply:
    """Report what was sold

    All rows or none: the first that cannot be counted refuses the request. Selling more than is covered is not refused; it
    shows at once, on the badge too.
    """
    return await _counted(call, path, [sale(one.external_id, one.units, one.at) for one in body.sales])


@endpoint(
    "POST",
    "/v1/products/{product_id}/returns",
    answers={200: SalesView},
    refuses=(*REFUSES, SaleNotFound, ReturnsExceedSale),
    tag=TAG,
    key=KeyPolicy.OPTIONAL,
    most_bytes=LARGEST_BODY,
    example={"returns": [{"external_id": "r-1", "of": "1001", "units": 1, "at": "2026-11-22T09:00:00+09:00"}]},
    scope=Scope.PRODUCTS_WRITE,
    only_with_key=True,
)
async def report_returns(call: Call, path: ProductPath, body: ReturnsBody) -> Reply:
    """Report what came back

    A return stands on its sale and never gives back more than that sale took.
    """
    return await _counted(
        call, path, [goods_back(one.external_id, one.units, one.at, of=one.of) for one in body.returns]
    )


async def _counted(call: Call, path: ProductPath, movements: list[Movement]) -> Reply:
    market = call.services.market
    product = await products.own(call.actor, path.product_id)
    outcomes = await count(market, product.id, movements)
    return Reply(
        SalesView(
            rows=[
                CountedView(
                    external_id=one.movement.external_id, outcome="counted" if one.fate is Fate.NEW else "known"
                )
                for one in outcomes
            ],
            coverage=CoverageView.of(await coverage(product, products.today(market))),
        )
    )
