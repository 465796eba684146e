"""Codes on items over the API: as many as are covered, fetched by their maker, looked up by anyone."""

import csv
import io
from typing import get_args

import pypdfium2
import pytest
import zxingcpp

from api.v1.item_batches import Layout
from marketplace.items import labels
from tests.api.buying import fresh_key
from tests.api.test_event_pages import paged
from tests.api.test_keys import bearer
from tests.builders.market import a_listing
from tests.builders.pools import with_pools
from tests.builders.products import a_maker, a_period, a_product, covered

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BODY = {"name": "2026-11 / A", "made_on": "2026-11-20", "items": 3}


@pytest.fixture
async def maker(small):
    return await a_maker(small)


@pytest.fixture
async def address(small, maker):
    """The batches of a product with a thousand covered units."""
    with_pools(small)
    product = await a_product(small, maker)
    await covered(small, await a_period(small, maker, product), await a_listing(small))
    return f"/v1/products/{product.id}/item_batches"


@pytest.fixture
async def key(small, maker):
    return await bearer(small, maker)


async def made(client, address, key, **changed):
    answer = await client.post(address, json=BODY | changed, headers=fresh_key() | key)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def codes(client, batch, key) -> list[str]:
    answer = await client.get(f"{batch['url']}/codes.csv", headers=key)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return [row["code"] for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))]


class TestABatch:
    async def test_has_a_code_per_item_that_anyone_can_look_up(self, client, address, key):
        batch = await made(client, address, key)
        found = await codes(client, batch, key)
        assert len(set(found)) == 3
        item = (await client.get(f"/v1/items/{found[1]}")).json()
        assert (item["item"], item["batch"], item["withdrawn"], item["frequency"]) == (2, "2026-11 / A", False, "first")
        assert item["coverage"]["state"] == "covered"
        assert (await client.get(batch["url"], headers=key)).json()["read_items"] == 1

    async def test_has_labels_to_print_each_with_the_code_of_its_item(self, client, address, key):
        assert set(get_args(Layout)) == set(labels.sheets())
        batch = await made(client, address, key)
        answer = await client.get(f"{batch['url']}/labels.pdf?first=2&count=2&layout=a4_44&lang=en", headers=key)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        (sheet,) = pypdfium2.PdfDocument(answer.content)
        read = zxingcpp.read_barcodes(sheet.render(scale=4).to_pil(), formats=zxingcpp.BarcodeFormat.QRCode)
        wanted = [code.replace(" ", "") for code in (await codes(client, batch, key))[1:]]
        assert sorted(found.text.rpartition("/")[2] for found in read) == sorted(wanted)
        assert "SANDBOX" in sheet.get_textpage().get_text_range()

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("first=2&count=3", "labels_refused"),
            ("first=1&count=501", "input_refused"),
            ("first=0&count=1", "input_refused"),
            ("count=1&layout=a3", "input_refused"),
            ("", "input_refused"),
        ],
    )
    async def test_has_no_other_labels(self, client, address, key, query, code):
        batch = await made(client, address, key)
        answer = await client.get(f"{batch['url']}/labels.pdf?{query}", headers=key)
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    async def test_is_for_covered_units_alone(self, client, address, key):
        refused = await client.post(address, json=BODY | {"items": 1_001}, headers=fresh_key() | key)
        assert (refused.status_code, refused.json()["code"]) == (409, "items_above_cover")
        assert refused.json()["params"] == {"left_units": 1_000}

    async def test_is_withdrawn_and_its_items_say_so(self, client, address, key):
        batch = await made(client, address, key)
        (first, *_) = await codes(client, batch, key)
        for _ in range(2):
            answer = await client.post(f"{batch['url']}/withdraw", headers=key)
            assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
        assert (await client.get(f"/v1/items/{first}")).json()["withdrawn"]

    async def test_is_its_makers_own(self, client, small, address, key):
        batches = [(await made(client, address, key))["id"] for _ in range(2)]
        theirs = await bearer(small, await a_maker(small, "other@ashiato.example"))
        for path in ("", f"/{batches[0]}", f"/{batches[0]}/codes.csv", f"/{batches[0]}/labels.pdf?count=1"):
            answer = await client.get(f"{address}{path}", headers=theirs)
            assert (answer.status_code, answer.json()["code"]) == (404, "product_not_found")
        assert [row["id"] for row in await paged(client, address, key)] == sorted(batches, reverse=True)

    async def test_unknown_codes_are_all_alike(self, client, address, key):
        (first, *_) = await codes(client, await made(client, address, key), key)
        changed = first[:-1] + ("0" if first[-1] != "0" else "1")
        answers = [await client.get(f"/v1/items/{code}") for code in (changed, "x", "0" * 24)]
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "item_code_unknown")}
