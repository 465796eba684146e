"""Badges over HTTP: true by themselves, the same for every page that shows them, gone soon when they are revoked."""

import io
from datetime import date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
import typst
from PIL import Image
from pypdfium2 import PdfDocument
from zxingcpp import read_barcodes

from certificates import visibility
from marketplace.certification.changes import Correction, correct
from marketplace.clock import JAPAN
from marketplace.database.transactions import run_tx
from marketplace.products.counting import count, sale
from marketplace.products.service import end_product
from marketplace.products.states import SalesMarket
from tests.api.buying import a_certificate
from tests.builders.market import a_listing
from tests.builders.products import a_maker, a_period, a_product, covered, revoke

NOON = datetime(2026, 11, 20, 12, tzinfo=JAPAN)
WITHIN = timedelta(minutes=10)
AN_IMG = {"Accept": "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"}
# for what the database's dialect has no part in
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NASTY = "<script>alert('&')</script>\"\u202e]]>" + "長" * 150


@pytest.fixture
async def maker(small):
    return await a_maker(small)


@pytest.fixture
async def product(small, maker):
    return await a_product(small, maker, name=NASTY)


@pytest.fixture
async def period(small, maker, product):
    return await a_period(small, maker, product)


@pytest.fixture
async def certificate(small, period):
    """A thousand units of the product are covered."""
    return await covered(small, period, await a_listing(small))


