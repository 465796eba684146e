"""The owner's pages of webhooks, in both languages."""

from dataclasses import replace

import httpx
import pytest

from frontend.locales import Locale
from frontend.pages.account_webhooks import NOUNS
from frontend.wording import table_of
from marketplace.accounts.roles import Role
from marketplace.notifications import delivery, endpoints
from marketplace.notifications.addresses import Reason, WebhookRules
from marketplace.notifications.kinds import EventType
from marketplace.notifications.models import Endpoint
from marketplace.notifications.posting import Outcome
from tests.fakes.receiver import answer, receiving
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import Visitor, signed_in

# pages show what tests/marketplace/notifications has seen on both databases
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
async def owner(shop: MarketSite) -> Visitor:
    rules = WebhookRules(https_only=False, to_loopback=True)
    shop.small.market = shop.services.market = replace(shop.small.market, webhooks=rules)
    return await signed_in(shop.client, shop.small, Role.OWNER)


async def send(shop: MarketSite, visitor: Visitor, path: str = "", **fields: str) -> httpx.Response:
    return await shop.client.post(f"/ja/account/webhooks{path}", data=fields | {"forms_token": visitor.forms_token})


async def work(shop: MarketSite) -> None:
    await delivery.sweep(shop.small.market)
    await shop.small.work()


class TestAddingAnEndpoint:
    async def test_shows_its_secret_once(self, shop, owner):
        made = await send(shop, owner, url="http://127.0.0.1:8799/hook", description="店", **{"about/plan": "yes"})
        (secret,) = check_frame(made).xpath("//code[@class='secret']/text()")
        assert secret.startswith("whsec_")
        endpoint = await Endpoint.get()
        assert endpoint.types == EventType.PLAN_CHANGED
        for path in ("", f"/{endpoint.id}"):
            for language in ("ja", "en"):
                page = await shop.client.get(f"/{language}/account/webhooks{path}")
                assert check_frame(page).get("lang") == language
                assert (secret in page.text, endpoint.url in page.text) == (False, True)

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"url": ""}, "入力してください"),
            ({"url": "http://10.0.0.1/"}, "インターネットからアクセスできる"),
            ({"url": "nonsense"}, "URLの形"),
            ({"url": "http://127.0.0.1:8799/", "description": "x" * 201}, "200"),
        ],
    )
    async def test_names_what_is_wrong(self, shop, owner, typed, said):
        refused = await send(shop, owner, **typed)
        assert refused.status_code == 422
        assert said in check_frame(refused).xpath("string(//*[@role='alert'])")
        assert not await Endpoint.exists()

    async def test_twice_at_one_address_says_so(self, shop, owner):
        for status in (200, 422):
            assert (await send(shop, owner, url="http://127.0.0.1:8799/hook")).status_code == status


class TestAnEndpoint:
    async def test_shows_each_attempt_and_is_sent_again_what_failed(self, shop, owner):
        async with receiving() as receiver:
            receiver.answers = [answer(500, body=b"<script>alert(1)</script>")]
            await endpoints.register(shop.small.market, owner.actor, receiver.url)
            endpoint = await Endpoint.get()
            done = await send(shop, owner, f"/{endpoint.id}", action="test")
            assert done.headers["location"] == f"/ja/account/webhooks/{endpoint.id}?done=test"
            await work(shop)
            page = check_frame(await shop.client.get(done.headers["location"]))
            row = page.xpath("string(//table//tbody/tr)")
            assert "受け取られませんでした" in row
            assert "<script>alert(1)</script>" in row
            assert page.xpath("//table//script") == []
            await send(shop, owner, f"/{endpoint.id}", action="again", event=receiver.ids[0])
            await work(shop)
            await send(shop, owner, f"/{endpoint.id}", action="replay", since="7")
            assert len(receiver.got) == 2

    async def test_is_switched_off_and_on_and_gets_a_new_secret(self, shop, owner):
        _, first = await endpoints.register(shop.small.market, owner.actor, "http://127.0.0.1:8799/hook")
        endpoint = await Endpoint.get()
        for action, because in (("off", "by_owner"), ("on", None)):
            await send(shop, owner, f"/{endpoint.id}", action=action)
            assert (await Endpoint.get()).disabled_because == because
        rotated = check_frame(await send(shop, owner, f"/{endpoint.id}", action="rotate"))
        assert rotated.xpath("//code[@class='secret']/text()") != [first]

    async def test_is_deleted(self, shop, owner):
        await endpoints.register(shop.small.market, owner.actor, "http://127.0.0.1:8799/hook")
        endpoint = await Endpoint.get()
        gone = await send(shop, owner, f"/{endpoint.id}", action="delete")
        assert gone.headers["location"] == "/ja/account/webhooks"
        assert (await shop.client.get(f"/ja/account/webhooks/{endpoint.id}")).status_code == 404

    @pytest.mark.parametrize("fields", [{}, {"action": "eat"}, {"action": "replay", "since": "forever"}])
    async def test_takes_no_other_act(self, shop, owner, fields):
        await endpoints.register(shop.small.market, owner.actor, "http://127.0.0.1:8799/hook")
        endpoint = await Endpoint.get()
        assert (await send(shop, owner, f"/{endpoint.id}", **fields)).status_code == 400

    async def test_of_others_is_not_there(self, shop, owner):
        await endpoints.register(shop.small.market, owner.actor, "http://127.0.0.1:8799/hook")
        endpoint = await Endpoint.get()
        stranger = await signed_in(shop.client, shop.small, Role.OWNER, email="stranger@ashiato.example")
        assert (await shop.client.get(f"/ja/account/webhooks/{endpoint.id}")).status_code == 404
        for action in ("test", "rotate", "off", "delete"):
            assert (await send(shop, stranger, f"/{endpoint.id}", action=action)).status_code == 404
        assert await Endpoint.exists(disabled_at=None)


class TestWords:
    def test_stand_for_every_outcome_noun_and_reason(self, database_url):
        table, problems = table_of("webhooks", Locale.EN), table_of("problems", Locale.EN)
        assert {key.partition(".")[2] for key in table if key.startswith("outcome.")} == set(Outcome)
        assert {key.partition(".")[2] for key in table if key.startswith("noun.")} == set(NOUNS)
        assert {type_.partition(".")[0] for type_ in EventType} - {"endpoint"} == set(NOUNS)
        assert {key.partition(".")[2] for key in problems if key.startswith("webhook_address.")} == set(Reason)
