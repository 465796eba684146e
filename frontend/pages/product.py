"""One product for the people of its organisation: how it stands, its ledger, its rule, its shops; and the ledger as CSV."""

import csv
import io
import json
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import read_typed
from frontend.market_words import MarketWords
from frontend.pages.products import MOST_GRAMS
from frontend.product_forms import Reading, read_day, read_units
from frontend.responses import page_response
from frontend.wording import words
from marketplace.accounts.roles import Role
from marketplace.errors import MarketplaceError
from marketplace.ledger import balance
from marketplace.orders.words import consent_version, pool_wording
from marketplace.products import rule, shops
from marketplace.products import service as products
from marketplace.products.coverage import coverage
from marketplace.products.errors import ProductNotFound
from marketplace.products.models import Product, ProductEntry, ProductShop
from marketplace.products.rule import RuleWish, month_of
from marketplace.products.service import UnitFootprint
from offset_calc.tabular import safe_cell

LEDGER_ROWS, TOP_UPS = 50, 10
_RULE_FIELDS = ("below_units", "buy_units", "most_yen_a_month")


@dataclass(frozen=True, slots=True)
class ShopView:
    shop: ProductShop
    address: str
    skus: str
    problem: str


@only(Role.OWNER, Role.BUYER)
async def page(request: Request) -> Response:
    return await _page(request, await own_product(request))


@only(Role.OWNER, Role.BUYER)
async def submit(request: Request) -> Response:
    """action=period, footprint; by owners also rule, stop_rule, add_shop, new_secret, revoke_shop, end."""
    product, typed = await own_product(request), await read_typed(request)
    reading = Reading(typed, PageContext.of(request).locale)
    action = typed.get("action", "")
    if action not in {"period", "footprint"} and not actor_of(request).is_any(Role.OWNER):
        raise HTTPException(404)
    made = ""
    try:
        made = await _act(request, product, action, reading)
    except MarketplaceError as refused:
        named = {"period": "first_day", "footprint": "covered_g_per_unit", "rule": "consent", "add_shop": "name"}
        field = str(refused.params.get("field", "")) or named.get(action, "")
        reading.errors[field] = MarketWords(reading.locale).refusal(refused)
    if reading.errors or made:
        return await _page(request, await own_product(request), reading=reading, made=made)
    return RedirectResponse(PageContext.of(request).url(f"/account/products/{product.id}"), status_code=303)


async def _act(request: Request, product: Product, action: str, reading: Reading) -> str:
    """The secret of a shop where one was made, else nothing."""
    market, actor, typed = services_of(request).market, actor_of(request), reading.typed
    match action:
        case "period":
            first_day, last_day = read_day(reading, "first_day"), read_day(reading, "last_day")
            if first_day and last_day:
                await products.add_period(market, actor, product.id, first_day, last_day)
        case "footprint":
            grams = read_units(reading, "g_per_unit", most=MOST_GRAMS)
            covered = read_units(reading, "covered_g_per_unit", most=MOST_GRAMS, needed=False)
            from_day = read_day(reading, "from_day")
            if from_day and not reading.errors:
                footprint = UnitFootprint(grams, covered or grams, from_day)
                await products.add_footprint_version(market, actor, product.id, footprint)
        case "rule":
            below, buy, most = (read_units(reading, name, most=rule.MOST) for name in _RULE_FIELDS)
            if not reading.errors:
                wish = RuleWish(below, buy, most, None, typed.get("consent"), reading.locale.value)
                await rule.set_rule(market, actor, product.id, wish)
        case "stop_rule":
            await rule.stop_rule(market, actor, product.id)
        case "add_shop":
            skus = typed.get("skus", "").replace(",", "\n").splitlines()
            return (await shops.add_shop(market, actor, product.id, typed.get("name", ""), skus))[1]
        case "new_secret":
            return await shops.new_shop_secret(market, actor, product.id, typed.get("shop", ""))
        case "revoke_shop":
            await shops.revoke_shop(market, actor, product.id, typed.get("shop", ""))
        case "end":
            await products.end_product(market, actor, product.id)
        case _:
            raise HTTPException(400)
    return ""


@only(Role.OWNER, Role.BUYER)
async def ledger(request: Request) -> Response:
    """The whole ledger of units as CSV, for spreadsheets."""
    product = await own_product(request)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["kind", "units", "grams", "day", "source", "certificate", "happened_at", "counted_at"])
    for entry in await ProductEntry.filter(product_id=product.id).order_by("id"):
        writer.writerow(
            [
                entry.kind,
                entry.units,
                entry.grams,
                entry.day.isoformat(),
                safe_cell(entry.source),
                entry.certificate_number or "",
                entry.happened_at.isoformat(),
                entry.counted_at.isoformat(),
            ]
        )
    name = {"Content-Disposition": f'attachment; filename="{product.number}.csv"'}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv; charset=utf-8", headers=name)


async def own_product(request: Request) -> Product:
    """Of the organisation that the visitor acts for; those of others look like none."""
    try:
        return await products.own(actor_of(request), request.path_params["product_id"])
    except ProductNotFound as unknown:
        raise HTTPException(404) from unknown


async def _page(request: Request, product: Product, *, reading: Reading | None = None, made: str = "") -> Response:
    market, context, actor = services_of(request).market, PageContext.of(request), actor_of(request)
    ruled = await rule.rule_of(product.id)
    errors = reading.errors if reading else {}
    entries = await ProductEntry.filter(product_id=product.id).order_by("-id").limit(LEDGER_ROWS)
    return page_response(
        request,
        "pages/products/product.html",
        status=422 if errors else 200,
        product=product,
        standing=await coverage(product, products.today(market)),
        versions=await products.versions_of(product.id),
        periods=await products.periods_of(product.id),
        entries=entries,
        rule=ruled,
        top_ups=await rule.top_ups_of(product.id, limit=TOP_UPS),
        spent=await rule.spent_in(product.id, month_of(market.clock())),
        balance=await balance.balance_of(str(actor.organisation_id)),
        shops=[_shop_view(shop, context) for shop in await shops.shops_of(product.id)],
        consent=pool_wording(context.locale.value).format(pool_user=market.terms.pools.credit_user),
        consent_version=consent_version(),
        is_owner=actor.is_any(Role.OWNER),
        today=products.today(market),
        typed=reading.typed if reading else {},
        acted=reading.typed.get("action", "") if reading else "",
        made=made,
        errors=errors,
    )


def _shop_view(shop: ProductShop, context: PageContext) -> ShopView:
    problem = words("products", f"shop_problem.{shop.problem}", context.locale) if shop.problem else ""
    return ShopView(
        shop, f"{context.public_origin}/webhooks/shops/{shop.id}", "、".join(json.loads(shop.skus)), problem
    )
