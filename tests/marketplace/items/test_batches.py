"""Batches of item codes: within the cover, looked up by anyone, counted without anybody being known."""

import asyncio
import io
from dataclasses import replace
from datetime import date, timedelta

import pypdfium2
import pytest
import zxingcpp
from cryptography.fernet import Fernet
from tortoise.exceptions import IntegrityError, OperationalError

from marketplace.accounts.sealing import SealKeys
from marketplace.database.transactions import run_tx
from marketplace.items import batches, codes, labels, scanning
from marketplace.items.batches import BatchWish
from marketplace.items.errors import BatchNotFound, BatchRefused, ItemCodeUnknown, ItemsAboveCover, LabelsRefused
from marketplace.items.models import ItemBatch, ItemScan
from marketplace.items.scanning import OFTEN_A_DAY, Frequency
from marketplace.products import service as products
from marketplace.products.errors import ProductEnded, ProductNotFound
from marketplace.products.models import Product
from marketplace.products.states import CoverageState
from marketplace.resealing import reseal
from tests.builders.market import BASE_URL, a_listing
from tests.builders.products import a_maker, a_period, a_product, covered
from tests.fakes.clock import SettableClock

MADE_ON = date(2026, 11, 20)
SECRET = bytes.fromhex("ab" * 32)


@pytest.fixture
async def maker(small):
    """The maker of a product with a thousand covered units."""
    small.maker = await a_maker(small)
    small.product = await a_product(small, small.maker)
    small.period = await a_period(small, small.maker, small.product)
    small.certificate = await covered(small, small.period, await a_listing(small))
    return small.maker


async def a_batch(small, *, items: int = 100, name: str = "2026-11 / A") -> ItemBatch:
    return await batches.make(small.market, small.maker, small.product.id, BatchWish(name, MADE_ON, items))


def code_of(small, batch: ItemBatch, item: int) -> str:
    return labels.code_of(batch, item, batches.secret_of(small.market, batch))


class TestCodesAreForCoveredUnits:
    async def test_as_many_as_are_covered_and_no_more(self, small, maker):
        await a_batch(small, items=600)
        with pytest.raises(ItemsAboveCover) as refused:
            await a_batch(small, items=401)
        assert refused.value.params == {"left_units": 400}
        two = await asyncio.gather(*(a_batch(small, items=400) for _ in range(2)), return_exceptions=True)
        assert sorted(type(one).__name__ for one in two) == ["ItemBatch", "ItemsAboveCover"]

    async def test_a_withdrawn_batch_makes_room(self, small, maker):
        batch = await a_batch(small, items=1_000)
        for _ in range(2):
            await batches.withdraw(small.market, maker, small.product.id, batch.id)
        assert (await a_batch(small, items=1_000)).tag != batch.tag
        assert (await scanning.scan(small.market, code_of(small, batch, 1))).withdrawn

    async def test_what_is_no_batch_is_refused(self, small, maker):
        for items, name in ((0, "A"), (1_000_001, "A"), (1, " "), (1, "A\x07b")):
            with pytest.raises(BatchRefused):
                await a_batch(small, items=items, name=name)
        with pytest.raises(ProductNotFound):
            other = await a_maker(small, "other@ashiato.example")
            await batches.make(small.market, other, small.product.id, BatchWish("A", MADE_ON, 1))
        with pytest.raises(BatchNotFound):
            await batches.of_product(small.product, "itb_none")
        await products.end_product(small.market, maker, small.product.id)
        with pytest.raises(ProductEnded):
            await a_batch(small)

    async def test_the_database_keeps_codes_as_they_are(self, small, maker):
        batch = await a_batch(small)
        await scanning.scan(small.market, code_of(small, batch, 1))
        for change in (
            "UPDATE item_batch SET items = 5",
            "UPDATE item_batch SET secret = tag",
            "DELETE FROM item_batch",
            "UPDATE item_scan SET scans = 1001",
        ):
            with pytest.raises((IntegrityError, OperationalError)):
                await run_tx(lambda tx, change=change: tx.execute_query(change))


