"""Badges on a page of somebody else, in a real browser, under a content policy without any exception."""

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape

import httpx
import pytest
from lxml import html
from playwright.sync_api import Browser, Page, Request, expect

from api.ports import free_port
from tests.e2e.badge_service import NAME
from tests.e2e.instance import eventually
from tests.e2e.sample_shop import a_shop

PATIENCE_MS = 30_000


@dataclass
class Service:
    client: httpx.Client
    address: str

    def happens(self, what: str, told: Mapping[str, str]) -> None:
        self.client.get(f"/happen/{what}", params=told).raise_for_status()

    def later(self) -> None:
        """Ten minutes go by."""
        self.client.get("/happen/wait").raise_for_status()


@pytest.fixture(scope="module")
def service():
    port = free_port()
    command = [sys.executable, "-m", "tests.e2e.badge_service", str(port)]
    with subprocess.Popen(command) as running, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:

        def answers() -> bool:
            assert running.poll() is None, "the service has ended"
            try:
                return client.get("/badge/v1.js").is_success
            except httpx.TransportError:
                return False

        try:
            eventually(answers, what="the service answers")
            yield Service(client, f"http://127.0.0.1:{port}")
        finally:
            running.terminate()


@pytest.fixture(scope="module")
def shop(service):
    # pictures are fetched and drawn by two processes beside this one, on a machine that may have other work
    expect.set_options(timeout=PATIENCE_MS)
    with a_shop(service.address) as open_shop:
        yield open_shop
    expect.set_options(timeout=None)


@pytest.fixture(scope="module")
def product(service):
    """The one of the tests that change nothing."""
    return service.client.get("/happen/begin").json()


class Visitor:
    """Somebody with an empty cache, and everything the browser has said and sent."""

    def __init__(self, browser: Browser, **settings: bool) -> None:
        self.context = browser.new_context(**settings)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.said: list[str] = []
        self.sent: list[Request] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        # playwright marks what it calls, and a list's own method bears no mark
        self.page.on("request", lambda request: self.sent.append(request))  # noqa: PLW0108


@pytest.fixture
def visitor(browser):
    one = Visitor(browser)
    yield one
    one.context.close()


def snippets(service: Service, of: str, **choice: str) -> dict[str, str]:
    """What the studio gives to be copied, by name."""
    asked = {"of": of, "speaks": "en"} | choice
    page = html.fromstring(service.client.get("/en/badges", params=asked).content)
    return {area.attrib["id"].removeprefix("snippet-"): area.text.lstrip("\n") for area in page.xpath("//textarea")}


def badge_on(page: Page):
    return page.locator("ashiato-badge a img")


class TestTheComponent:
    def test_shows_the_badge_under_a_strict_policy_and_speaks_its_state(self, visitor, shop, service, product):
        visitor.page.goto(shop.sells("/cookies", snippets(service, product["product"])["module"]))
        expect(badge_on(visitor.page)).to_have_attribute("alt", re.compile("State in the test: Sold units offset"))
        assert (
            visitor.page.evaluate(
                "document.querySelector('ashiato-badge').shadowRoot.querySelector('img').naturalWidth"
            )
            == 320
        )
        link = visitor.page.get_by_role("link", name=re.compile("Sold units offset"))
        expect(link).to_have_attribute("href", f"{service.address}/p/{product['number']}?lang=en")
        assert NAME in badge_on(visitor.page).get_attribute("alt")
        assert visitor.page.title() == "shop"
        assert visitor.said == []

    def test_tells_nobody_who_looks(self, visitor, shop, service, product):
        body = snippets(service, product["product"])["module"]
        visitor.page.goto(shop.sells("/private", body), wait_until="networkidle")
        expect(badge_on(visitor.page)).to_have_attribute("alt", re.compile("Sold units offset"))
        to_us = [request for request in visitor.sent if request.url.startswith(service.address)]
        # the state and the picture are asked for side by side
        names = sorted(request.url.partition("?")[0].rpartition("/")[2] for request in to_us)
        assert names == ["badge", "badge.svg", "v1.js"]
        assert not [request.url for request in to_us if {"referer", "cookie"} & set(request.all_headers())]
        assert visitor.context.cookies() == []
        assert visitor.page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0

    def test_asks_for_nothing_before_it_comes_near_the_view(self, visitor, shop, service, product):
        far = "<p>.</p>" * 300 + snippets(service, product["product"])["module"]
        visitor.page.goto(shop.sells("/long", far), wait_until="networkidle")
        assert not [request.url for request in visitor.sent if "/v1/" in request.url]
        visitor.page.locator("ashiato-badge").scroll_into_view_if_needed()
        expect(badge_on(visitor.page)).to_be_visible()

    def test_without_leave_to_ask_shows_the_picture_all_the_same(self, visitor, shop, service, product):
        policy = re.sub(r"connect-src [^;]+; ", "", shop.strict)
        body = snippets(service, product["product"], layout="line")["module"]
        visitor.page.goto(shop.sells("/quiet", body, policy=policy))
        expect(badge_on(visitor.page)).to_have_attribute("alt", "Ashiato badge: check its present state")
        href = visitor.page.locator("ashiato-badge a:has(img)").get_attribute("href")
        assert service.client.get(href).headers["location"] == f"/p/{product['number']}?lang=en"

    def test_leaves_its_content_where_scripts_do_not_run(self, browser, shop, service, product):
        visitor = Visitor(browser, java_script_enabled=False)
        visitor.page.goto(shop.sells("/plain", snippets(service, product["product"])["module"]))
        expect(visitor.page.get_by_role("link", name="Ashiato badge: check its present state")).to_be_visible()
        visitor.context.close()

    def test_another_file_under_its_address_does_not_run(self, visitor, shop, service, product):
        body = re.sub('integrity="sha384-...', 'integrity="sha384-AAA', snippets(service, product["product"])["module"])
        visitor.page.goto(shop.sells("/forged", body), wait_until="networkidle")
        expect(visitor.page.get_by_role("link", name="Ashiato badge: check its present state")).to_be_visible()
        assert any("integrity" in text for text in visitor.said)

    def test_follows_its_attributes(self, visitor, shop, service, product):
        visitor.page.goto(shop.sells("/changing", snippets(service, product["product"])["module"]))
        expect(badge_on(visitor.page)).to_have_attribute("width", "320")
        visitor.page.evaluate("""() => {
            const badge = document.querySelector("ashiato-badge");
            badge.setAttribute("layout", "round");
            badge.setAttribute("lang", "ja");
            badge.setAttribute("market", "eu");
        }""")
        expect(badge_on(visitor.page)).to_have_attribute("width", "160")
        expect(badge_on(visitor.page)).to_have_attribute("alt", re.compile("気候対策の事業に資金を拠出"))


