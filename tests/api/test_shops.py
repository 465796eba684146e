"""Shops send their orders: signed, counted once however often they come, and never those of other products."""

import asyncio
import base64
import hashlib
import hmac
import json

import httpx
import pytest

from api.webhooks import shops as address
from marketplace.products.errors import ShopNotFound, ShopRefused
from marketplace.products.models import ProductShop
from marketplace.products.service import end_product
from marketplace.products.shops import add_shop, new_shop_secret, revoke_shop
from tests.api.application import a_client, an_application
from tests.builders.products import a_maker, a_period, a_product, coverage_now

LINES = [{"id": 11, "sku": "NOTE-1", "quantity": 3}, {"id": 12, "sku": "OTHER", "quantity": 9}]
ORDER = {"id": 1001, "created_at": "2026-11-20T12:00:00+09:00", "line_items": LINES}
SHOPIFY, WOO = "X-Shopify-Hmac-Sha256", "X-WC-Webhook-Signature"


@pytest.fixture
async def client(small):
    async with a_client(an_application(small, more=address.routes(), rate_limit_factor=1_000)) as opened:
        yield opened


@pytest.fixture
async def maker(small):
    return await a_maker(small)


@pytest.fixture
async def product(small, maker):
    made = await a_product(small, maker)
    await a_period(small, maker, made)
    return made


@pytest.fixture
async def shop(small, maker, product):
    return await add_shop(small.market, maker, product.id, "本店", ["NOTE-1", " NOTE-2 "])


def signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


async def send(client, shop, fields, *, header=SHOPIFY, topic="orders/paid", **changed) -> httpx.Response:
    made, secret = shop
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    headers = {header: signature(secret, body), header.rpartition("-")[0].replace("-Hmac", "") + "-Topic": topic}
    headers["X-Shopify-Topic" if header == SHOPIFY else "X-WC-Webhook-Topic"] = topic
    return await client.post(f"/webhooks/shops/{made.id}", content=body, headers=headers | changed)


async def kept(small, product) -> tuple[int, int]:
    found = await coverage_now(small, product)
    return found.sold_units, found.returned_units


class TestASignedOrder:
    @pytest.mark.parametrize("header", [SHOPIFY, WOO])
    async def test_counts_its_own_skus_once(self, small, client, product, shop, header):
        for _ in range(2):
            assert (await send(client, shop, ORDER, header=header)).status_code == 204
        assert await kept(small, product) == (3, 0)

    async def test_from_four_connections_at_once_counts_once(self, small, client, product, shop):
        answers = await asyncio.gather(*(send(client, shop, ORDER) for _ in range(4)))
        assert {answer.status_code for answer in answers} == {204}
        assert await kept(small, product) == (3, 0)

    async def test_that_is_called_off_comes_back_less_what_came_back_before(self, small, client, product, shop):
        refund = {
            "id": 900,
            "order_id": 1001,
            "refund_line_items": [{"line_item_id": 11, "quantity": 1, "line_item": {"sku": "NOTE-1"}}],
        }
        await send(client, shop, ORDER)
        for _ in range(2):
            assert (await send(client, shop, refund, topic="refunds/create")).status_code == 204
            assert (await send(client, shop, ORDER, topic="orders/cancelled")).status_code == 204
        assert await kept(small, product) == (3, 3)
        assert (await ProductShop.get()).problem is None

    async def test_that_was_called_off_before_it_arrived_counts_nothing(self, small, client, product, shop):
        await send(client, shop, ORDER, topic="orders/cancelled")
        await send(client, shop, ORDER)
        assert await kept(small, product) == (3, 3)

    async def test_with_other_figures_than_before_is_noted_for_the_owner(self, small, client, product, shop):
        await send(client, shop, ORDER)
        changed = ORDER | {"line_items": [LINES[0] | {"quantity": 5}, {"id": 13, "sku": "NOTE-2", "quantity": 2}]}
        assert (await send(client, shop, changed)).status_code == 204
        assert (await kept(small, product), (await ProductShop.get()).problem) == ((5, 0), "counted_differently")

    async def test_of_a_product_that_has_ended_is_taken_and_not_counted(self, small, client, maker, product, shop):
        await end_product(small.market, maker, product.id)
        assert (await send(client, shop, ORDER)).status_code == 204
        assert (await kept(small, product), (await ProductShop.get()).problem) == ((0, 0), "product_ended")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestWhatIsRefused:
    async def test_a_wrong_signature_whatever_is_wrong_with_it(self, small, client, product, shop):
        body = json.dumps(ORDER).encode()
        good = signature(shop[1], body)
        wrong = ["", "x", good[:-2], good.lower(), signature("other", body), signature(shop[1], body + b" "), "é"]
        for one in wrong:
            answer = await send(client, shop, body, **{SHOPIFY: one.encode("latin-1")})
            assert (answer.status_code, answer.json()["code"]) == (401, "shop_signature_refused"), one
        assert await kept(small, product) == (0, 0)

    async def test_a_body_that_was_changed_on_the_way(self, small, client, product, shop):
        header = {SHOPIFY: signature(shop[1], json.dumps(ORDER).encode())}
        assert (await send(client, shop, ORDER | {"id": 1002}, **header)).status_code == 401

    async def test_the_secret_before_it_was_replaced_and_a_shop_that_was_revoked(
        self, small, client, maker, product, shop
    ):
        fresh = await new_shop_secret(small.market, maker, product.id, shop[0].id)
        assert (await send(client, shop, ORDER)).status_code == 401
        assert (await send(client, (shop[0], fresh), ORDER)).status_code == 204
        await revoke_shop(small.market, maker, product.id, shop[0].id)
        assert (await send(client, (shop[0], fresh), ORDER)).status_code == 404
        with pytest.raises(ShopNotFound):
            await revoke_shop(small.market, maker, product.id, shop[0].id)

    async def test_what_is_signed_and_no_order(self, small, client, shop):
        answer = await send(client, shop, b"{}")
        assert (answer.status_code, answer.json()["code"]) == (422, "shop_order_malformed")

    async def test_a_body_without_end(self, small, client, shop):
        assert (await send(client, shop, b"x" * 1_000_001)).status_code == 413

    async def test_the_first_try_of_a_shop_is_answered_and_counts_nothing(self, small, client, product, shop):
        answer = await client.post(f"/webhooks/shops/{shop[0].id}", content=b"webhook_id=7")
        assert (answer.status_code, await kept(small, product)) == (204, (0, 0))

    async def test_a_shop_without_name_or_skus(self, small, maker, product):
        for name, skus in (("", ["A"]), ("x" * 101, ["A"]), ("x", []), ("x", [" "]), ("x", ["A" * 101])):
            with pytest.raises(ShopRefused):
                await add_shop(small.market, maker, product.id, name, skus)
