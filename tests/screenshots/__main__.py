"""`make screenshots`: every page in both languages, both themes, on a desk and a phone, as build/screenshots/<page>.<…>.png.

    python -m tests.screenshots [name …] [--address http://127.0.0.1:8000 --data data]

Names are beginnings of pages' names. Without an address an instance of its own is started and thrown away again.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import httpx
from playwright.sync_api import Browser

from frontend.locales import Locale
from tests.browser import chromium
from tests.e2e.instance import Instance, an_instance
from tests.screenshots.pages import PAGES, Shown
from tests.screenshots.story import Story, told

FOLDER = Path("build/screenshots")
SIZES = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"


@contextmanager
def to_look_at(address: str | None, data: Path | None) -> Iterator[Instance]:
    """A running instance, or a new one."""
    if address is None or data is None:
        with tempfile.TemporaryDirectory(prefix="ashiato-screenshots-") as folder, an_instance(Path(folder)) as own:
            yield own
    else:
        with httpx.Client(base_url=address, timeout=30) as client:
            yield Instance(address, data, client)


def photograph(browser: Browser, instance: Instance, story: Story, pages: Sequence[Shown]) -> None:
    """One browser window for each combination and role; each picture is as long as the page."""
    by_role = {role: [shown for shown in pages if shown.role == role] for role in (None, *story.cookies)}
    for locale, theme, (size, viewport), role in product(Locale, THEMES, SIZES.items(), by_role):
        context = browser.new_context(viewport=viewport, color_scheme=theme, locale=locale.value)  # type: ignore[arg-type]  # playwright wants its own types
        context.add_cookies(story.cookies[role] if role else [])  # type: ignore[arg-type]  # as above
        page = context.new_page()
        for shown in by_role[role]:
            page.goto(instance.address + shown.address(story.paths, locale))
            if shown.unfolded:
                page.evaluate(UNFOLD)
            page.screenshot(path=FOLDER / f"{shown.name}.{locale}.{theme}.{size}.png", full_page=True)
        context.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make screenshots")
    parser.add_argument("names", nargs="*", default=[""])
    parser.add_argument("--address")
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    pages = tuple(shown for shown in PAGES if shown.name.startswith(tuple(asked.names)))
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        to_look_at(asked.address, asked.data) as instance,
        tempfile.TemporaryDirectory() as fonts,
        chromium(Path(fonts)) as browser,
    ):
        photograph(browser, instance, told(instance), pages)


if __name__ == "__main__":
    main()
