"""The page behind a code on an item, and its maker's pages."""

import io
from datetime import date

import pypdfium2
import pytest

from marketplace.accounts.roles import Role
from marketplace.items import batches, codes, labels
from marketplace.items.batches import BatchWish
from marketplace.items.models import ItemBatch, ItemScan
from marketplace.items.scanning import OFTEN_A_DAY
from tests.builders.market import a_listing
from tests.builders.products import a_period, a_product, covered
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import signed_in

MADE_ON = date(2026, 11, 20)


@pytest.fixture
async def item_shop(shop: MarketSite) -> MarketSite:
    """Somebody signed in whose product has a thousand covered units and a batch of a hundred codes."""
    small = shop.small
    shop.visitor = await signed_in(shop.client, small, Role.OWNER)
    shop.product = await a_product(small, shop.visitor.actor, name="<b>足跡ノート</b>")
    await covered(small, await a_period(small, shop.visitor.actor, shop.product), await a_listing(small))
    wish = BatchWish("2026-11 / A", MADE_ON, 100)
    shop.batch = await batches.make(small.market, shop.visitor.actor, shop.product.id, wish)
    return shop


def code_of(shop: MarketSite, item: int) -> str:
    return labels.code_of(shop.batch, item, batches.secret_of(shop.small.market, shop.batch))


class TestWhoeverScansACode:
    async def test_sees_product_batch_and_cover(self, item_shop):
        code = code_of(item_shop, 42)
        for path in (f"/i/{code}?lang=ja", f"/I/{code}?lang=en", f"/i/{code.lower()}?lang=ja"):
            answer = await item_shop.client.get(path)
            page = check_frame(answer)
            assert page.xpath("//h1/text()") == ["<b>足跡ノート</b>"]
            assert "2026-11 / A" in answer.text
            assert "42" in answer.text
            assert page.xpath(f"//a[starts-with(@href, '/p/{item_shop.product.number}')]")
            assert answer.headers["cache-control"] == "no-store"
            assert "set-cookie" not in answer.headers
        assert [row["scans"] for row in await ItemScan.all().values()] == [3]

    async def test_looking_ahead_is_not_reading(self, item_shop):
        path = f"/i/{code_of(item_shop, 1)}"
        await item_shop.client.head(path)
        await item_shop.client.get(path, headers={"Sec-Purpose": "prefetch"})
        assert await ItemScan.all().count() == 0

    async def test_is_told_calmly_of_codes_that_are_read_often_and_of_withdrawn_ones(self, item_shop):
        path = f"/i/{code_of(item_shop, 1)}?lang=en"
        for _ in range(OFTEN_A_DAY + 1):
            answer = await item_shop.client.get(path)
        assert "Read unusually often" in answer.text
        await batches.withdraw(
            item_shop.small.market, item_shop.visitor.actor, item_shop.product.id, item_shop.batch.id
        )
        assert "has withdrawn the codes" in (await item_shop.client.get(path)).text

    async def test_is_told_calmly_that_a_code_is_not_ours(self, item_shop):
        forged = codes.write(item_shop.batch.tag, 1, bytes(32))
        for path in (f"/i/{forged}", "/i/АВС", "/i/%3Cscript%3E", "/ja/items?code=nonsense"):
            answer = await item_shop.client.get(path, headers={"Accept-Language": "ja"})
            assert answer.status_code == 404
            page = check_frame(answer)
            assert page.xpath("//h1/text()") == ["当サービスのコードではありません"]

    async def test_may_type_it_instead(self, item_shop):
        for locale in ("ja", "en"):
            check_frame(await item_shop.client.get(f"/{locale}/items"))
        code = code_of(item_shop, 1)
        answer = await item_shop.client.get("/en/items", params={"code": codes.grouped(code)})
        assert answer.headers["location"] == f"/i/{code}?lang=en"


class TestTheMaker:
    async def test_makes_a_batch_and_has_its_labels(self, item_shop):
        address = f"/ja/account/products/{item_shop.product.id}/items"
        check_frame(await item_shop.client.get(address))
        form = {"forms_token": item_shop.visitor.forms_token, "name": "B", "made_on": "2026-11-21", "items": "901"}
        refused = check_frame(await item_shop.client.post(address, data=form))
        assert refused.xpath("//a[@href='#f-items']")
        made = await item_shop.client.post(address, data=form | {"items": "900"})
        batch_page = made.headers["location"]
        check_frame(await item_shop.client.get(batch_page))
        table = (await item_shop.client.get(f"{batch_page}/codes.csv")).content.decode("utf-8-sig").splitlines()
        assert len(table) == 901
        pdf = await item_shop.client.get(f"{batch_page}/labels.pdf?layout=a4_44&first=1&count=45")
        assert len(pypdfium2.PdfDocument(io.BytesIO(pdf.content))) == 2
        for query in ("layout=a3&first=1&count=1", "layout=a4_44&first=900&count=2", "layout=a4_44"):
            answer = await item_shop.client.get(f"{batch_page}/labels.pdf?{query}")
            assert (answer.status_code, bool(check_frame(answer).xpath("//a[@href='#f-first']"))) == (422, True)
        await item_shop.client.post(batch_page, data={"forms_token": item_shop.visitor.forms_token})
        assert (await ItemBatch.get(name="B")).state == "withdrawn"

    async def test_of_another_product_sees_nothing(self, item_shop):
        await signed_in(item_shop.client, item_shop.small, Role.OWNER, email="other@ashiato.example")
        base = f"/ja/account/products/{item_shop.product.id}/items"
        for tail in ("", f"/{item_shop.batch.id}", f"/{item_shop.batch.id}/codes.csv"):
            await item_shop.page(f"{base}{tail}", status=404)