class TestLookingAnItemUp:
    async def test_shows_its_batch_and_the_cover_of_its_day(self, small, maker):
        batch = await a_batch(small)
        found = await scanning.scan(small.market, codes.grouped(code_of(small, batch, 42)).lower())
        assert (found.batch.id, found.item, found.product.id) == (batch.id, 42, small.product.id)
        assert found.coverage.state == CoverageState.COVERED
        assert found.coverage.certificates == (small.certificate,)
        assert found.frequency is Frequency.FIRST

    async def test_forged_foreign_and_beyond_the_batch_are_refused_alike(self, small, maker):
        batch = await a_batch(small)
        code = code_of(small, batch, 1)
        other_secret = codes.write(batch.tag, 1, bytes(32))
        no_batch = codes.write(batch.tag ^ 1, 1, batches.secret_of(small.market, batch))
        beyond = codes.write(batch.tag, 101, batches.secret_of(small.market, batch))
        for forged in (other_secret, no_batch, beyond, code[:-1], "0" * 24):
            with pytest.raises(ItemCodeUnknown):
                await scanning.scan(small.market, forged)
        assert await ItemScan.all().count() == 0

    async def test_often_is_said_of_the_item_that_is_looked_up_often(self, small, maker):
        batch = await a_batch(small)
        for _ in range(OFTEN_A_DAY):
            seen = await scanning.scan(small.market, code_of(small, batch, 1))
        assert seen.frequency is Frequency.USUAL
        assert (await scanning.scan(small.market, code_of(small, batch, 1))).frequency is Frequency.OFTEN
        assert (await scanning.scan(small.market, code_of(small, batch, 2))).frequency is Frequency.FIRST
        readings = await scanning.readings_of(batch, now=small.clock())
        assert (readings.items, readings.often) == (2, [(1, OFTEN_A_DAY + 1)])

    async def test_only_numbers_are_kept_and_not_for_ever(self, small, maker):
        batch = await a_batch(small)
        await asyncio.gather(*(scanning.scan(small.market, code_of(small, batch, 1)) for _ in range(4)))
        (row,) = await ItemScan.all().values()
        assert set(row) == {"batch_id", "item", "day", "scans"}
        assert row["scans"] == 4
        small.clock.advance(timedelta(days=31))
        assert (await scanning.scan(small.market, code_of(small, batch, 1))).frequency is Frequency.FIRST
        small.clock.advance(timedelta(days=340))
        await scanning.forget_old(small.clock())
        assert await ItemScan.all().count() == 1


class TestLabels:
    """No database: a batch and a product as they would be read from it."""

    def of(self, *, items: int = 2_500, name: str = "=1+1"):
        product = Product(id="prd_1", name="足跡ノート")
        batch = ItemBatch(id="itb_1", tag=7, items=items, name=name, made_on=MADE_ON, created_at=SettableClock()())
        return product, batch

    def test_the_table_has_every_code_and_no_formula(self):
        product, batch = self.of()
        pieces = list(labels.table(product, batch, secret=SECRET, origin=BASE_URL))
        assert len(pieces) == 3
        head, first, *rest = b"".join(pieces).decode("utf-8-sig").splitlines()
        assert head == "item,code,address,product,batch"
        code = labels.code_of(batch, 1, SECRET)
        assert first == f"1,{codes.grouped(code)},HTTPS://ASHIATO.EXAMPLE/I/{code},足跡ノート,'=1+1"
        assert len(rest) == 2_499

    @pytest.mark.parametrize("layout", labels.sheets())
    def test_a_printed_sheet_is_readable_code_by_code(self, layout):
        product, batch = self.of()
        sheet = labels.sheets()[layout]
        count = sheet.labels + 1
        pdf = labels.pdf(product, batch, sheet, secret=SECRET, first=11, count=count, origin=BASE_URL, locale="en")
        document = pypdfium2.PdfDocument(io.BytesIO(pdf))
        assert len(document) == 2
        read = [
            found.text
            for page in document
            for found in zxingcpp.read_barcodes(page.render(scale=4).to_pil(), formats=zxingcpp.BarcodeFormat.QRCode)
        ]
        wanted = [codes.address_of(BASE_URL, labels.code_of(batch, item, SECRET)) for item in range(11, 11 + count)]
        assert sorted(read) == sorted(wanted)

    @pytest.mark.parametrize(("first", "count"), [(0, 1), (1, 0), (1, 501), (2_500, 2), (-1, 5)])
    def test_only_labels_of_the_batch_and_not_too_many(self, first, count):
        product, batch = self.of()
        with pytest.raises(LabelsRefused):
            labels.pdf(
                product,
                batch,
                labels.sheets()["a4_24"],
                secret=SECRET,
                first=first,
                count=count,
                origin=BASE_URL,
                locale="ja",
            )


class TestTheSecretOfABatch:
    async def test_lies_sealed_and_its_codes_outlive_a_new_key(self, small, maker):
        batch = await a_batch(small)
        code = code_of(small, batch, 1)
        assert batches.secret_of(small.market, batch).hex() not in batch.secret
        newer = SealKeys((Fernet.generate_key().decode(), *small.market.seals.keys))
        small.market = replace(small.market, seals=newer)
        assert await reseal(newer) > 0
        again = await ItemBatch.get(id=batch.id)
        assert (again.sealed_with, again.secret == batch.secret) == (newer.newest, False)
        assert (await scanning.scan(small.market, code)).item == 1

    async def test_that_is_older_than_seals_opens_as_it_stands_and_is_sealed_by_the_sweep(self, small, maker):
        batch = await a_batch(small)
        code, plain = code_of(small, batch, 1), batches.secret_of(small.market, batch).hex()
        await ItemBatch.filter(id=batch.id).update(secret=plain, sealed_with=None)
        assert (await scanning.scan(small.market, code)).item == 1
        await reseal(small.market.seals)
        assert plain not in (await ItemBatch.get(id=batch.id)).secret
        assert (await scanning.scan(small.market, code)).item == 1

    async def test_never_changes_beneath_its_seal(self, small, maker):
        batch = await a_batch(small)
        with pytest.raises((IntegrityError, OperationalError), match="item_batch_is_frozen"):
            await ItemBatch.filter(id=batch.id).update(secret="cd" * 32)
