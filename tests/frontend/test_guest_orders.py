"""An order placed before signing in finds its way into the account; one placed signed in is there at once."""

import pytest

from marketplace.accounts import belongings
from marketplace.accounts.roles import Role
from marketplace.orders import service as orders
from tests.builders.market import a_listing, a_quote, a_wish
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.frontend.test_order_path import ordered
from tests.signed_in import signed_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ADDRESS = "someone@ashiato.example"


async def a_guests_order(shop: MarketSite, email: str | None):
    quote = await a_quote(shop.small, await a_listing(shop.small))
    return await orders.place(shop.small.market, a_wish(quote, email=email))


def claim_form(page):
    return [form for form in page.forms if any(name == "link" for name, _ in form.form_values())]


class TestAGuestsOrder:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_is_taken_in_from_its_page_by_whoever_verified_its_address(self, shop: MarketSite, language) -> None:
        order = await a_guests_order(shop, "Someone@Ashiato.Example")
        visitor = await signed_in(shop.client, shop.small, Role.OWNER, Role.BUYER, email=ADDRESS)
        page = check_frame(await shop.client.get(f"/{language}/orders/{order.access_token}"))
        (form,) = claim_form(page)
        answer = await shop.client.post(form.action, data={**dict(form.form_values()), "action": "claim_link"})
        assert answer.status_code == 303
        assert await belongings.owner_of(order.id) == visitor.actor.organisation_id
        assert claim_form(await shop.page(f"/{language}/orders/{order.access_token}")) == []

    @pytest.mark.parametrize("email", ["other@ashiato.example", None])
    async def test_of_another_address_offers_nothing(self, shop: MarketSite, email) -> None:
        order = await a_guests_order(shop, email)
        await signed_in(shop.client, shop.small, Role.OWNER, email=ADDRESS)
        assert claim_form(await shop.page(f"/ja/orders/{order.access_token}")) == []

    async def test_offers_nothing_to_whoever_is_not_signed_in(self, shop: MarketSite) -> None:
        order = await a_guests_order(shop, ADDRESS)
        assert claim_form(await shop.page(f"/ja/orders/{order.access_token}")) == []


class TestAnOrderOfSomebodySignedIn:
    async def test_has_its_address_and_belongs_to_its_organisation(self, shop: MarketSite) -> None:
        await a_listing(shop.small)
        visitor = await signed_in(shop.client, shop.small, Role.OWNER, email=ADDRESS)
        order = await ordered(shop)
        assert order.email == ADDRESS
        assert await belongings.owner_of(order.id) == visitor.actor.organisation_id

    async def test_is_cancelled_only_by_a_form_of_ours(self, shop: MarketSite) -> None:
        order = await a_guests_order(shop, ADDRESS)
        await signed_in(shop.client, shop.small, Role.OWNER, email=ADDRESS)
        assert (await shop.client.post(f"/ja/orders/{order.access_token}/cancel")).status_code == 403
        page = await shop.page(f"/ja/orders/{order.access_token}")
        (form,) = [form for form in page.forms if form.action.endswith("/cancel")]
        answer = await shop.client.post(form.action, data=dict(form.form_values()))
        assert answer.status_code == 303
