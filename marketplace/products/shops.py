"""Shops that send their orders, as Shopify and WooCommerce do: signed with a secret, and counted once however often they come.

Source: https://shopify.dev/docs/apps/build/webhooks/subscribe/https and
https://woocommerce.github.io/woocommerce-rest-api-docs/#webhooks: the signature is the Base64 of HMAC-SHA256 over the raw body.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.queryset import QuerySet

from marketplace.accounts.actor import Actor
from marketplace.accounts.secrets import new_secret
from marketplace.audit import service as audit
from marketplace.database.transactions import run_tx
from marketplace.errors import MarketplaceError
from marketplace.ids import new_id
from marketplace.market import Market
from marketplace.products.counting import Fate, Movement, count, rehearse
from marketplace.products.errors import ShopNotFound, ShopRefused, ShopSignatureRefused
from marketplace.products.models import Product, ProductEntry, ProductShop
from marketplace.products.service import may_be_id, own, still_active
from marketplace.products.shop_orders import CALLED_OFF, Told, read_order, read_refund

LONGEST_NAME, LONGEST_SKU, MOST_SKUS = 100, 100, 50
_ATTEMPTS = 3


async def add_shop(
    market: Market, actor: Actor, product_id: str, name: str, skus: Sequence[str]
) -> tuple[ProductShop, str]:
    """The second value is the secret, which no page shows again. Raises ProductNotFound, ProductEnded, ShopRefused."""
    product = still_active(await own(actor, product_id))
    wanted = sorted({sku.strip() for sku in skus if sku.strip()})
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise ShopRefused("a shop needs a name", field="name")
    if not 0 < len(wanted) <= MOST_SKUS or any(len(sku) > LONGEST_SKU for sku in wanted):
        raise ShopRefused("a shop needs one to fifty SKUs", field="skus")
    secret = new_secret()

    async def work(tx: BaseDBAsyncClient) -> ProductShop:
        now = market.clock()
        shop_id = new_id("shp", now)
        shop = await ProductShop.create(
            id=shop_id,
            product_id=product.id,
            name=name.strip(),
            skus=json.dumps(wanted, ensure_ascii=False),
            secret=market.seals.seal(secret, shop_id),
            sealed_with=market.seals.newest,
            created_at=now,
        )
        await audit.record(tx, actor, "product.shop_added", product.id, None, {"shop": shop.id}, at=now)
        return shop

    return await run_tx(work), secret


async def new_shop_secret(market: Market, actor: Actor, product_id: str, shop_id: str) -> str:
    """Replace the secret at once; what was counted stays counted. Raises ProductNotFound, ShopNotFound."""
    product, secret = await own(actor, product_id), new_secret()
    shop = await find_shop(shop_id)

    async def work(tx: BaseDBAsyncClient) -> None:
        sealed = market.seals.seal(secret, shop.id)
        if await _living(shop, product).update(secret=sealed, sealed_with=market.seals.newest) != 1:
            raise ShopNotFound("no such shop")
        await audit.record(tx, actor, "product.shop_secret", product.id, None, {"shop": shop_id}, at=market.clock())

    await run_tx(work)
    return secret


async def revoke_shop(market: Market, actor: Actor, product_id: str, shop_id: str) -> None:
    """Its orders are refused from now on. Raises ProductNotFound, ShopNotFound."""
    product, shop = await own(actor, product_id), await find_shop(shop_id)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        if await _living(shop, product).update(revoked_at=now) != 1:
            raise ShopNotFound("no such shop")
        await audit.record(tx, actor, "product.shop_revoked", product.id, None, {"shop": shop_id}, at=now)

    await run_tx(work)


def _living(shop: ProductShop, product: Product) -> QuerySet[ProductShop]:
    return ProductShop.filter(id=shop.id, product_id=product.id, revoked_at__isnull=True)


async def shops_of(product_id: str) -> Sequence[ProductShop]:
    """Newest first, those that were revoked included."""
    return await ProductShop.filter(product_id=product_id).order_by("-id")


async def find_shop(shop_id: str) -> ProductShop:
    """Raises ShopNotFound, also for one that was revoked."""
    living = ProductShop.filter(revoked_at__isnull=True)
    shop = await living.get_or_none(id=shop_id) if may_be_id(shop_id) else None
    if shop is None:
        raise ShopNotFound("no such shop")
    return shop


def check_signature(market: Market, shop: ProductShop, body: bytes, signature: str) -> None:
    """`signature` is the header as sent. Raises ShopSignatureRefused."""
    secret = market.seals.opened(shop.secret, shop.sealed_with, shop.id)
    expected = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    if not hmac.compare_digest(expected, signature.encode()):
        raise ShopSignatureRefused("the body is not signed with this shop's secret")


async def take_order(market: Market, shop: ProductShop, topic: str, body: bytes) -> None:
    """Count what a signed message tells of this product; other SKUs, other topics and what is known already change nothing.

    A line that cannot be counted is noted at the shop for its owner, and does not keep the others from counting: shops stop
    sending to an address that refuses. Raises ShopOrderMalformed.
    """
    told = read_refund(body) if topic.startswith("refunds/") else read_order(body, topic)
    movements = await _movements(shop, told, market)
    problem = await _count_what_counts(market, shop.product_id, movements)
    heard: dict[str, object] = {"heard_at": market.clock()}
    if problem is not None:
        heard |= {"problem": problem.code, "problem_at": market.clock()}
    await ProductShop.filter(id=shop.id).update(**heard)


async def _count_what_counts(market: Market, product_id: str, movements: Sequence[Movement]) -> MarketplaceError | None:
    """The first refusal, if there is one; all other movements are counted."""
    refusal: MarketplaceError | None = None
    for _ in range(_ATTEMPTS):
        try:
            outcomes = await rehearse(market, product_id, movements)
            await count(market, product_id, [one.movement for one in outcomes if one.fate is not Fate.REFUSED])
        except MarketplaceError as refused:
            # the product has ended, or another message took what we had just seen: look again
            refusal = refused
            continue
        return next((one.refusal for one in outcomes if one.refusal is not None), None)
    return refusal


async def _movements(shop: ProductShop, told: Told, market: Market) -> list[Movement]:
    """Sales of the order's lines with our SKUs, and what came back of them."""
    ours, at = set(json.loads(shop.skus)), told.at or market.clock()
    movements: list[Movement] = []
    for line in told.sold:
        if line.sku in ours:
            source = _sale_source(shop, told, line.line)
            movements.append(Movement(source, f"{told.order}/{line.line}", line.units, at))
    for back in told.back:
        if back.sku is not None and back.sku not in ours:
            continue
        of = _sale_source(shop, told, back.line)
        units = back.units if back.because != CALLED_OFF else await _left(shop.product_id, of, back.units)
        if units:
            source = f"shopback:{shop.id}:{told.order}:{back.line}:{back.because}"
            movements.append(Movement(source, f"{told.order}/{back.line}", units, at, returns_of=of))
    return movements


def _sale_source(shop: ProductShop, told: Told, line: str) -> str:
    return f"shop:{shop.id}:{told.order}:{line}"


async def _left(product_id: str, source: str, units: int) -> int:
    """What of a sale has not come back yet, when the whole order is called off; `units` if the sale is not counted yet."""
    sold = await ProductEntry.get_or_none(product_id=product_id, source=source)
    if sold is None:
        return units
    return sold.units - sum([row.units for row in await ProductEntry.filter(sale_id=sold.id)])
