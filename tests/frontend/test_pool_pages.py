"""Grams below a tonne on the pages: chosen with both prices shown, and parent and part certificates that lead to each other."""

from lxml import html

from marketplace.listings.models import Listing
from marketplace.orders.models import Order
from marketplace.pools.models import Pool
from marketplace.quotes.models import Quote, QuoteLine
from tests.builders.market import a_listing, an_instruction
from tests.builders.pools import paid_grams, with_pools
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite


async def a_pool(shop: MarketSite, *wishes: dict[str, object]) -> tuple[str, list[str]]:
    """The number of a pool certificate, and those of its parts."""
    with_pools(shop.small)
    listing = await a_listing(shop.small)
    for wish in wishes:
        await paid_grams(shop.small, listing, 100_000, instruction=an_instruction(**wish))
    await shop.small.work()
    orders = await Order.filter(email=None).order_by("id")
    number = (await Pool.get()).certificate_number
    assert number is not None
    return number, [str(order.certificate_number) for order in orders if order.certificate_number != number]


class TestThePoolCertificatesPage:
    async def test_shows_what_is_left_and_its_parts_without_hidden_names(self, shop: MarketSite) -> None:
        number, parts = await a_pool(
            shop,
            {"beneficiary": "公開商店", "beneficiary_public": True},
            {"beneficiary": "秘密商店", "beneficiary_public": False},
        )
        page = await shop.page(f"/c/{number}?lang=ja")
        text = page.text_content()
        assert "公開商店" in text
        assert "秘密商店" not in text
        for part in parts:
            assert page.xpath(f"//a[starts-with(@href, '/c/{part}')]")
        assert "800" in text

    async def test_speaks_both_languages(self, shop: MarketSite) -> None:
        number, parts = await a_pool(shop, {})
        for address in (number, parts[0]):
            for language in ("ja", "en"):
                check_frame(await shop.client.get(f"/c/{address}?lang={language}"))

    async def test_is_never_older_than_its_parts(self, shop: MarketSite) -> None:
        number, _ = await a_pool(shop, {})
        await shop.page(f"/c/{number}?lang=en")
        await a_pool_part(shop)
        text = (await shop.page(f"/c/{number}?lang=en")).text_content()
        assert "800" in text


async def a_pool_part(shop: MarketSite) -> None:
    await paid_grams(shop.small, await Listing.get(), 100_000)
    await shop.small.work()


class TestThePageOfAPart:
    async def test_leads_to_its_pool_and_says_that_it_was_checked_against_it(self, shop: MarketSite) -> None:
        number, parts = await a_pool(shop, {})
        page = await shop.page(f"/c/{parts[0]}?lang=ja")
        assert page.xpath(f"//a[starts-with(@href, '/c/{number}')]")
        (check,) = [item for item in page.xpath("//li") if "元になる小口プール" in item.text_content()]
        assert "確認" in html.tostring(check, encoding="unicode")


class TestChoosingTheExactAmount:
    async def test_both_prices_are_shown_and_the_exact_one_is_ordered(self, shop: MarketSite) -> None:
        shop.services.market = with_pools(shop.small).market
        await a_listing(shop.small, yen_per_tonne=4_000)
        footprint_id = await shop.a_footprint()
        choice = await shop.page(f"/en/footprints/{footprint_id}/offset")
        text = choice.text_content()
        assert "7 t: ¥32,340 in all" in text
        answer = await shop.press(choice, amount="exact", reduction_effort="Papers as files")
        quote = await Quote.get(footprint_id=footprint_id)
        footprint = await shop.services.footprints.load(footprint_id)
        assert footprint is not None
        assert quote.grams == footprint.total.value
        assert f"¥{quote.total_yen:,} in all" in text
        texts = await shop.page(answer.headers["location"])
        assert "shared cancellation" in texts.text_content()
        look = await shop.press(texts, "review", beneficiary="Example body", beneficiary_public="yes")
        page = check_frame(look)
        assert "within 45 days" in page.text_content()
        (consent,) = page.xpath("//label[@for=//input[@name='consent']/@id]")
        assert "Ashiato" in consent.text_content()
        ordered = await shop.press(page, "order", consent=page.xpath("//input[@name='consent']/@value")[0])
        assert ordered.status_code == 303
        assert await Order.exists(quote_id=quote.id)

    async def test_without_pools_only_whole_tonnes_are_offered(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        choice = await shop.page(f"/en/footprints/{await shop.a_footprint()}/offset")
        assert not choice.xpath("//input[@name='amount']")


class TestReadyMixes:
    async def test_one_is_chosen_like_an_offer(self, shop: MarketSite) -> None:
        for number in (83, 127, 143):
            await a_listing(shop.small, project=f"jcredit/normal/{number}", provider=f"prov_{number}")
        footprint_id = await shop.a_footprint()
        choice = await shop.page(f"/ja/footprints/{footprint_id}/offset")
        assert "mix:spread" in choice.xpath("//input[@name='listing']/@value")
        answer = await shop.press(choice, listing="mix:spread", reduction_effort="資料を電子配付に変えた")
        assert answer.status_code == 303
        quote = await Quote.get()
        assert sorted(line.tonnes for line in await QuoteLine.filter(quote_id=quote.id)) == [2, 2, 3]
        check_frame(await shop.client.get(answer.headers["location"]))

    async def test_that_is_gone_meanwhile_is_said(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        footprint_id = await shop.a_footprint()
        choice = await shop.page(f"/ja/footprints/{footprint_id}/offset")
        answer = await shop.press(choice, listing="mix:spread", reduction_effort="資料を電子配付に変えた")
        assert answer.status_code == 422
        assert "3件のうち1件" in html.fromstring(answer.content).text_content()
