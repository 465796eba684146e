"""Sign in, look around, sign out: the account's pages in both languages."""

import re

import httpx
import pyotp
import pytest
from lxml import html

from frontend.own_address import own_address
from marketplace.accounts.models import Person
from marketplace.accounts.roles import Role
from marketplace.accounts.sessions import RECENT
from marketplace.mail.models import Mail
from tests.builders.market import a_listing, an_order
from tests.frontend.frame import check_frame
from tests.frontend.market_site import MarketSite
from tests.signed_in import an_actor, signed_in

PAGES = ("", "/members", "/keys", "/security", "/privacy")


async def ask_for_a_link(shop: MarketSite, email: str, next_path: str = "") -> httpx.Response:
    return await shop.client.post("/ja/sign-in", data={"email": email, "next": next_path})


async def the_link(email: str) -> str:
    mail = await Mail.filter(recipient=email).order_by("-id").first()
    return re.search(r"https://ashiato\.example(/ja/(?:sign-in|invitations)/[\w-]+)", mail.params).group(1)


class TestSigningIn:
    async def test_by_a_link_leads_to_where_one_wanted_to_go(self, shop: MarketSite) -> None:
        await ask_for_a_link(shop, "someone@ashiato.example", "/ja/account/keys")
        link = await the_link("someone@ashiato.example")
        shown = await shop.client.get(link)
        assert check_frame(shown).xpath("//main//form/@method") == ["post"]
        assert shown.headers["referrer-policy"] == "no-referrer"
        entered = await shop.client.post(link)
        assert entered.headers["location"] == "/ja/account/keys"
        cookie = entered.headers["set-cookie"]
        for part in ("__Host-session=", "HttpOnly", "Secure", "SameSite=lax", "Path=/"):
            assert part in cookie
        assert (await shop.client.get("/ja/account/keys")).status_code == 200

    async def test_in_another_browser_is_refused_kindly(self, shop: MarketSite) -> None:
        await ask_for_a_link(shop, "someone@ashiato.example")
        shop.client.cookies.clear()
        answer = await shop.client.post(await the_link("someone@ashiato.example"))
        assert (answer.status_code, "set-cookie" in answer.headers) == (410, False)
        check_frame(answer)

    async def test_answers_the_same_for_a_known_and_an_unknown_address(self, shop: MarketSite) -> None:
        await an_actor(shop.small, Role.OWNER, email="known@ashiato.example")
        known = await ask_for_a_link(shop, "known@ashiato.example")
        unknown = await ask_for_a_link(shop, "other@ashiato.example")
        assert known.status_code == unknown.status_code == 200
        assert known.text.replace("known", "other") == unknown.text
        assert known.headers.keys() - {"set-cookie"} == unknown.headers.keys() - {"set-cookie"}

    async def test_names_what_is_no_address(self, shop: MarketSite) -> None:
        answer = await ask_for_a_link(shop, "nobody")
        assert answer.status_code == 422
        assert "name@example.jp" in check_frame(answer).get_element_by_id("problems").text_content()

    async def test_needs_no_session_look_up_while_nobody_is_signed_in(self, shop: MarketSite) -> None:
        page = check_frame(await shop.client.get("/ja/sign-in?next=//evil.example"))
        assert page.xpath("//input[@name='next']/@value") == [""]

    async def test_signing_out_ends_the_session_itself(self, shop: MarketSite) -> None:
        visitor = await signed_in(shop.client, shop.small, Role.OWNER)
        answer = await shop.client.post("/ja/sign-out", data={"forms_token": visitor.forms_token})
        assert "Max-Age=0" in answer.headers["set-cookie"]
        shop.client.cookies.set("__Host-session", visitor.token)
        assert (await shop.client.get("/ja/account")).status_code == 303


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/ja/account?x=1#y", "/ja/account?x=1#y"),
        ("//evil.example", None),
        ("/\\evil.example", None),
        ("/ja\\..\\evil", None),
        ("https://evil.example/ja", None),
        ("javascript:alert(1)", None),
        ("/ja/\nSet-Cookie: x", None),
        ("/\t/evil.example", None),
        ("ja/account", None),
        ("", None),
        ("/" + "x" * 3_000, None),
    ],
)
def test_only_a_path_on_this_site_leads_back(given: str, kept: str | None) -> None:
    assert own_address(given) == kept


