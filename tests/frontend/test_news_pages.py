"""News are pairs of files; the pages and both feeds say the same in each language."""

from datetime import datetime
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from frontend.locales import Locale
from frontend.news import items
from frontend.routes import routes
from tests.frontend.frame import check_frame

ATOM = {"a": "http://www.w3.org/2005/Atom"}
ORIGIN = "https://ashiato.example"


class TestItems:
    def test_stand_in_every_language_under_the_same_address(self) -> None:
        keys = [[(item.key, item.on, item.link, len(item.text)) for item in items(locale)] for locale in Locale]
        assert keys[0] == keys[1]
        assert keys[0] == sorted(keys[0], reverse=True)

    def test_lead_to_pages_that_exist(self) -> None:
        paths = {route.path for route in routes()}
        for item in items(Locale.JA):
            assert (
                item.link == "" or f"/ja{item.link}" in paths or f"/ja{item.link.rpartition('/')[0]}/{{type}}" in paths
            )


@pytest.mark.parametrize("locale", list(Locale))
class TestPagesAndFeeds:
    def test_every_item_has_its_page_and_stands_on_the_list(self, site: TestClient, locale: Locale) -> None:
        listed = check_frame(site.get(f"/{locale}/news")).xpath("//ol[@class='news']//a/@href")
        assert listed == [f"/{locale}/news/{item.key}" for item in items(locale)]
        for address, item in zip(listed, items(locale), strict=True):
            page = check_frame(site.get(address))
            assert page.xpath("string(//h1)") == item.title
            assert page.xpath("//main//time/@datetime") == [item.on.isoformat()]
        assert site.get(f"/{locale}/news/2020-01-01-nothing").status_code == 404

    def test_the_atom_feed_has_what_the_format_asks_for(self, site: TestClient, locale: Locale) -> None:
        answer = site.get(f"/{locale}/news.atom")
        assert answer.headers["content-type"] == "application/atom+xml"
        feed = ElementTree.fromstring(answer.content)
        assert feed.findtext("a:id", namespaces=ATOM) == f"{ORIGIN}/{locale}/news"
        entries = feed.findall("a:entry", ATOM)
        assert [entry.findtext("a:title", namespaces=ATOM) for entry in entries] == [i.title for i in items(locale)]
        for element in (feed, *entries):
            assert datetime.fromisoformat(element.findtext("a:updated", namespaces=ATOM) or "").tzinfo is not None
            assert (element.findtext("a:id", namespaces=ATOM) or "").startswith(ORIGIN)

    def test_the_rss_feed_says_the_same(self, site: TestClient, locale: Locale) -> None:
        answer = site.get(f"/{locale}/news.rss")
        assert answer.headers["content-type"] == "application/rss+xml"
        channel = ElementTree.fromstring(answer.content).find("channel")
        assert channel is not None
        found = channel.findall("item")
        assert [entry.findtext("title") for entry in found] == [item.title for item in items(locale)]
        assert all(parsedate_to_datetime(entry.findtext("pubDate") or "").tzinfo is not None for entry in found)

    def test_readers_find_the_feed_on_any_page(self, site: TestClient, locale: Locale) -> None:
        page = check_frame(site.get(f"/{locale}/"))
        assert page.xpath("//link[@type='application/atom+xml']/@href") == [f"/{locale}/news.atom"]
