"""Codes for the single items of a product: batches of them, and what one code says."""

import asyncio
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response, StreamingResponse

from api.calls import Call, Content, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.orders import LocaleTag
from api.v1.products import CoverageView, ProductPath
from api.v1.shapes import Cursor, Id, Page, PageSize, View, WholeNumber, Wish, cursor_after, place_in
from marketplace.accounts.keys import Scope
from marketplace.items import batches, labels, scanning
from marketplace.items.batches import LONGEST_NAME, MOST_ITEMS_OF_A_BATCH, BatchWish
from marketplace.items.errors import BatchNotFound, BatchRefused, ItemCodeUnknown, ItemsAboveCover, LabelsRefused
from marketplace.items.models import BatchState, ItemBatch
from marketplace.items.scanning import Frequency
from marketplace.products import service as products
from marketplace.products.errors import PeriodNotFound, ProductEnded, ProductNotFound

TAG = "Codes on items"
LABELS = Content(
    "application/pdf", "Labels on A4, each with QR code, code and the product's name; a sandbox's are marked."
)
CODES = Content("text/csv", "A row per item: its number, its code, the address for a QR code, product and batch.")


# the sheets of marketplace/items/sheets.toml
Layout = Literal["a4_24", "a4_44", "a4_65"]


class BatchBody(Wish):
    """`made_on` chooses the period whose covered units get codes; `name` is your own, such as the lot."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    made_on: date
    items: Annotated[WholeNumber, Field(ge=1, le=MOST_ITEMS_OF_A_BATCH)]


class BatchPath(ProductPath):
    batch_id: Id


class BatchesQuery(Wish):
    limit: PageSize = 25
    cursor: Cursor = None


class LabelsQuery(Wish):
    """Labels `first` to `first + count - 1` of the batch; `layout` is A4 with that many labels on a page."""

    layout: Layout = "a4_24"
    first: Annotated[int, Field(ge=1, le=MOST_ITEMS_OF_A_BATCH)] = 1
    count: Annotated[int, Field(ge=1, le=labels.MOST_LABELS)]
    lang: LocaleTag = "ja"


class OftenView(View):
    item: int
    scans: int


class BatchView(View):
    """`read_items`: how many of the items were looked up within thirty days; `often`: those that a copied label may be behind."""

    id: str
    url: str
    product_id: str
    period_id: str
    name: str
    made_on: date
    items: int
    state: BatchState
    read_items: int
    often: list[OftenView]
    created_at: datetime
    withdrawn_at: datetime | None


class ItemPath(Wish):
    code: Annotated[str, Field(min_length=1, max_length=100, description="As it stands on the item, in groups or not.")]


class ItemView(View):
    """A code of ours is no proof that the label is not a copy: `frequency` says how often it was looked up lately."""

    code: str
    page_url: str
    product_id: str
    product: str
    batch: str
    made_on: date
    item: int
    withdrawn: bool
    frequency: Frequency
    coverage: CoverageView


@endpoint(
    "POST",
    "/v1/products/{product_id}/item_batches",
    answers={201: BatchView},
    refuses=(ProductNotFound, ProductEnded, PeriodNotFound, BatchRefused, ItemsAboveCover),
    tag=TAG,
    key=KeyPolicy.REQUIRED,
    example={"name": "Lot 7", "made_on": "2026-11-20", "items": 100},
    scope=Scope.PRODUCTS_WRITE,
    only_with_key=True,
)
async def make_item_batch(call: Call, path: ProductPath, body: BatchBody) -> Reply:
    """Make codes for covered units

    As many as certificates cover and no more; fetch them as CSV, or as PDF sheets of labels.
    """
    if made := await call.made_before():
        batch = await batches.of_product(await products.own(call.actor, path.product_id), made)
    else:
        wish = BatchWish(body.name, body.made_on, body.items)
        batch = await batches.make(call.services.market, call.actor, path.product_id, wish, note_made=call.note_made)
    view = await _view(call, batch)
    return Reply(view, 201, location=view.url)


@endpoint(
    "GET",
    "/v1/products/{product_id}/item_batches",
    answers={200: Page[BatchView]},
    refuses=(ProductNotFound,),
    tag=TAG,
    scope=Scope.PRODUCTS_READ,
    only_with_key=True,
)
async def list_item_batches(call: Call, path: ProductPath, query: BatchesQuery) -> Reply:
    """List a product's batches

    Newest first, withdrawn ones included.
    """
    product = await products.own(call.actor, path.product_id)
    before = None if query.cursor is None else place_in(query.cursor, 1)[0]
    found = await batches.all_of(product, limit=query.limit + 1, before=before)
    page = found[: query.limit]
    return Reply(
        Page[BatchView](
            data=[await _view(call, batch) for batch in page],
            next_cursor=cursor_after(page[-1].id) if len(found) > query.limit else None,
        )
    )


@endpoint(
    "GET",
    "/v1/products/{product_id}/item_batches/{batch_id}",
    answers={200: BatchView},
    refuses=(ProductNotFound, BatchNotFound),
    tag=TAG,
    scope=Scope.PRODUCTS_READ,
    only_with_key=True,
)
async def read_item_batch(call: Call, path: BatchPath) -> Reply:
    """Read a batch and how often its codes are looked up"""
    return Reply(await _view(call, await _own(call, path)))


@endpoint(
    "GET",
    "/v1/products/{product_id}/item_batches/{batch_id}/codes.csv",
    answers={200: CODES},
    refuses=(ProductNotFound, BatchNotFound),
    tag=TAG,
    scope=Scope.PRODUCTS_READ,
    only_with_key=True,
)
async def read_item_codes(call: Call, path: BatchPath) -> StreamingResponse:
    """Fetch the codes of a batch"""
    product, batch = await products.own(call.actor, path.product_id), await _own(call, path)
    headers = {"Content-Disposition": f'attachment; filename="item-codes-{batch.id}.csv"'}
    secret = batches.secret_of(call.services.market, batch)
    rows = labels.table(product, batch, secret=secret, origin=call.services.public_origin)
    return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)


@endpoint(
    "GET",
    "/v1/products/{product_id}/item_batches/{batch_id}/labels.pdf",
    answers={200: LABELS},
    refuses=(ProductNotFound, BatchNotFound, LabelsRefused),
    tag=TAG,
    query_example={"layout": "a4_24", "first": "1", "count": "24"},
    scope=Scope.PRODUCTS_READ,
    only_with_key=True,
)
async def print_item_labels(call: Call, path: BatchPath, query: LabelsQuery) -> Response:
    """Print labels of a batch

    At most 500 in a file. The CSV has all codes for a printer of your own.
    """
    product, batch = await products.own(call.actor, path.product_id), await _own(call, path)
    pdf = await asyncio.to_thread(
        labels.pdf,
        product,
        batch,
        labels.sheets()[query.layout],
        secret=batches.secret_of(call.services.market, batch),
        first=query.first,
        count=query.count,
        origin=call.services.public_origin,
        locale=query.lang,
    )
    headers = {"Content-Disposition": f'attachment; filename="labels-{batch.id}.pdf"'}
    return Response(pdf, media_type=LABELS.media_type, headers=headers)


@endpoint(
    "POST",
    "/v1/products/{product_id}/item_batches/{batch_id}/withdraw",
    answers={200: BatchView},
    refuses=(ProductNotFound, BatchNotFound),
    tag=TAG,
    key=KeyPolicy.OPTIONAL,
    scope=Scope.PRODUCTS_WRITE,
    only_with_key=True,
)
async def withdraw_item_batch(call: Call, path: BatchPath) -> Reply:
    """Withdraw a batch

    For labels that were never used, or were stolen: their pages say so, and the units may get other codes. Twice is once.
    """
    await batches.withdraw(call.services.market, call.actor, path.product_id, path.batch_id)
    return Reply(await _view(call, await _own(call, path)))


@endpoint("GET", "/v1/items/{code}", answers={200: ItemView}, refuses=(ItemCodeUnknown,), tag=TAG)
async def read_item(call: Call, path: ItemPath) -> Reply:
    """Look an item up by its code

    Open to everyone. Each look-up counts, by item and day, and nothing of who looked is kept.
    """
    found = await scanning.scan(call.services.market, path.code)
    code = labels.code_of(found.batch, found.item, batches.secret_of(call.services.market, found.batch))
    return Reply(
        ItemView(
            code=code,
            page_url=f"{call.services.public_origin}/i/{code}",
            product_id=found.product.id,
            product=found.product.name,
            batch=found.batch.name,
            made_on=found.batch.made_on,
            item=found.item,
            withdrawn=found.withdrawn,
            frequency=found.frequency,
            coverage=CoverageView.of(found.coverage),
        )
    )


async def _own(call: Call, path: BatchPath) -> ItemBatch:
    return await batches.of_product(await products.own(call.actor, path.product_id), path.batch_id)


async def _view(call: Call, batch: ItemBatch) -> BatchView:
    readings = await scanning.readings_of(batch, now=call.services.market.clock())
    return BatchView(
        id=batch.id,
        url=f"{call.services.public_origin}/v1/products/{batch.product_id}/item_batches/{batch.id}",
        product_id=batch.product_id,
        period_id=batch.period_id,
        name=batch.name,
        made_on=batch.made_on,
        items=batch.items,
        state=BatchState(batch.state),
        read_items=readings.items,
        often=[OftenView(item=item, scans=scans) for item, scans in readings.often],
        created_at=batch.created_at,
        withdrawn_at=batch.withdrawn_at,
    )