class TestTheAccount:
    @pytest.mark.parametrize("language", ["ja", "en"])
    async def test_is_sound_in_both_languages_and_private(self, shop: MarketSite, language: str) -> None:
        await signed_in(shop.client, shop.small, Role.OWNER)
        for page in PAGES:
            answer = await shop.client.get(f"/{language}/account{page}")
            assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
            assert check_frame(answer).get("lang") == language

    async def test_shows_a_new_key_once(self, shop: MarketSite) -> None:
        visitor = await signed_in(shop.client, shop.small, Role.OWNER)
        fields = {"forms_token": visitor.forms_token, "action": "create", "name": "店", "lifetime": "30"}
        refused = await shop.client.post("/ja/account/keys", data=fields)
        assert refused.status_code == 422
        assert "一つ以上" in refused.text
        made = await shop.client.post("/ja/account/keys", data=fields | {"scope/orders:read": "yes"})
        (secret,) = check_frame(made).xpath("//code[@class='secret']/text()")
        assert secret.startswith("ashiato_test_")
        assert secret not in (await shop.client.get("/ja/account/keys")).text

    async def test_takes_in_a_guests_order_by_its_address_and_only_once(self, shop: MarketSite) -> None:
        order = await an_order(shop.small, await a_listing(shop.small))
        link = {"action": "claim_link", "link": f"https://ashiato.example/en/orders/{order.access_token}?paid=1"}
        for email, status in (("first@ashiato.example", 303), ("second@ashiato.example", 422)):
            visitor = await signed_in(shop.client, shop.small, Role.OWNER, email=email)
            answer = await shop.client.post("/ja/account", data=link | {"forms_token": visitor.forms_token})
            assert answer.status_code == status
        assert order.access_token not in (await shop.client.get("/ja/account")).text

    async def test_keeps_a_footprint(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.BUYER)
        footprint_id = await shop.a_footprint()
        result = await shop.page(f"/ja/footprints/{footprint_id}")
        (form,) = [form for form in result.forms if (form.action or "").endswith("/keep")]
        await shop.client.post(form.action, data=dict(form.form_values()))
        kept = await shop.page("/ja/account")
        assert kept.xpath(f"//a[@href='/ja/footprints/{footprint_id}']")

    async def test_hostile_names_stay_text(self, shop: MarketSite) -> None:
        visitor = await signed_in(shop.client, shop.small, Role.OWNER)
        hostile = '"><script>alert(1)</script>'
        for action in ("name", "name_organisation"):
            fields = {"forms_token": visitor.forms_token, "action": action, "name": hostile}
            assert (await shop.client.post("/ja/account", data=fields)).status_code == 303
        for page in PAGES[:2]:
            assert (await shop.page(f"/ja/account{page}")).xpath("//main//script") == []
        assert (await Person.get(id=visitor.actor.person_id)).name == hostile

    async def test_goes_when_its_owner_says_so_twice(self, shop: MarketSite) -> None:
        visitor = await signed_in(shop.client, shop.small, Role.OWNER)
        fields = {"forms_token": visitor.forms_token, "email": "other@ashiato.example"}
        refused = await shop.client.post("/ja/account/erase", data=fields)
        assert refused.status_code == 422
        gone = await shop.client.post("/ja/account/erase", data=fields | {"email": visitor.actor.email})
        check_frame(gone)
        assert (await shop.client.get("/ja/account")).status_code == 303