class TestABadgeTurns:
    @pytest.fixture
    def own(self, service):
        return service.client.get("/happen/begin").json()

    def test_for_whoever_comes_ten_minutes_later(self, browser, shop, service, own):
        address = shop.sells("/turning", snippets(service, own["product"])["module"])

        def seen() -> str:
            visitor = Visitor(browser)
            visitor.page.goto(address)
            expect(badge_on(visitor.page)).to_be_visible()
            said = badge_on(visitor.page).get_attribute("alt")
            assert visitor.said == []
            visitor.context.close()
            return said

        states = [seen()]
        for what in ("sell", "revoke", "end"):
            service.happens(what, own)
            service.later()
            states.append(seen())
        told = [re.search("State in the test: (.+?)\\.", state)[1] for state in states]
        assert told == ["Sold units offset", "More sold than offset", "Revoked", "Kept up no longer"]

    def test_also_on_a_page_that_stays_open(self, visitor, shop, service, own):
        visitor.page.clock.install()
        visitor.page.goto(shop.sells("/open", snippets(service, own["product"])["module"]))
        expect(badge_on(visitor.page)).to_have_attribute("alt", re.compile("Sold units offset"))
        service.happens("sell", own)
        service.later()
        with visitor.page.expect_response(re.compile(r"badge\.svg")) as asked:
            visitor.page.clock.fast_forward(301_000)
        assert "More sold than offset" in asked.value.text()
        expect(badge_on(visitor.page)).to_have_attribute("alt", re.compile("More sold than offset"))

    def test_a_product_that_nobody_knows_is_a_calm_picture(self, visitor, shop, service, own):
        body = snippets(service, own["product"])["module"].replace(own["product"], "prd_nobody")
        visitor.page.goto(shop.sells("/nobody", body))
        expect(badge_on(visitor.page)).to_have_attribute("alt", "Ashiato badge: check its present state")


class TestWithoutScripts:
    def test_a_picture_with_a_link_is_all_it_takes(self, browser, shop, service, product):
        visitor = Visitor(browser, java_script_enabled=False)
        for name in ("image", "mail"):
            visitor.page.goto(shop.sells(f"/{name}", snippets(service, product["product"])[name]))
            link = visitor.page.get_by_role("link", name="Ashiato badge: check its present state")
            expect(link).to_have_attribute("href", f"{service.address}/p/{product['number']}?lang=en")
            eventually(lambda: visitor.page.locator("img").evaluate("img => img.naturalWidth"), what="a picture")
        ours = [request for request in visitor.sent if "/v1/" in request.url]
        assert ours
        assert not [request.url for request in ours if "referer" in request.all_headers()]
        visitor.context.close()

    def test_an_address_is_enough_where_oembed_is_understood(self, visitor, shop, service, product):
        pasted = snippets(service, product["product"])["oembed"]
        page = html.fromstring(service.client.get(pasted).content)
        (link,) = page.xpath("//link[@type='application/json+oembed']/@href")
        told = service.client.get(f"{link}&maxwidth=250&maxheight=100").json()
        assert (told["type"], told["width"], told["height"]) == ("photo", 240, 40)
        # what a site makes of a photo: the title becomes an attribute
        title = html.Element("img", alt=told["title"], src=told["url"], width="240")
        visitor.page.goto(shop.sells("/embedded", html.tostring(title, encoding="unicode")))
        eventually(lambda: visitor.page.locator("img").evaluate("img => img.naturalWidth") == 480, what="the picture")
        assert unescape(NAME) in visitor.page.locator("img").get_attribute("alt")
        assert visitor.page.title() == "shop"
