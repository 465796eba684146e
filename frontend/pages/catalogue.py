"""The catalogue: credits on offer, narrowed by a plain form, cheapest first."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from frontend.context import PageContext, services_of
from frontend.market_words import MarketWords
from frontend.offer_view import view_of
from frontend.problems import sentence
from frontend.region_map import region_map
from frontend.responses import page_response
from marketplace.clock import japan_date
from marketplace.listings.offers import OfferFilter, Place, find_offers, projects_on_sale
from marketplace.projects.catalogue import load_catalogue
from marketplace.projects.eligibility import Purpose
from marketplace.projects.kinds import CreditKind, RegistryCode
from marketplace.projects.places import load_prefectures
from offset_calc.errors import QuantityRefused
from offset_calc.quantities import read_integer

ON_A_PAGE = 25
Code = TypeVar("Code", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The form as it was sent: empty texts are no wish. `max_price` is yen per tonne without tax, as typed."""

    registry: str
    kind: str
    country: str
    prefecture: str
    use: str
    max_price: str
    footprint: str

    @classmethod
    def of(cls, request: Request) -> "Wishes":
        return cls(**{name: request.query_params.get(name, "")[:100] for name in cls.__slots__})

    def as_query(self, **more: str) -> str:
        """The query of a link that keeps the wishes."""
        present = {name: getattr(self, name) for name in self.__slots__}
        return urlencode({name: value for name, value in (present | more).items() if value})


async def page(request: Request) -> Response:
    """A wish for something unknown counts as no wish, since such an address was not made by the form; a price that
    cannot be read is refused next to its field."""
    wishes = Wishes.of(request)
    locale = PageContext.of(request).locale
    words = MarketWords(locale)
    error, most = "", None
    try:
        most = read_integer(wishes.max_price) if wishes.max_price.strip() else None
    except QuantityRefused as refused:
        error = sentence(refused.reason, refused.params, locale)
    wanted = OfferFilter(
        registry=_known(RegistryCode, wishes.registry),
        kind=_known(CreditKind, wishes.kind),
        country=wishes.country if wishes.country in _countries() else None,
        prefecture=wishes.prefecture if wishes.prefecture in load_prefectures() else None,
        use=_known(Purpose, wishes.use),
        max_yen_per_tonne=most,
    )
    today = japan_date(services_of(request).market.clock())
    after = _place(request.query_params.get("after", ""))
    found = await find_offers(wanted, on=today, limit=ON_A_PAGE + 1, after=after)
    shown = found[:ON_A_PAGE]
    following = ""
    if len(found) > ON_A_PAGE:
        last = shown[-1].listing
        following = wishes.as_query(after=f"{last.yen_per_tonne}.{last.id}")
    return page_response(
        request,
        "pages/catalogue.html",
        status=422 if error else 200,
        wishes=wishes,
        price_error=error,
        offers=[view_of(offer, words) for offer in shown],
        following=following,
        beginning=wishes.as_query() if after else "",
        choices=_choices(words),
        map=region_map([load_catalogue()[key] for key in sorted(await projects_on_sale(today))], words),
        of_footprint=f"&{urlencode({'footprint': wishes.footprint})}" if wishes.footprint else "",
    )


def _known(codes: type[Code], text: str) -> Code | None:
    return next((code for code in codes if code.value == text), None)


def _place(text: str) -> Place | None:
    """Where the page before ended; an address that nobody was given starts from the beginning."""
    yen, _, listing = text.partition(".")
    return Place(int(yen), listing) if yen.isascii() and yen.isdigit() and len(yen) < 12 and listing else None


def _countries() -> tuple[str, ...]:
    return tuple(sorted({project.country for project in load_catalogue().values()}))


def _choices(words: MarketWords) -> dict[str, list[tuple[str, str]]]:
    """Value and label of every choice of the form, only what the catalogue has."""
    projects = load_catalogue().values()
    kinds = {kind for project in projects for kind in project.kinds}
    places = {code for project in projects for code in project.prefectures}
    prefectures = [p for p in load_prefectures().values() if p.code in places]
    japanese = words.locale.value == "ja"
    return {
        "registry": [(code.value, words.registry(code)) for code in RegistryCode],
        "kind": [(kind.value, words.kind(kind)) for kind in CreditKind if kind in kinds],
        "country": [(code, words.country(code)) for code in _countries()],
        "prefecture": [(p.code, p.name_ja if japanese else p.name_en) for p in prefectures],
        "use": [(purpose.value, words.of(f"purpose.{purpose.value}")) for purpose in Purpose],
    }
