"""News: one file per item and language in content/<language>/news, named by day and a short name: 2026-11-22-sandbox.toml.

An operator adds a pair of files; the page, the items' own pages and both feeds follow.
"""

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from xml.etree import ElementTree

from pydantic import BaseModel, ConfigDict

from frontend.content_pages import CONTENT
from frontend.locales import Locale

_ATOM = "http://www.w3.org/2005/Atom"
# An item of a day counts from its beginning in Japan.
_JAPAN_AHEAD = timedelta(hours=9)


class _Text(BaseModel):
    """The shape of a file. `link` is an address on this site without the language, such as /calculate/bulk; it may be empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    lead: str
    text: tuple[str, ...] = ()
    link: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of news in one language; `key` is its address below /news and the same in every language."""

    key: str
    on: date
    title: str
    lead: str
    text: tuple[str, ...]
    link: str


@cache
def items(locale: Locale) -> tuple[Item, ...]:
    """The newest first. Raises: ValueError, pydantic.ValidationError for a file that does not have the shape."""
    found = [
        Item(path.stem, date.fromisoformat(path.stem[:10]), **_read(path.read_text("utf-8")).model_dump())
        for path in (CONTENT / locale / "news").glob("*.toml")
    ]
    return tuple(sorted(found, key=lambda item: (item.on, item.key), reverse=True))


def find(key: str, locale: Locale) -> Item | None:
    return next((item for item in items(locale) if item.key == key), None)


def atom(locale: Locale, *, title: str, origin: str) -> bytes:
    """The feed by RFC 4287. `origin`: https://example.org."""
    feed = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": locale.value})
    page = f"{origin}/{locale}/news"
    _add(feed, "title", title)
    _add(feed, "id", page)
    ElementTree.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": page})
    ElementTree.SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": f"{page}.atom"})
    _add(feed, "updated", max((_moment(item.on) for item in items(locale)), default=_moment(date.min)).isoformat())
    _add(ElementTree.SubElement(feed, "author"), "name", "Ashiato")
    for item in items(locale):
        entry = ElementTree.SubElement(feed, "entry")
        _add(entry, "title", item.title)
        _add(entry, "id", f"{page}/{item.key}")
        ElementTree.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": f"{page}/{item.key}"})
        _add(entry, "updated", _moment(item.on).isoformat())
        _add(entry, "summary", item.lead)
    return _as_bytes(feed)


def rss(locale: Locale, *, title: str, about: str, origin: str) -> bytes:
    """The same as RSS 2.0, for readers that know nothing else."""
    root = ElementTree.Element("rss", {"version": "2.0", "xmlns:atom": _ATOM})
    channel = ElementTree.SubElement(root, "channel")
    page = f"{origin}/{locale}/news"
    _add(channel, "title", title)
    _add(channel, "link", page)
    _add(channel, "description", about)
    _add(channel, "language", locale.value)
    ElementTree.SubElement(channel, "atom:link", {"rel": "self", "type": "application/rss+xml", "href": f"{page}.rss"})
    for item in items(locale):
        entry = ElementTree.SubElement(channel, "item")
        _add(entry, "title", item.title)
        _add(entry, "link", f"{page}/{item.key}")
        _add(entry, "guid", f"{page}/{item.key}")
        _add(entry, "pubDate", f"{_moment(item.on):%a, %d %b %Y %H:%M:%S +0000}")
        _add(entry, "description", item.lead)
    return _as_bytes(root)


def _read(text: str) -> _Text:
    return _Text.model_validate(tomllib.loads(text))


def _moment(on: date) -> datetime:
    return datetime.combine(on, time.min, UTC) - (_JAPAN_AHEAD if on > date.min else timedelta())


def _add(parent: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = text


def _as_bytes(root: ElementTree.Element) -> bytes:
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