class TestChangingHowOneSignsIn:
    async def test_needs_a_recent_sign_in(self, shop: MarketSite) -> None:
        visitor = await signed_in(shop.client, shop.small, Role.OWNER)
        shop.small.clock.advance(RECENT)
        assert (await shop.client.get("/ja/account")).status_code == 200
        for page in ("security", "privacy", "export"):
            answer = await shop.client.get(f"/ja/account/{page}")
            assert answer.headers["location"].startswith("/ja/sign-in?again=1"), page
        fields = {"forms_token": visitor.forms_token, "email": visitor.actor.email}
        for path in ("/ja/account/erase", "/ja/passkeys/add/options", "/ja/account/security"):
            assert (await shop.client.post(path, data=fields)).headers["location"].startswith("/ja/sign-in"), path
        again = check_frame(await shop.client.get("/ja/sign-in?again=1&next=/ja/account/security"))
        assert again.find_class("waiting")


class TestInvitingAMember:
    async def test_from_the_page_to_the_members_own_account(self, shop: MarketSite) -> None:
        visitor = await signed_in(shop.client, shop.small, Role.OWNER)
        fields = {"forms_token": visitor.forms_token, "action": "invite", "role": "buyer"}
        assert (await shop.client.post("/ja/account/members", data=fields | {"email": "no"})).status_code == 422
        await shop.client.post("/ja/account/members", data=fields | {"email": "guest@ashiato.example"})
        shop.client.cookies.clear()
        link = await the_link("guest@ashiato.example")
        check_frame(await shop.client.get(link))
        await shop.client.post(link)
        members = await shop.page("/ja/account/members")
        assert "guest@ashiato.example" in members.text_content()
        assert not members.xpath("//button[@value='invite']")
        assert (await shop.client.post(link)).status_code == 410

    async def test_whoever_is_no_owner_cannot_even_by_hand(self, shop: MarketSite) -> None:
        visitor = await signed_in(shop.client, shop.small, Role.BUYER)
        for action in ("invite", "remove", "change_role", "withdraw"):
            fields = {"forms_token": visitor.forms_token, "action": action, "email": "x@ashiato.example"}
            assert (await shop.client.post("/ja/account/members", data=fields)).status_code == 404


class TestTheAuthenticatorApp:
    async def test_is_set_up_and_asked_for(self, shop: MarketSite) -> None:
        visitor = await signed_in(shop.client, shop.small, Role.OWNER)
        page = check_frame(await shop.client.get("/ja/account/second-factor"))
        secret = page.xpath("string(//main//code)").replace(" ", "")
        assert page.xpath("//img/@src")[0].startswith("data:image/svg+xml;base64,")
        fields = {"forms_token": visitor.forms_token, "action": "confirm", "code": "000000"}
        assert (await shop.client.post("/ja/account/second-factor", data=fields)).status_code == 422
        code = pyotp.TOTP(secret).at(shop.small.clock())
        done = await shop.client.post("/ja/account/second-factor", data=fields | {"code": code})
        assert len(check_frame(done).xpath("//ol[@class='recovery-codes']/li")) == 10
        assert visitor.token not in done.headers["set-cookie"]
        asked = check_frame(await shop.client.get("/en/account/second-factor"))
        assert secret not in html.tostring(asked).decode()


class TestTheAuditTrail:
    async def test_is_read_narrowed_and_taken_along(self, shop: MarketSite) -> None:
        await signed_in(shop.client, shop.small, Role.AUDITOR)
        for language in ("ja", "en"):
            page = check_frame(await shop.client.get(f"/{language}/operations/audit"))
            assert "second_factor.set" in page.text_content()
        narrowed = await shop.page("/ja/operations/audit?act=nothing.like.this")
        assert narrowed.find_class("empty")
        for form, start in (("csv", "position,"), ("jsonl", '{"act"')):
            assert (await shop.client.get(f"/ja/operations/audit/{form}")).text.startswith(start)
        assert (await shop.client.get("/ja/operations/audit/exe")).status_code == 404
