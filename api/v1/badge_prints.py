"""Artwork of badges for print."""

import asyncio
from datetime import datetime
from typing import Annotated

from pydantic import Field
from starlette.responses import Response

from api.badge_answers import FIVE_MINUTES, SVG
from api.calls import Call, Content
from api.endpoints import endpoint
from api.v1.badges import TAG, CertificateBadgePath, ProductBadgePath, ShownIn
from api.v1.orders import LocaleTag
from api.v1.shapes import Wish
from certificates.badges.artwork import Artwork, ArtworkForm, artwork_pdf, artwork_svg
from certificates.badges.facts import BadgeState
from certificates.records import CertificateNotFound
from marketplace.badges.badge import Badge, BadgeNotOffered
from marketplace.badges.certificates import badge_of_certificate
from marketplace.badges.products import badge_of_product
from marketplace.products.errors import ProductNotFound

PDF = "application/pdf"
_ENDED = frozenset({BadgeState.ENDED, BadgeState.REVOKED})


class PrintQuery(Wish):
    form: Annotated[ArtworkForm, Field(description="Shape and width in millimetres.")] = "wide-70"
    lang: LocaleTag = "ja"
    market: ShownIn = None


@endpoint(
    "GET",
    "/v1/products/{product_id}/badge-print.pdf",
    answers={200: Content(PDF, "One page of the artwork's size, black only, fonts embedded.")},
    refuses=(ProductNotFound, BadgeNotOffered),
    tag=TAG,
    cache=FIVE_MINUTES,
)
async def print_product_badge(call: Call, path: ProductBadgePath, query: PrintQuery) -> Response:
    """Print artwork for a product, as PDF

    A QR code of the short address, and no state, since print cannot turn. Not for a product that has ended.
    """
    badge = await badge_of_product(call.services.market, path.product_id, shown_in=query.market)
    return await _pdf(call, badge, query)


@endpoint(
    "GET",
    "/v1/products/{product_id}/badge-print.svg",
    answers={200: Content(SVG, "The same as a drawing, letters as outlines.")},
    refuses=(ProductNotFound, BadgeNotOffered),
    tag=TAG,
    cache=FIVE_MINUTES,
)
async def draw_product_print(call: Call, path: ProductBadgePath, query: PrintQuery) -> Response:
    """Print artwork for a product, as SVG"""
    badge = await badge_of_product(call.services.market, path.product_id, shown_in=query.market)
    return await _svg(call, badge, query)


@endpoint(
    "GET",
    "/v1/certificates/{number}/badge-print.pdf",
    answers={200: Content(PDF, "One page of the artwork's size, black only, fonts embedded.")},
    refuses=(CertificateNotFound, BadgeNotOffered),
    tag=TAG,
    cache=FIVE_MINUTES,
)
async def print_certificate_badge(call: Call, path: CertificateBadgePath, query: PrintQuery) -> Response:
    """Print artwork for a certificate, as PDF"""
    badge = await badge_of_certificate(call.services.market, path.number, shown_in=query.market)
    return await _pdf(call, badge, query)


@endpoint(
    "GET",
    "/v1/certificates/{number}/badge-print.svg",
    answers={200: Content(SVG, "The same as a drawing, letters as outlines.")},
    refuses=(CertificateNotFound, BadgeNotOffered),
    tag=TAG,
    cache=FIVE_MINUTES,
)
async def draw_certificate_print(call: Call, path: CertificateBadgePath, query: PrintQuery) -> Response:
    """Print artwork for a certificate, as SVG"""
    badge = await badge_of_certificate(call.services.market, path.number, shown_in=query.market)
    return await _svg(call, badge, query)


async def _pdf(call: Call, badge: Badge, query: PrintQuery) -> Response:
    artwork, now = _artwork(call, badge), call.services.market.clock()
    # the date of the day: the same artwork has the same bytes all day long
    midnight = datetime(now.year, now.month, now.day, tzinfo=now.tzinfo)
    pdf = await asyncio.to_thread(artwork_pdf, artwork, query.form, query.lang, timestamp=int(midnight.timestamp()))
    return _file(pdf, PDF, f"{artwork.number}.{query.form}.{query.lang}.pdf")


async def _svg(call: Call, badge: Badge, query: PrintQuery) -> Response:
    artwork = _artwork(call, badge)
    svg = await asyncio.to_thread(artwork_svg, artwork, query.form, query.lang)
    return _file(svg, SVG, f"{artwork.number}.{query.form}.{query.lang}.svg")


def _artwork(call: Call, badge: Badge) -> Artwork:
    facts = badge.facts
    if facts.state in _ENDED:
        raise BadgeNotOffered("nothing is printed for what has ended", number=facts.number)
    return Artwork(
        kind=facts.kind,
        wording=facts.wording,
        number=facts.number,
        url=f"{call.services.market.base_url}{badge.path}",
        mark_sha256=facts.mark_sha256,
        sandbox=facts.sandbox,
    )


def _file(content: bytes | str, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)
