"""What every page has around its matter: language, addresses, sandbox marks, headers, static files."""

import re

import pytest
from lxml import html
from starlette.routing import Route
from starlette.testclient import TestClient

from frontend.access import access_of
from frontend.assets import FOR_EVER, assets, static_url
from frontend.locales import Locale
from frontend.routes import routes
from tests.frontend.frame import check_frame

# These read the database; they are checked with the other pages of their subject.
FROM_THE_DATABASE = (
    "/credits",
    "/factors",
    "/log",
    "/ledger",
    "/mailbox",
    "/providers",
)
FILES = (".atom", ".csv", ".js", ".rss")
FIXED_PAGES = sorted(
    route.path
    for route in routes()
    if isinstance(route, Route)
    and access_of(route.endpoint).open
    and "GET" in (route.methods or ())
    and "{" not in route.path
    and route.path != "/"
    and not route.path.endswith((*FROM_THE_DATABASE, *FILES))
)


@pytest.mark.parametrize("path", FIXED_PAGES)
class TestEveryPage:
    def test_names_its_language_and_its_twins(self, site: TestClient, path: str) -> None:
        page = html.fromstring(site.get(path).content)
        language, bare = path[1:3], path[3:]
        assert page.get("lang") == language
        if page.xpath("//meta[@name='robots'][@content='noindex']"):
            assert page.xpath("//link[@rel='canonical'] | //link[@hreflang]") == []
            return
        assert page.xpath("//link[@rel='canonical']/@href") == [f"https://ashiato.example{path}"]
        twins = {link.get("hreflang"): link.get("href") for link in page.xpath("//link[@hreflang]")}
        assert twins == {locale.value: f"https://ashiato.example/{locale}{bare}" for locale in Locale}

    def test_is_sound_html_with_nothing_inline(self, site: TestClient, path: str) -> None:
        check_frame(site.get(path))

    def test_says_sandbox_only_in_the_sandbox(self, site: TestClient, live_site: TestClient, path: str) -> None:
        assert html.fromstring(site.get(path).content).find_class("sandbox-edge")
        live = html.fromstring(live_site.get(path).content)
        assert not live.find_class("sandbox-edge")
        assert not live.find_class("sandbox-strip")


class TestLanguageChoice:
    def test_the_bare_address_leads_to_the_wished_language(self, site: TestClient) -> None:
        assert site.get("/", headers={"Accept-Language": "en-GB"}).headers["location"] == "/en/"
        answer = site.get("/", headers={"Accept-Language": "ja"})
        assert (answer.status_code, answer.headers["location"]) == (302, "/ja/")
        assert answer.headers["vary"] == "Accept-Language"

    def test_the_switch_keeps_the_query(self, site: TestClient) -> None:
        page = html.fromstring(site.get("/ja/style?part=type").content)
        assert page.xpath("//*[@class='languages']/a/@href") == ["/ja/style?part=type", "/en/style?part=type"]


class TestTheme:
    def test_a_choice_is_kept_and_leads_back(self, site: TestClient) -> None:
        answer = site.post("/en/theme", data={"theme": "dark", "back": "/en/style"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/en/style")
        assert html.fromstring(site.get("/en/style").content).get("data-theme") == "dark"

    def test_the_device_decides_again_when_asked(self, site: TestClient) -> None:
        site.post("/en/theme", data={"theme": "dark", "back": "/en/style"})
        site.post("/en/theme", data={"theme": "device", "back": "/en/style"})
        assert html.fromstring(site.get("/en/style").content).get("data-theme") is None

    @pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", "", "javascript:x"])
    def test_it_never_leads_to_another_site(self, site: TestClient, back: str) -> None:
        location = site.post("/ja/theme", data={"theme": "light", "back": back}).headers["location"]
        assert re.match(r"/ja/", location)

    def test_a_strange_cookie_is_no_theme(self, site: TestClient) -> None:
        site.cookies.set("__Host-theme", '"><script>')
        assert html.fromstring(site.get("/ja/style").content).get("data-theme") is None


class TestErrorPages:
    @pytest.mark.parametrize(("path", "language"), [("/ja/nothing", "ja"), ("/en/nothing", "en")])
    def test_a_wrong_address_is_said_in_its_language(self, site: TestClient, path: str, language: str) -> None:
        answer = site.get(path)
        assert answer.status_code == 404
        assert answer.headers["cache-control"] == "no-store"
        assert html.fromstring(answer.content).get("lang") == language

    def test_without_a_language_the_browser_decides(self, site: TestClient) -> None:
        answer = site.get("/nothing", headers={"Accept-Language": "en"})
        assert "There is no page at this address" in answer.text

    def test_a_wrong_method_keeps_its_allow_header(self, site: TestClient) -> None:
        answer = site.get("/ja/theme")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"


class TestStaticFiles:
    def test_an_address_changes_with_the_content_and_may_be_kept(self, site: TestClient) -> None:
        answer = site.get(static_url("site.css"))
        assert answer.headers["cache-control"] == FOR_EVER
        assert answer.headers["content-type"].startswith("text/css")
        assert assets()["site.css"].digest in static_url("site.css")

    def test_another_hash_is_answered_but_not_kept(self, site: TestClient) -> None:
        answer = site.get("/static/0123456789abcdef/site.css")
        assert answer.content == assets()["site.css"].body
        assert answer.headers["cache-control"] == "no-cache"

    @pytest.mark.parametrize("name", ["nothing.css", "..%2froutes.py", "%2e%2e/routes.py", "site/tokens.css"])
    def test_nothing_else_can_be_read(self, site: TestClient, name: str) -> None:
        assert site.get(f"/static/0123456789abcdef/{name}").status_code == 404

    def test_an_unknown_name_fails_where_it_is_written(self) -> None:
        with pytest.raises(KeyError):
            static_url("nothing.css")


class TestCompression:
    @pytest.mark.parametrize("path", ["/ja/style", static_url("site.css")])
    def test_the_same_text_arrives_packed_or_plain(self, site: TestClient, path: str) -> None:
        packed = site.get(path, headers={"Accept-Encoding": "br, gzip"})
        plain = site.get(path, headers={"Accept-Encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.content == plain.content
        assert int(packed.headers["content-length"]) * 3 < int(plain.headers["content-length"])
        assert "Accept-Encoding" in packed.headers["vary"]

    @pytest.mark.parametrize("wish", ["", "gzip;q=0", "br", "x-gzip-like"])
    def test_nobody_gets_what_they_cannot_unpack(self, site: TestClient, wish: str) -> None:
        answer = site.get("/ja/style", headers={"Accept-Encoding": wish})
        assert "content-encoding" not in answer.headers

    @pytest.mark.parametrize("path", ["/ja/", "/ja/calculate/event?example=sapporo", "/ja/verify"])
    def test_a_first_visit_stays_small(self, site: TestClient, path: str) -> None:
        sizes = [int(site.get(address).headers["content-length"]) for address in (path, static_url("site.css"))]
        assert sum(sizes) < 60_000
