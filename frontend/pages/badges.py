"""The badge studio: choose a product or a certificate, see its badge on real backgrounds, copy what a shop needs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from hashlib import sha256
from typing import get_args
from urllib.parse import quote

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from certificates.badges.artwork import FORMS
from certificates.badges.drawing import Layout, badge_svg
from certificates.badges.facts import BadgeFacts, BadgeKind, BadgeState
from certificates.badges.looks import Theme
from certificates.badges.words import texts_of
from certificates.claims.judge import Judgement
from certificates.records import CertificateNotFound
from frontend.access import noticing, visitor_of
from frontend.badge_module import ADDRESS, integrity
from frontend.badge_snippets import Wanted, image_snippet, mail_snippet, module_snippet
from frontend.context import PageContext, services_of
from frontend.locales import Locale
from frontend.responses import page_response
from frontend.wording import words
from marketplace.badges.badge import Badge, BadgeNotOffered
from marketplace.badges.certificates import badge_of_certificate
from marketplace.badges.products import badge_of_product
from marketplace.market import Market
from marketplace.products.errors import ProductNotFound
from marketplace.products.service import find, products_of
from marketplace.products.states import SalesMarket

LAYOUTS: tuple[Layout, ...] = get_args(Layout)
THEMES: tuple[Theme, ...] = get_args(Theme)
# where a badge stands in the preview, and the theme that suits the place
GROUNDS = ("white", "night", "photo", "shelf")
SHELF = 50
_PRODUCT_ID = "prd_"


@dataclass(frozen=True, slots=True)
class Typed:
    """What was chosen; anything else than the choices there are becomes the first of them."""

    name: str
    layout: Layout
    theme: Theme
    locale: Locale
    market: SalesMarket

    @classmethod
    def of(cls, asked: Mapping[str, str], locale: Locale) -> "Typed":
        return cls(
            name=asked.get("of", "").strip()[:100],
            layout=next((one for one in LAYOUTS if one == asked.get("layout")), "card"),
            theme=next((one for one in THEMES if one == asked.get("theme")), "light"),
            locale=Locale.of_tag(asked.get("speaks", "")) or locale,
            market=next((one for one in SalesMarket if one == asked.get("market")), SalesMarket.JP),
        )

    @property
    def is_product(self) -> bool:
        return self.name.startswith(_PRODUCT_ID)


@noticing
async def page(request: Request) -> Response:
    """The form; with ?of= the badge, why it says what it says, and the snippets. An unknown one is refused at its field."""
    context, market = PageContext.of(request), services_of(request).market
    typed = Typed.of(request.query_params, context.locale)
    badge, errors = None, {}
    if typed.name:
        try:
            badge = await _badge(market, typed)
        except (CertificateNotFound, ProductNotFound, BadgeNotOffered) as refusal:
            errors = {"of": words("badges", f"refused.{refusal.code}", context.locale)}
    visitor = visitor_of(request)
    organisation = visitor.organisation_id if visitor else None
    return page_response(
        request,
        "pages/badges.html",
        status=404 if errors else 200,
        typed=typed,
        errors=errors,
        choices=_choices(context.locale),
        own=await products_of(organisation, limit=SHELF) if organisation else (),
        shown=_shown(typed, badge, context) if badge else None,
        artwork=FORMS,
        examples=_examples(context.locale),
        module=context.public_origin + ADDRESS,
        integrity=integrity(),
    )


async def lead_to_product(request: Request) -> Response:
    """Where a product's badge leads, for pages that know its id only."""
    try:
        product = await find(request.path_params["product_id"])
    except ProductNotFound as missing:
        raise HTTPException(404) from missing
    return _there(request, f"/p/{product.number}")


async def lead_to_certificate(request: Request) -> Response:
    """Where a certificate's badge leads; its page says whether there is one."""
    return _there(request, f"/c/{quote(request.path_params['number'], safe='')}")


def _there(request: Request, path: str) -> Response:
    return RedirectResponse(f"{path}?lang={PageContext.of(request).locale.value}", status_code=302)


async def _badge(market: Market, typed: Typed) -> Badge:
    if typed.is_product:
        return await badge_of_product(market, typed.name, shown_in=typed.market)
    return await badge_of_certificate(market, typed.name, shown_in=typed.market)


def _choices(locale: Locale) -> dict[str, list[tuple[str, str]]]:
    """Values and their words, for the form."""
    return {
        "layout": [(one, words("badges", f"layout.{one}", locale)) for one in LAYOUTS],
        "theme": [(one, words("badges", f"theme.{one}", locale)) for one in THEMES],
        "speaks": [(one.value, one.own_name) for one in Locale],
        "market": [(one.value, words("badges", f"market.{one.value}", locale)) for one in SalesMarket],
    }


def _shown(typed: Typed, badge: Badge, context: PageContext) -> dict[str, object]:
    """What the page says of one badge."""
    wanted = Wanted(
        kind=badge.facts.kind,
        name=typed.name if badge.facts.kind is BadgeKind.PRODUCT else badge.facts.number,
        path=badge.path,
        layout=typed.layout,
        theme=typed.theme,
        locale=typed.locale,
        market=typed.market,
    )
    origin, locale = context.public_origin, context.locale
    alive = badge.facts.state not in {BadgeState.ENDED, BadgeState.REVOKED}
    return {
        "facts": badge.facts,
        "sentence": texts_of(badge.facts, locale.value).sentence,
        "page": wanted.page(origin),
        "previews": [(ground, wanted.drawing(theme=_suiting(ground, typed.theme))) for ground in GROUNDS],
        "claims": _claims(badge.judgement, locale),
        "edition": badge.judgement.edition,
        "snippets": [
            ("module", module_snippet(wanted, origin)),
            ("image", image_snippet(wanted, origin)),
            ("mail", mail_snippet(wanted, origin)),
            ("oembed", wanted.page(origin)),
        ],
        "print": f"/v1/{wanted.kind.value}s/{wanted.name}/badge-print" if alive else None,
    }


def _suiting(ground: str, theme: Theme) -> Theme:
    """`auto` follows the reader's device, so the preview shows what dark and light devices get."""
    if theme != "auto":
        return theme
    return "dark" if ground == "night" else "light"


@cache
def _examples(locale: Locale) -> tuple[Markup, ...]:
    """One of each state, of nobody's product."""
    facts = BadgeFacts(
        kind=BadgeKind.PRODUCT,
        state=BadgeState.COVERED,
        subject=words("badges", "tile.name", locale),
        covered_g=1_000_000,
        share_per_mille=800,
        period_first=date(2027, 3, 1),
        period_last=date(2027, 3, 31),
        number="",
        mark_sha256=sha256(b"example").hexdigest(),
    )
    drawn = (
        badge_svg(replace(facts, state=state), layout="strip", theme="light", locale=locale.value)
        for state in BadgeState
    )
    return tuple(Markup(svg) for svg in drawn)  # noqa: S704  # drawn by us, every text escaped


def _claims(judgement: Judgement, locale: Locale) -> list[tuple[str, list[str]]]:
    """Every wording that the claim check knows, with what speaks against it on this badge."""
    return [
        (
            words("claims", f"wording.{decision.wording.value}", locale),
            [rule.explanation[locale.value] for rule in decision.against],
        )
        for decision in judgement.decisions
    ]
