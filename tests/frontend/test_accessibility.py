"""A refused form and a result with everything opened: no violation that axe knows, and nothing wider than a phone.

Every page by itself goes through the same checks in tests/e2e/test_every_page.py.
"""

import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from frontend.locales import Locale
from tests.browser import chromium
from tests.frontend.preview import preview_app

_RUN_AXE = "([within, options]) => axe.run(within ?? document, options).then((found) => found.violations)"
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(preview_app(), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder: Path = tmp_path_factory.mktemp("browser")
    with chromium(folder) as started:
        yield started


def violations(page: Page, within: str | None = None, *, rules: Sequence[str] | None = None) -> list[str]:
    """What axe finds on the page, or in the one part of it that a selector names: by all its rules, or by some."""
    if page.evaluate("window.axe === undefined"):
        page.evaluate(AXE_SCRIPT)
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules is not None else {})}
    found = page.evaluate(_RUN_AXE, [within, options])
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def is_too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize(
    ("locale", "theme", "size"),
    [(Locale.JA, "light", DESK), (Locale.EN, "dark", PHONE)],
    ids=["ja-light-desk", "en-dark-phone"],
)
def test_a_refusal_and_a_result_are_accessible_and_fit(
    browser: Browser, address: str, locale: Locale, theme: str, size: dict[str, int]
) -> None:
    context = browser.new_context(viewport=size, color_scheme=theme)  # type: ignore[arg-type]  # playwright wants its own types
    page = context.new_page()
    try:
        page.goto(f"{address}/{locale}/calculate/event?example=sapporo")
        page.click("main button.button[value=calculate]")
        page.wait_for_url("**/footprints/*")
        page.evaluate("document.querySelectorAll('details').forEach((fold) => { fold.open = true; })")
        assert violations(page) == []
        assert not is_too_wide(page)
        page.goto(f"{address}/{locale}/calculate/event")
        page.click("main button.button[value=calculate]")
        page.wait_for_selector("#problems")
        assert violations(page) == []
    finally:
        context.close()


def test_the_whole_form_can_be_filled_in_and_sent_by_keyboard(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    try:
        page.goto(f"{address}/ja/calculate/event?example=sapporo")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        for _ in range(400):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('main button.button[value=calculate]')"):
                break
        page.keyboard.press("Enter")
        page.wait_for_url("**/footprints/*")
    finally:
        context.close()
