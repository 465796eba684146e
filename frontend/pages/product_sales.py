"""Report sales and returns by a file: first what would become of each row, then count what can be counted."""

import io

from starlette.requests import Request
from starlette.responses import Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import read_whole, uploaded
from frontend.market_words import MarketWords
from frontend.pages.product import own_product
from frontend.problems import sentence
from frontend.responses import page_response
from frontend.wording import words
from marketplace.accounts.roles import Role
from marketplace.errors import MarketplaceError
from marketplace.products.counting import Fate, Outcome, count, rehearse
from marketplace.products.models import Product
from marketplace.products.sales_list import COLUMNS, REQUIRED, SalesList, as_csv, read_sales_list
from offset_calc.tabular import TableRefused

LARGEST = 500_000
MOST_SHOWN = 200


@only(Role.OWNER, Role.BUYER)
async def page(request: Request) -> Response:
    return _page(request, await own_product(request))


@only(Role.OWNER, Role.BUYER)
async def submit(request: Request) -> Response:
    """Check a file, or count the rows of the one that was checked, which the form carries as text."""
    product, market, actor = await own_product(request), services_of(request).market, actor_of(request)
    assert actor.organisation_id == product.organisation_id  # noqa: S101 - own_product has looked
    checked = await read_whole(request, "checked")
    file = await uploaded(request, "file")
    if not checked and file is None:
        return _refused(request, product, "file_missing")
    content = checked.encode() if checked else await file.read(LARGEST + 1) if file else b""
    if len(content) > LARGEST:
        return _refused(request, product, "sales_list_too_large", most=LARGEST // 1_000)
    try:
        listed = read_sales_list(io.BytesIO(content))
        outcomes = await rehearse(market, product.id, [movement for _, movement in listed.rows])
        if checked:
            outcomes = await count(
                market, product.id, [one.movement for one in outcomes if one.fate is not Fate.REFUSED]
            )
    except TableRefused as refused:
        return _refused(request, product, f"table_{refused.reason}", **_spoken(request, refused))
    except MarketplaceError as refused:
        problem = MarketWords(PageContext.of(request).locale).refusal(refused)
        return _page(request, product, problem=problem, status=409)
    return _page(request, product, listed=listed, outcomes=outcomes, text="" if checked else as_csv(listed))


def _spoken(request: Request, refused: TableRefused) -> dict[str, object]:
    """The parameters of a refusal in words: columns by their names, sizes in megabytes."""
    locale = PageContext.of(request).locale
    joined = MarketWords(locale)
    spoken: dict[str, object] = {"most": refused.params.get("most", LARGEST // 1_000_000)}
    if isinstance(missing := refused.params.get("missing"), tuple):
        spoken["missing"] = joined.list_of([words("products", f"column.{name}", locale) for name in missing])
    if isinstance(found := refused.params.get("found"), tuple):
        spoken["found"] = joined.list_of([str(head) for head in found])
    return spoken


def _refused(request: Request, product: Product, code: str, **params: object) -> Response:
    problem = sentence(code, params, PageContext.of(request).locale)
    return _page(request, product, problem=problem, status=422)


def _page(
    request: Request,
    product: Product,
    *,
    listed: SalesList | None = None,
    outcomes: list[Outcome] | None = None,
    text: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    locale = PageContext.of(request).locale
    found = outcomes or []
    market_words = MarketWords(locale)
    refused = [
        (row.row, row.column, sentence(row.code, row.params, locale)) for row in (listed.refused if listed else ())
    ]
    if listed is not None and len(found) == len(listed.rows):
        refused += [
            (number, outcome.movement.external_id, market_words.refusal(outcome.refusal))
            for (number, _), outcome in zip(listed.rows, found, strict=True)
            if outcome.refusal is not None
        ]
    return page_response(
        request,
        "pages/products/sales.html",
        status=status,
        product=product,
        listed=listed,
        new=[one.movement for one in found if one.fate is Fate.NEW],
        known=sum(one.fate is Fate.KNOWN for one in found),
        refused=sorted(refused)[:MOST_SHOWN],
        refused_count=len(refused),
        text=text,
        problem=problem,
        columns=[(name, words("products", f"column.{name}", locale), name in REQUIRED) for name in COLUMNS],
    )
