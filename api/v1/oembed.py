"""oEmbed: paste the address of a certificate's or a product's page, get its badge. JSON only; only addresses of this service.

Source: oembed.com, version 1.0, type "photo": a picture that links to the page, with the sentence as its title.
"""

import re
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import Field
from starlette.responses import Response

from api.badge_answers import FIVE_MINUTES, FOR_ANY_ORIGIN
from api.calls import Call
from api.endpoints import JSON, endpoint
from api.problems import FormatNotOffered, NothingToEmbed
from api.v1.badges import TAG
from api.v1.shapes import View, Wish
from certificates.badges.drawing import Layout, size_of
from certificates.badges.words import texts_of
from certificates.records import CertificateNotFound
from certificates.sheet import Locale
from marketplace.badges.badge import Badge, BadgeNotOffered
from marketplace.badges.certificates import badge_of_certificate
from marketplace.badges.products import badge_of_product
from marketplace.products.errors import ProductNotFound
from marketplace.products.service import find_by_number

PROVIDER = "Ashiato"
_PAGE = re.compile(r"/(?P<kind>[cp])/(?P<name>[A-Za-z0-9-]{1,100})")
# the largest that fits is taken, else the smallest
_BY_SIZE: tuple[Layout, ...] = ("card", "strip", "line")
_SCALE = 2


class OembedQuery(Wish):
    """`dnt` is sent by some sites that ask not to be tracked; nobody is."""

    url: Annotated[str, Field(min_length=1, max_length=2_000, description="Of a page of this service.")]
    maxwidth: Annotated[int | None, Field(ge=1, le=100_000)] = None
    maxheight: Annotated[int | None, Field(ge=1, le=100_000)] = None
    format: Annotated[str, Field(max_length=20, description="`json` only.")] = "json"
    dnt: Annotated[str | None, Field(max_length=10)] = None


class OembedView(View):
    """A photo by oEmbed 1.0. `cache_age` in seconds; `width` and `height` in CSS pixels."""

    version: Literal["1.0"] = "1.0"
    type: Literal["photo"] = "photo"
    title: str
    url: str
    width: int
    height: int
    provider_name: str
    provider_url: str
    cache_age: int = 300


@endpoint(
    "GET",
    "/v1/oembed",
    answers={200: OembedView},
    refuses=(NothingToEmbed, FormatNotOffered),
    tag=TAG,
    cache=FIVE_MINUTES,
    query_example={"url": "$API/c/$CERTIFICATE_NUMBER"},
)
async def embed(call: Call, query: OembedQuery) -> Response:
    """Embed a badge by the address of its page (oEmbed)"""
    if query.format != "json":
        raise FormatNotOffered("only format=json is offered", format=query.format)
    origin = call.services.public_origin
    badge, place, locale = await _named(call, query.url)
    layout = next((one for one in _BY_SIZE if _fits(one, query)), _BY_SIZE[-1])
    width, height = _within(size_of(layout), query)
    asked = urlencode({"layout": layout, "lang": locale, "scale": _SCALE})
    view = OembedView(
        title=texts_of(badge.facts, locale).sentence,
        url=f"{origin}/v1/{place}/badge.png?{asked}",
        width=width,
        height=height,
        provider_name=PROVIDER,
        provider_url=origin,
    )
    return Response(view.model_dump_json(), media_type=JSON, headers=FOR_ANY_ORIGIN)


def _fits(layout: Layout, query: OembedQuery) -> bool:
    width, height = size_of(layout)
    return width <= (query.maxwidth or width) and height <= (query.maxheight or height)


def _within(size: tuple[int, int], query: OembedQuery) -> tuple[int, int]:
    """The size in its own shape, as large as is allowed and no larger than it is."""
    width, height = size
    by_width, by_height = query.maxwidth or width, query.maxheight or height
    if by_width * height < by_height * width:
        width, height = min(width, by_width), max(1, min(width, by_width) * height // width)
    else:
        width, height = max(1, min(height, by_height) * width // height), min(height, by_height)
    return width, height


async def _named(call: Call, url: str) -> tuple[Badge, str, Locale]:
    """The badge behind an address of ours, its place under /v1, and the language of the page. Raises NothingToEmbed."""
    origin = call.services.public_origin
    try:
        parts = urlsplit(url)
        page = _PAGE.fullmatch(parts.path) if f"{parts.scheme}://{parts.netloc}" == origin else None
        if page is None:
            raise NothingToEmbed("not the address of a certificate or product here")
        locale: Locale = "en" if dict(parse_qsl(parts.query)).get("lang") == "en" else "ja"
        market = call.services.market
        if page["kind"] == "c":
            badge = await badge_of_certificate(market, page["name"])
            return badge, f"certificates/{badge.facts.number}", locale
        product = await find_by_number(page["name"])
        return await badge_of_product(market, product.id), f"products/{product.id}", locale
    except (CertificateNotFound, ProductNotFound, BadgeNotOffered, ValueError) as missing:
        raise NothingToEmbed("nothing of this address can be embedded") from missing
