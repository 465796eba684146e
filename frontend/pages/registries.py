"""What each registry is, offers and leaves unsaid: the profiles as they stand in the data, with their sources."""

from starlette.requests import Request
from starlette.responses import Response

from frontend.context import PageContext
from frontend.market_words import MarketWords
from frontend.responses import page_response
from marketplace.registries.profiles import load_profiles


async def page(request: Request) -> Response:
    words = MarketWords(PageContext.of(request).locale)
    profiles = sorted(load_profiles().values(), key=lambda profile: (not profile.sellable, profile.code))
    return page_response(request, "pages/registries.html", profiles=profiles, name=words.name, kind=words.kind)
