"""Every page of the list in tests/screenshots/pages.py in a real browser: no violation that axe knows, nothing wider than a phone,
nothing too small for a thumb, nothing that jumps, and little to load.

Each page is looked at once, languages, themes and sizes taking turns; ASHIATO_AXE_ALL=1 looks at every combination: each page is
opened once in each language, and turned through both sizes and themes where it stands.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import pytest
from playwright.sync_api import Browser, Page
from starlette.routing import Match

from frontend.locales import Locale
from frontend.routes import routes
from tests.e2e.instance import Instance
from tests.frontend.targets import too_small
from tests.frontend.test_accessibility import DESK, PHONE, is_too_wide, violations
from tests.screenshots.pages import PAGES, Shown
from tests.screenshots.story import Story, told

Look = tuple[str, dict[str, int]]
Turn = tuple[Locale, Sequence[Look]]
Window = Callable[[str | None], Page]
LOOKS: tuple[Look, ...] = tuple(product(("light", "dark"), (DESK, PHONE)))
COMBINATIONS = tuple(product(Locale, LOOKS))
# so that neighbours in the list, which are alike, differ in everything
TURNS = (0, 7, 2, 5, 4, 3, 6, 1)
COLOUR_RULES = ("color-contrast", "link-in-text-block")
ALL = bool(os.environ.get("ASHIATO_AXE_ALL"))
# what anybody walks through on a phone: looked at for the size of what is pressed, whatever the turn
MAIN_PATHS = frozenset(
    {
        "home",
        "calculators",
        "event-form",
        "household-form",
        "event-result",
        "reduce",
        "credits",
        "offset",
        "quote",
        "order",
    }
    | {"event-certificate", "verify", "sign-in", "account", "joining", "joining-offer", "plan-begin", "plan", "contact"}
)
UNFOLD = "document.querySelectorAll('details').forEach((fold) => { fold.open = true; })"
WATCH_SHIFTS = (
    "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => {"
    " if (!entry.hadRecentInput) window.shift += entry.value; })).observe({type: 'layout-shift', buffered: true})"
)
# What answers with a page and is not in the list: what a link from a mail opens once, and what
# needs work at the desk or cover of a product first.
NOT_SHOWN = (
    "/c/{number}.{form}",
    "/static/{digest}/{name:path}",
    "/ja/sign-in/{token}",
    "/ja/invitations/{token}",
    "/ja/desk/applications/{application_id}",
    "/ja/operations/reconciliation/{key}",
    "/ja/operations/recalls/{factor_id}",
    "/ja/account/products/{product_id}/items/{batch_id}",
)
FILES = (".csv", ".atom", ".rss", ".json", ".pdf", ".xlsx", "/status", "/news", "/export", "/notice", "/{form}")


@pytest.fixture(scope="module")
def story(instance: Instance) -> Story:
    return told(instance)


@pytest.fixture(scope="module")
def window(browser: Browser, story: Story) -> Iterator[Window]:
    """Gives the window of a role; each is opened when first needed. Without motion: a colour on its way to another is none of ours."""
    opened: dict[str | None, Page] = {}

    def window_for(role: str | None) -> Page:
        if role not in opened:
            context = browser.new_context(reduced_motion="reduce")
            context.add_cookies(story.cookies[role] if role else [])  # type: ignore[arg-type]  # playwright wants its own types
            opened[role] = context.new_page()
        return opened[role]

    yield window_for
    for page in opened.values():
        page.context.close()


def _turned(number: int) -> Sequence[Turn]:
    """In which languages the page of this number is opened, and how it is looked at in each."""
    if ALL:
        return [(locale, LOOKS) for locale in Locale]
    locale, look = COMBINATIONS[TURNS[number % len(TURNS)]]
    return [(locale, [look])]


@pytest.mark.parametrize(
    ("shown", "turn"),
    [
        pytest.param(shown, turn, id=f"{shown.name}-{turn[0]}")
        for number, shown in enumerate(PAGES)
        for turn in _turned(number)
    ],
)
def test_is_accessible_and_fits(instance: Instance, story: Story, window: Window, shown: Shown, turn: Turn) -> None:
    locale, looks = turn
    page = window(shown.role)
    page.set_viewport_size(looks[0][1])  # type: ignore[arg-type]  # playwright wants its own types
    answer = page.goto(instance.address + shown.address(story.paths, locale))
    assert answer is not None
    assert answer.status == (404 if shown.name == "nothing-here" else 200)
    if shown.unfolded:
        page.evaluate(UNFOLD)
    seen: set[int] = set()
    for theme, size in looks:
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # as above
        page.set_viewport_size(size)  # type: ignore[arg-type]  # as above
        # a theme changes colours and nothing else
        rules = COLOUR_RULES if size["width"] in seen else None
        assert violations(page, rules=rules) == [], (theme, size["width"])
        assert not is_too_wide(page)
        seen.add(size["width"])
    if PHONE["width"] in seen or shown.name in MAIN_PATHS:
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # as above
        assert too_small(page) == []


def test_the_list_has_every_page() -> None:
    examples = {
        **{f"{kind}_footprint": "/footprints/1" for kind in ("event", "household", "product", "organisation")},
        **{f"{kind}_certificate": "/c/1" for kind in ("event", "household", "product", "organisation", "hidden")},
        **dict.fromkeys(("draft", "event_footprint_id", "provider"), "1"),
        "event_order": "/orders/1",
        "comparison": "/footprints/1/compare/2",
        "quote": "/quotes/1",
        "bulk_run": "/calculate/bulk/1",
        "project": "/projects/1",
        "letter": "/mailbox/1",
        "account_event": "/account/events/1",
        "joining": "/e/1",
        "joining_offer": "/e/1/travel/1",
        "joining_done": "/e/1/mine/1",
        "holding": "/provider/holdings/1",
        "checked_list": "/provider/import/1",
        "webhook": "/account/webhooks/1",
        "product": "/account/products/1",
        "product_id": "1",
        "product_in_public": "/p/1",
        "plan": "/plans/1",
        "plan_year": "2026",
    }
    listed = [shown.address(examples, Locale.JA).partition("?")[0] for shown in PAGES]
    missing = [
        route.path
        for route in routes()
        if route.path.startswith(("/ja/", "/c/", "/static"))
        and "GET" in (route.methods or ())
        and route.path not in NOT_SHOWN
        and not route.path.endswith(FILES)
        and not any(route.matches({"type": "http", "method": "GET", "path": path})[0] is Match.FULL for path in listed)
    ]
    assert missing == []


class TestAFirstVisit:
    @pytest.fixture
    def page(self, browser: Browser) -> Iterator[Page]:
        """A phone that has never been here."""
        context = browser.new_context(viewport=PHONE)
        page = context.new_page()
        page.add_init_script(WATCH_SHIFTS)
        yield page
        context.close()

    @pytest.mark.parametrize(
        ("name", "most_bytes"),
        [
            ("home", 150_000),
            ("event-form", 150_000),
            ("household-form", 150_000),
            ("project", 150_000),
            ("verify", 150_000),
            ("event-certificate", 60_000),
        ],
    )
    def test_loads_little_and_nothing_jumps(
        self, page: Page, instance: Instance, story: Story, name: str, most_bytes: int
    ) -> None:
        transferred: list[int] = []
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.loadingFinished", lambda loaded: transferred.append(loaded["encodedDataLength"]))
        shown = next(shown for shown in PAGES if shown.name == name)
        page.goto(instance.address + shown.address(story.paths, Locale.JA), wait_until="networkidle")
        assert len(transferred) > 1
        assert sum(transferred) < most_bytes
        assert page.evaluate("window.shift") == 0
