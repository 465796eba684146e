"""The badge studio, and the script that shops take from us."""

import gzip
import re
from html import unescape
from pathlib import Path

import pytest

from certificates.badges.artwork import FORMS
from frontend.badge_module import ADDRESS, integrity
from marketplace.certification.changes import revoke
from marketplace.products.states import SalesMarket
from tests.builders.market import a_listing
from tests.builders.products import a_maker, a_period, a_product, covered
from tests.frontend.frame import check_frame

DOCUMENT = Path(__file__).parents[2] / "docs" / "badges.md"
NASTY = "<script>alert(1)</script>\"'&"
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def product(shop):
    return await a_product(shop.small, await a_maker(shop.small), name=NASTY)


def snippets(page) -> dict[str, str]:
    return {area.attrib["id"].removeprefix("snippet-"): area.text.lstrip("\n") for area in page.xpath("//textarea")}


@on_one_database
class TestTheStudio:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_shows_the_badge_on_every_ground_and_gives_what_a_shop_needs(self, shop, product, language):
        answer = await shop.client.get(f"/{language}/badges?of={product.id}&layout=round&theme=auto&speaks=ja")
        page = check_frame(answer)
        pictures = page.xpath("//img[@class='badge-shown']/@src")
        assert len(pictures) == 4
        for address in pictures:
            assert re.fullmatch(
                rf"/v1/products/{product.id}/badge\.svg\?layout=round&theme=(light|dark)&lang=ja", address
            )
        given = snippets(page)
        assert f'<ashiato-badge product="{product.id}" layout="round" theme="auto" lang="ja">' in given["module"]
        assert integrity() in given["module"]
        assert f"/v1/products/{product.id}/badge.svg?layout=round&theme=auto&lang=ja" in unescape(given["image"])
        assert f"/v1/products/{product.id}/badge.png?layout=round&theme=light&lang=ja&scale=2" in unescape(
            given["mail"]
        )
        assert given["oembed"] == f"https://ashiato.example/p/{product.number}?lang=ja"
        assert all(area.attrib["readonly"] is not None for area in page.xpath("//textarea"))
        prints = page.xpath("//a[contains(@href, 'badge-print.pdf')]/@href")
        assert [re.search("form=([a-z0-9-]+)", address)[1] for address in prints] == list(FORMS)

    async def test_a_name_full_of_markup_is_text_on_the_page_and_not_in_what_is_copied(self, shop, product):
        page = check_frame(await shop.client.get(f"/en/badges?of={product.id}"))
        assert NASTY in page.text_content()
        assert not [name for name, snippet in snippets(page).items() if "alert" in snippet]

    async def test_says_why_it_does_not_say_more(self, shop, product):
        maker = await a_maker(shop.small, "other@ashiato.example")
        to_europe = await a_product(shop.small, maker, sold_in=SalesMarket.EU)
        await covered(shop.small, await a_period(shop.small, maker, to_europe), await a_listing(shop.small))
        page = await shop.page(f"/en/badges?of={to_europe.id}")
        (claims,) = page.xpath("//section[.//h2='What it may say']//dl")
        text = " ".join(claims.text_content().split())
        assert "Carbon neutral is never printed on a badge." in text
        assert "Towards consumers in the EU a product must not be said" in text
        assert text.endswith("climate actionallowed")

    async def test_of_a_certificate_typed_in_any_way_and_no_print_once_it_is_revoked(self, shop, product):
        maker = await a_maker(shop.small, "third@ashiato.example")
        its = await a_product(shop.small, maker)
        number = await covered(shop.small, await a_period(shop.small, maker, its), await a_listing(shop.small))
        page = await shop.page(f"/en/badges?of={number.lower().replace('-', '')}")
        assert f'certificate="{number}"' in snippets(page)["module"]
        certificate = await shop.page(f"/c/{number}?lang=en")
        assert certificate.xpath(f"//a[contains(@href, '/en/badges?of={number}')]")
        assert certificate.xpath("//link[@type='application/json+oembed']")
        await revoke(shop.small.market, number, "issued_in_error")
        page = await shop.page(f"/en/badges?of={number}")
        assert not page.xpath("//a[contains(@href, 'badge-print')]")

    async def test_an_unknown_one_is_refused_at_its_field_with_everything_chosen_kept(self, shop):
        for name in ("prd_nobody", "ASHI-0000", NASTY):
            answer = await shop.client.get("/en/badges", params={"of": name, "layout": "line", "market": "eu"})
            assert answer.status_code == 404
            page = check_frame(answer)
            field = page.get_element_by_id("f-of")
            assert (field.attrib["aria-invalid"], field.value) == ("true", name)
            chosen = page.xpath("//option[@selected]/@value")
            assert {"line", "eu"} <= set(chosen)

    async def test_without_anything_chosen_shows_how_badges_turn(self, shop):
        page = check_frame(await shop.client.get("/ja/badges"))
        titles = page.xpath("//*[contains(@class, 'badge-examples')]//*[local-name()='title']/text()")
        assert len(set(titles)) == len(titles) == 7

    async def test_a_badge_leads_to_the_evidence(self, shop, product):
        answer = await shop.client.get(f"/badge/products/{product.id}?lang=en")
        assert (answer.status_code, answer.headers["location"]) == (302, f"/p/{product.number}?lang=en")
        assert (await shop.client.get("/badge/products/prd_nobody")).status_code == 404
        answer = await shop.client.get("/badge/certificates/ASHI-1?lang=en")
        assert answer.headers["location"] == "/c/ASHI-1?lang=en"


@on_one_database
class TestTheScript:
    async def test_is_small_open_to_every_origin_and_kept_for_ever(self, shop):
        answer = await shop.client.get(ADDRESS)
        assert len(gzip.compress(answer.content, 9)) < 6_000
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert "immutable" in answer.headers["cache-control"]
        assert "set-cookie" not in answer.headers
        plain = await shop.client.get(ADDRESS, headers={"Accept-Encoding": "identity"})
        assert plain.content == answer.content

    async def test_never_changes_under_its_number(self, shop):
        assert integrity() in DOCUMENT.read_text("utf-8").split()
