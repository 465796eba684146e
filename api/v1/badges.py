"""Badges of certificates and products, for pages anywhere: as SVG, as PNG, and as the facts behind the picture."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import Field
from starlette.responses import Response

from api.badge_answers import DEFAULT_LAYOUT, DEFAULT_THEME, FIVE_MINUTES, FOR_ANY_ORIGIN, SVG, kept_or_calm, svg_answer
from api.calls import Call, Content
from api.endpoints import JSON, endpoint
from api.v1.orders import LocaleTag
from api.v1.shapes import Id, View, Wish
from certificates.badges.drawing import Layout, kept_badge_svg, size_of
from certificates.badges.facts import BadgeKind, BadgeState, Wording
from certificates.badges.looks import Theme
from certificates.badges.picture import badge_png
from certificates.badges.words import texts_of
from certificates.records import CertificateNotFound
from marketplace.badges.badge import Badge, BadgeNotOffered
from marketplace.badges.certificates import badge_of_certificate
from marketplace.badges.products import badge_of_product
from marketplace.products.errors import ProductNotFound
from marketplace.products.states import SalesMarket

PNG = "image/png"
TAG = "Badges"

ShownIn = Annotated[
    SalesMarket | None,
    Field(
        description="Where the page is shown; `eu` asks for the wording for consumers in the EU. Never widens what may be said."
    ),
]


class CertificateBadgePath(Wish):
    number: Annotated[str, Field(max_length=100, description="As printed; case, spaces and hyphens do not matter.")]


class ProductBadgePath(Wish):
    product_id: Id


class FactsQuery(Wish):
    lang: LocaleTag = "ja"
    market: ShownIn = None


class DrawingQuery(FactsQuery):
    layout: Layout = DEFAULT_LAYOUT
    theme: Annotated[Theme, Field(description="`auto` follows the reader's device.")] = DEFAULT_THEME


class PictureQuery(FactsQuery):
    layout: Layout = DEFAULT_LAYOUT
    theme: Literal["light", "dark"] = "light"
    scale: Annotated[Literal["1", "2", "3", "4", "8"], Field(description="Pixels to a unit of the drawing.")] = "2"


class BadgeUrls(View):
    """`page` is where a click leads: the evidence."""

    page: str
    svg: str
    png: str


class BadgeView(View):
    """`sentence` says in words what the picture shows, for those who do not see it. `rules` is the edition of the claim check."""

    kind: BadgeKind
    number: str
    subject: str
    state: BadgeState
    wording: Wording
    sandbox: bool
    covered_g: int
    share_per_mille: int
    period_first: date
    period_last: date
    covered_units: int | None
    sold_units: int | None
    sentence: str
    rules: str
    urls: BadgeUrls


@endpoint(
    "GET",
    "/v1/products/{product_id}/badge.svg",
    answers={200: Content(SVG, "The badge; its title is a whole sentence.")},
    refuses=(ProductNotFound,),
    tag=TAG,
    cache=FIVE_MINUTES,
    around=kept_or_calm,
)
async def draw_product_badge(call: Call, path: ProductBadgePath, query: DrawingQuery) -> Response:
    """Draw the badge of a product

    It turns by itself: when more is sold than covered, when the period ends, when a certificate is revoked, when the product
    ends. Where an `img` asks (Accept names image/…) and there is no badge, the answer is a picture that says so.
    """
    badge = await badge_of_product(call.services.market, path.product_id, shown_in=query.market)
    return _drawn(badge, query)


@endpoint(
    "GET",
    "/v1/products/{product_id}/badge.png",
    answers={200: Content(PNG, "The badge as a picture, for mails and shops that take no SVG.")},
    refuses=(ProductNotFound,),
    tag=TAG,
    cache=FIVE_MINUTES,
    around=kept_or_calm,
)
async def picture_product_badge(call: Call, path: ProductBadgePath, query: PictureQuery) -> Response:
    """Draw the badge of a product as PNG"""
    badge = await badge_of_product(call.services.market, path.product_id, shown_in=query.market)
    return await _pictured(badge, query)


@endpoint(
    "GET",
    "/v1/products/{product_id}/badge",
    answers={200: BadgeView},
    refuses=(ProductNotFound,),
    tag=TAG,
    cache=FIVE_MINUTES,
    around=kept_or_calm,
)
async def read_product_badge(call: Call, path: ProductBadgePath, query: FactsQuery) -> Response:
    """Read what the badge of a product shows"""
    badge = await badge_of_product(call.services.market, path.product_id, shown_in=query.market)
    return _told(call, badge, f"products/{path.product_id}", query)


@endpoint(
    "GET",
    "/v1/certificates/{number}/badge.svg",
    answers={200: Content(SVG, "The badge; its title is a whole sentence.")},
    refuses=(CertificateNotFound, BadgeNotOffered),
    tag=TAG,
    cache=FIVE_MINUTES,
    around=kept_or_calm,
)
async def draw_certificate_badge(call: Call, path: CertificateBadgePath, query: DrawingQuery) -> Response:
    """Draw the badge of a certificate

    A corrected certificate has the badge of the one that replaced it. Unlisted ones and those of pools have none.
    """
    badge = await badge_of_certificate(call.services.market, path.number, shown_in=query.market)
    return _drawn(badge, query)


@endpoint(
    "GET",
    "/v1/certificates/{number}/badge.png",
    answers={200: Content(PNG, "The badge as a picture, for mails and pages that take no SVG.")},
    refuses=(CertificateNotFound, BadgeNotOffered),
    tag=TAG,
    cache=FIVE_MINUTES,
    around=kept_or_calm,
)
async def picture_certificate_badge(call: Call, path: CertificateBadgePath, query: PictureQuery) -> Response:
    """Draw the badge of a certificate as PNG"""
    badge = await badge_of_certificate(call.services.market, path.number, shown_in=query.market)
    return await _pictured(badge, query)


@endpoint(
    "GET",
    "/v1/certificates/{number}/badge",
    answers={200: BadgeView},
    refuses=(CertificateNotFound, BadgeNotOffered),
    tag=TAG,
    cache=FIVE_MINUTES,
    around=kept_or_calm,
)
async def read_certificate_badge(call: Call, path: CertificateBadgePath, query: FactsQuery) -> Response:
    """Read what the badge of a certificate shows"""
    badge = await badge_of_certificate(call.services.market, path.number, shown_in=query.market)
    return _told(call, badge, f"certificates/{badge.facts.number}", query)


def _drawn(badge: Badge, query: DrawingQuery) -> Response:
    return svg_answer(kept_badge_svg(badge.facts, query.layout, query.theme, query.lang))


async def _pictured(badge: Badge, query: PictureQuery) -> Response:
    svg = kept_badge_svg(badge.facts, query.layout, query.theme, query.lang)
    picture = await asyncio.to_thread(badge_png, svg, width=size_of(query.layout)[0] * int(query.scale))
    return Response(picture, media_type=PNG, headers=FOR_ANY_ORIGIN)


def _told(call: Call, badge: Badge, place: str, query: FactsQuery) -> Response:
    facts, origin = badge.facts, call.services.public_origin
    asked: Mapping[str, str] = {"lang": query.lang} | ({"market": query.market.value} if query.market else {})
    drawing = f"{origin}/v1/{place}/badge"
    view = BadgeView(
        kind=facts.kind,
        number=facts.number,
        subject=facts.subject,
        state=facts.shown_state,
        wording=facts.wording,
        sandbox=facts.sandbox,
        covered_g=facts.covered_g,
        share_per_mille=facts.share_per_mille,
        period_first=facts.period_first,
        period_last=facts.period_last,
        covered_units=facts.units.covered if facts.units else None,
        sold_units=facts.units.sold if facts.units else None,
        sentence=texts_of(facts, query.lang).sentence,
        rules=badge.judgement.edition,
        urls=BadgeUrls(
            page=f"{origin}{badge.path}?lang={query.lang}",
            svg=f"{drawing}.svg?{urlencode(asked)}",
            png=f"{drawing}.png?{urlencode(asked)}",
        ),
    )
    return Response(view.model_dump_json(), media_type=JSON, headers=FOR_ANY_ORIGIN)