@pytest.fixture
def look(client, small):
    """What a page shows whose reader comes some while later."""

    async def see(product, query="lang=en", after=WITHIN):
        small.clock.advance(after)
        answer = await client.get(f"/v1/products/{product.id}/badge?{query}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    return see


def title_of(svg: str) -> str:
    return ET.fromstring(svg).findtext("{http://www.w3.org/2000/svg}title")


def to_picture(svg: str) -> bytes:
    page = "#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), width: 400pt)"
    return typst.compile(page.encode(), format="png", ppi=72, sys_inputs={"svg": svg})


class TestTheBadgeOfAProductTurnsByItself:
    async def test_through_all_its_states(self, small, maker, product, look):
        assert (await look(product))["state"] == "not_covered"
        period = await a_period(small, maker, product)
        number = await covered(small, period, await a_listing(small))
        whole = await look(product)
        assert (whole["state"], whole["covered_units"], whole["sold_units"]) == ("covered", 1_000, 0)
        assert (whole["covered_g"], whole["share_per_mille"], whole["sandbox"]) == (1_000_000, 1_000, True)
        assert whole["wording"] == "offset"
        await count(small.market, product.id, [sale("1", 1_001, NOON)])
        over = await look(product)
        assert (over["state"], over["share_per_mille"]) == ("oversold", 999)
        await revoke(small, number)
        assert (await look(product))["state"] == "revoked"
        await end_product(small.market, maker, product.id)
        assert (await look(product))["state"] == "ended"

    @on_one_database
    async def test_when_part_was_promised_and_when_the_period_is_over(self, small, maker, look):
        product = await a_product(small, maker, g_per_unit=2_000, covered_g_per_unit=1_000)
        period = await a_period(small, maker, product, (date(2026, 11, 1), date(2026, 11, 30)))
        await covered(small, period, await a_listing(small))
        in_part = await look(product)
        assert (in_part["state"], in_part["share_per_mille"]) == ("partly_covered", 500)
        assert (await look(product, after=timedelta(days=20)))["state"] == "period_over"

    async def test_within_ten_minutes_everywhere(self, client, small, product, certificate):
        address = f"/v1/products/{product.id}/badge.svg?lang=en"
        first = await client.get(address)
        assert first.headers["cache-control"] == "public, max-age=300, must-revalidate"
        await revoke(small, certificate)
        small.clock.advance(timedelta(seconds=59))
        assert (await client.get(address)).text == first.text
        # what is kept here for a minute and elsewhere for five is gone after six
        small.clock.advance(timedelta(seconds=1))
        assert "Revoked" in (await client.get(address)).text


class TestWhatMayBeSaid:
    @on_one_database
    async def test_to_consumers_in_the_eu_is_a_contribution(self, small, maker, product, certificate, look):
        told = await look(product, "lang=en&market=eu")
        assert told["wording"] == "contribution"
        assert "offset" not in told["sentence"].lower()
        assert told["urls"]["svg"].endswith("/badge.svg?lang=en&market=eu")

    @on_one_database
    async def test_cannot_be_widened_by_the_page(self, small, maker, look):
        product = await a_product(small, maker, sold_in=SalesMarket.EU)
        await covered(small, await a_period(small, maker, product), await a_listing(small))
        assert (await look(product, "market=jp"))["wording"] == "contribution"

    async def test_rests_on_every_certificate_that_counts(self, small, maker, product, period, look):
        await covered(small, period, await a_listing(small))
        renewable = await a_listing(small, kind="jcredit_agriculture", provider="prov_b")
        await covered(small, period, renewable)
        assert (await look(product))["wording"] == "offset"
        # an unconfirmed use among them
        unconfirmed = await a_listing(small, kind="a6_4er_unauthorised", provider="prov_c")
        await covered(small, period, unconfirmed)
        assert (await look(product))["wording"] == "contribution"


class TestTheBadgeOfACertificate:
    async def test_says_what_was_offset_for_which_period(self, client, small):
        order = await a_certificate(client, small)
        number = order["certificate"]["number"]
        told = (await client.get(f"/v1/certificates/{number.lower()}/badge?lang=en")).json()
        read = (await client.get(order["certificate"]["url"])).json()
        assert (told["number"], told["kind"], told["covered_g"]) == (number, "certificate", read["amount_g"])
        assert told["period_first"] == read["statement"]["period"]["first"]
        assert told["urls"]["page"] == f"https://ashiato.example/c/{number}?lang=en"
        svg = (await client.get(told["urls"]["svg"])).text
        assert title_of(svg) == told["sentence"]

    async def test_follows_a_correction_and_turns_when_revoked(self, client, small):
        number = (await a_certificate(client, small))["certificate"]["number"]
        newer = await correct(small.market, number, Correction(reduction_effort="別の取組"), "wrong_effort")
        address = f"/v1/certificates/{number}/badge"
        told = (await client.get(address)).json()
        assert (told["number"], told["state"] != "revoked") == (newer.record.number, True)
        await revoke(small, newer.record.number)
        small.clock.advance(WITHIN)
        assert (await client.get(address)).json()["state"] == "revoked"

    @on_one_database
    async def test_is_not_there_for_an_unlisted_one(self, client, small):
        number = (await a_certificate(client, small))["certificate"]["number"]
        await run_tx(lambda _: visibility.unlist(number))
        for form in ("", ".svg", ".png"):
            answer = await client.get(f"/v1/certificates/{number}/badge{form}")
            assert (answer.status_code, answer.json()["code"]) == (404, "certificate_not_found")


class TestAnyPageMayShowIt:
    @on_one_database
    async def test_in_every_form(self, client, product, certificate):
        base = f"/v1/products/{product.id}/badge"
        for form, kind in (("", "application/json"), (".svg", "image/svg+xml"), (".png", "image/png")):
            answer = await client.get(base + form)
            headers = answer.headers
            assert headers["content-type"] == kind
            assert headers["access-control-allow-origin"] == "*"
            assert headers["cross-origin-resource-policy"] == "cross-origin"
            assert headers["cache-control"] == "public, max-age=300, must-revalidate"
            # pictures cost more and are counted
            assert not {"set-cookie", "vary"} & set(headers)
            assert ("ratelimit" in headers) == (form == ".png")
            again = await client.get(base + form, headers={"If-None-Match": headers["etag"]})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", headers["etag"])
            assert again.headers["access-control-allow-origin"] == "*"

    @on_one_database
    async def test_a_name_full_of_markup_is_only_text(self, client, product, certificate):
        base = f"/v1/products/{product.id}/badge"
        svg = (await client.get(f"{base}.svg?layout=card")).text
        assert {element.tag.rpartition("}")[2] for element in ET.fromstring(svg).iter()} <= {
            "svg", "title", "rect", "g", "path", "text",
        }  # fmt: skip
        told = await client.get(base)
        assert told.headers["content-type"] == "application/json"
        assert told.json()["subject"] == NASTY
        assert "<script>alert('&')</script>" in told.json()["sentence"]

    @on_one_database
    async def test_as_a_picture_of_each_size(self, client, product, certificate):
        base = f"/v1/products/{product.id}/badge.png"
        sizes = {
            query: Image.open(io.BytesIO((await client.get(f"{base}?{query}")).content)).size
            for query in ("layout=line&scale=1", "layout=card", "layout=round&scale=4&theme=dark")
        }
        assert list(sizes.values()) == [(88, 31), (640, 240), (640, 640)]

    @on_one_database
    async def test_its_own_style_sheet_is_all_it_may_load(self, client, product):
        policy = (await client.get(f"/v1/products/{product.id}/badge.svg?theme=auto")).headers[
            "content-security-policy"
        ]
        assert policy.startswith("default-src 'none'; frame-ancestors 'none'; style-src 'sha256-")


class TestWhereThereIsNoBadge:
    @on_one_database
    async def test_programs_get_the_problem_and_an_img_gets_a_calm_picture(self, client, small):
        for path in ("products/prd_nobody", "certificates/ASHI-0000-0000-0000-0000", f"products/{'x' * 65}"):
            problem = await client.get(f"/v1/{path}/badge.svg")
            assert (problem.status_code, problem.headers["content-type"]) == (404, "application/problem+json")
            for ending in (".svg", ".png"):
                calm = await client.get(f"/v1/{path}/badge{ending}?lang=en&layout=line", headers=AN_IMG)
                assert (calm.status_code, calm.headers["content-type"]) == (404, "image/svg+xml")
                assert title_of(calm.text) == "There is no badge at this address."
                assert ET.fromstring(calm.text).attrib["width"] == "88"
                assert (calm.headers["cache-control"], calm.headers["vary"]) == ("public, max-age=60", "Accept")
                assert calm.headers["access-control-allow-origin"] == "*"

    @pytest.mark.parametrize(
        "query", ["layout=huge", "theme=pink", "lang=fr", "market=us", "size=3", "layout=card&layout=line", "lang=%00"]
    )
    async def test_what_is_mistyped_is_refused_and_never_guessed(self, offline, query):
        address = f"/v1/products/prd_1/badge.svg?{query}"
        problem = await offline.get(address)
        assert (problem.status_code, problem.json()["code"]) == (422, "input_refused")
        calm = await offline.get(address, headers=AN_IMG)
        assert (calm.status_code, calm.headers["content-type"]) == (422, "image/svg+xml")

    async def test_a_picture_has_one_theme(self, offline):
        assert (await offline.get("/v1/products/prd_1/badge.png?theme=auto")).status_code == 422


class TestPrintArtwork:
    @on_one_database
    async def test_leads_to_the_page_and_states_nothing(self, client, small, product, certificate):
        base = f"/v1/products/{product.id}/badge-print"
        svg = (await client.get(f"{base}.svg?form=tall-30&lang=en")).text
        picture = Image.open(io.BytesIO(to_picture(svg))).convert("L")
        assert [code.text for code in read_barcodes(picture)] == [f"https://ashiato.example/p/{product.number}"]
        drawing = ET.fromstring(svg)
        assert not {element.tag.rpartition("}")[2] for element in drawing.iter()} & {"image", "text", "script"}
        pdf = await client.get(f"{base}.pdf?form=wide-70&lang=en")
        page = PdfDocument(pdf.content)[0]
        assert [round(points / 72 * 25.4) for points in page.get_size()] == [70, 27]
        text = page.get_textpage().get_text_range()
        assert "Scan for its present state" in text
        assert "TEST, not valid" in text
        assert not [word for word in ("offset by", "kg", "1,000") if word in text]

    @on_one_database
    async def test_is_not_made_for_what_has_ended(self, client, small, maker, product, certificate):
        await end_product(small.market, maker, product.id)
        answer = await client.get(f"/v1/products/{product.id}/badge-print.pdf")
        assert (answer.status_code, answer.json()["code"]) == (404, "badge_not_offered")

    @on_one_database
    async def test_of_a_certificate(self, client, small, certificate):
        answer = await client.get(f"/v1/certificates/{certificate}/badge-print.pdf")
        assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")


class TestOembed:
    @on_one_database
    async def test_gives_the_picture_of_a_page_of_ours(self, client, product, certificate):
        for path, place in ((f"/p/{product.number}", f"products/{product.id}"), (f"/c/{certificate}", "certificates/")):
            asked = {"url": f"https://ashiato.example{path}?lang=en", "format": "json", "dnt": "1"}
            answer = await client.get("/v1/oembed", params=asked)
            told = answer.json()
            assert (told["version"], told["type"], told["cache_age"]) == ("1.0", "photo", 300)
            assert told["url"].startswith(f"https://ashiato.example/v1/{place}")
            assert answer.headers["access-control-allow-origin"] == "*"
            assert (await client.get(told["url"])).headers["content-type"] == "image/png"

    @pytest.mark.parametrize(
        ("most", "size"),
        [({}, (320, 120)), ({"maxwidth": 300}, (240, 40)), ({"maxheight": 35}, (88, 31)), ({"maxwidth": 44}, (44, 15))],
    )
    @on_one_database
    async def test_takes_the_largest_that_fits(self, client, product, most, size):
        told = (
            await client.get("/v1/oembed", params={"url": f"https://ashiato.example/p/{product.number}"} | most)
        ).json()
        assert (told["width"], told["height"]) == size

    @pytest.mark.parametrize(
        "url",
        [
            "https://elsewhere.example/c/ASHI-0000-0000-0000-0000",
            "http://ashiato.example/c/ASHI-0000-0000-0000-0000",
            "https://ashiato.example.evil.example/p/0123456789",
            "https://ashiato.example@evil.example/p/0123456789",
            "https://ashiato.example/en/badges",
            "https://[",
            "javascript:alert(1)",
        ],
    )
    async def test_knows_only_addresses_of_ours(self, offline, url):
        answer = await offline.get("/v1/oembed", params={"url": url})
        assert (answer.status_code, answer.json()["code"]) == (404, "nothing_to_embed")

    async def test_is_not_offered_as_xml(self, offline):
        answer = await offline.get("/v1/oembed?url=https://ashiato.example/p/1&format=xml")
        assert (answer.status_code, answer.json()["code"]) == (501, "format_not_offered")
