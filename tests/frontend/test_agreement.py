"""What somebody agreed to is known by version and moment, and asked again when there is a newer text."""

import json
from datetime import date

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from frontend import agreement
from frontend.content_pages import PAGES, content
from frontend.locales import Locale
from marketplace.accounts.models import Agreement
from marketplace.accounts.roles import Role
from marketplace.database.transactions import run_tx
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.frontend.test_account_pages import ask_for_a_link, the_link
from tests.signed_in import signed_in


@pytest.fixture
def newer(monkeypatch):
    """The operator has put a later version into the terms."""
    text = content("terms", Locale.JA).model_copy(update={"version": date(2027, 1, 1)})
    monkeypatch.setattr(agreement, "content", lambda name, locale: text if name == "terms" else content(name, locale))


class TestTheTexts:
    def test_that_one_agrees_to_have_one_version_in_both_languages(self):
        for name in PAGES:
            versions = {content(name, locale).version for locale in Locale}
            assert len(versions) == 1
            assert (None in versions) == (name not in agreement.DOCUMENTS)

    async def test_show_their_version(self, shop: MarketSite):
        assert "2026年11月22日版" in (await shop.client.get("/ja/terms")).text


class TestSigningIn:
    async def test_says_what_it_means_and_is_noted_with_version_and_moment(self, shop: MarketSite):
        shown = await shop.client.get("/en/sign-in")
        assert {"/en/terms", "/en/privacy"} <= set(check_frame(shown).xpath("//main//a/@href"))
        await ask_for_a_link(shop, "someone@ashiato.example")
        await shop.client.post(await the_link("someone@ashiato.example"))
        agreed = await Agreement.all().order_by("document")
        assert [(one.document, one.version, one.locale) for one in agreed] == [
            ("privacy", "2026-11-22", "ja"),
            ("terms", "2026-11-22", "ja"),
        ]
        assert {one.agreed_at for one in agreed} == {shop.small.clock()}
        assert (await shop.client.get("/ja/account")).status_code == 200


class TestANewVersion:
    async def test_closes_the_account_until_it_is_agreed_to(self, shop: MarketSite, request):
        visitor = await signed_in(shop.client, shop.small, Role.OWNER)
        request.getfixturevalue("newer")
        answer = await shop.client.get("/ja/account/keys")
        assert answer.headers["location"] == "/ja/account/agreement?next=%2Fja%2Faccount%2Fkeys"
        assert (await shop.client.post("/ja/account", data={"forms_token": visitor.forms_token})).status_code == 303
        asked = check_frame(await shop.client.get(answer.headers["location"]))
        assert asked.xpath("//main//dd/text()") == ["2027年1月1日版", "2026年11月22日版"]
        typed = {"forms_token": visitor.forms_token, "next": "/ja/account/keys"}
        agreed = await shop.client.post("/ja/account/agreement", data=typed)
        assert agreed.headers["location"] == "/ja/account/keys"
        assert (await shop.client.get("/ja/account/keys")).status_code == 200
        versions = await Agreement.filter(document="terms").order_by("id").values_list("version", flat=True)
        assert versions == ["2026-11-22", "2027-01-01"]

    async def test_keeps_nobody_from_leaving_with_their_data(self, shop: MarketSite, request):
        await signed_in(shop.client, shop.small, Role.OWNER)
        request.getfixturevalue("newer")
        assert (await shop.client.get("/ja/account/privacy")).status_code == 200
        taken = json.loads((await shop.client.get("/ja/account/export")).text)
        assert {(one["document"], one["version"]) for one in taken["agreements"]} == {
            ("privacy", "2026-11-22"),
            ("terms", "2026-11-22"),
        }


class TestTheDatabase:
    @pytest.mark.parametrize("change", ["UPDATE agreement SET version = 'x'", "DELETE FROM agreement"])
    async def test_keeps_what_was_agreed_to(self, shop: MarketSite, change):
        await signed_in(shop.client, shop.small, Role.OWNER)
        with pytest.raises((IntegrityError, OperationalError), match="agreement_never_changes"):
            await run_tx(lambda tx: tx.execute_query(change))
