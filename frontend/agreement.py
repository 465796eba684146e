"""The texts that accounts rest on, in their versions in force, and noting that somebody agreed to them."""

from collections.abc import Mapping

from starlette.requests import Request

from frontend.content_pages import Content, content
from frontend.context import PageContext, services_of
from frontend.locales import Locale
from marketplace.accounts import agreements, sessions

DOCUMENTS = ("terms", "privacy")


def versions_in_force() -> Mapping[str, str]:
    """By document; both languages of one have the same."""
    return {name: str(content(name, Locale.JA).version) for name in DOCUMENTS}


def texts(locale: Locale) -> list[tuple[str, Content]]:
    """Name and text of each document."""
    return [(name, content(name, locale)) for name in DOCUMENTS]


async def note_sign_in(request: Request, token: str) -> None:
    """The page on which somebody signed in said that this means to agree."""
    clock = services_of(request).market.clock
    signed_in = await sessions.find(token, now=clock())
    if signed_in is not None:
        await note(request, signed_in.actor.person_id)


async def note(request: Request, person_id: str) -> None:
    locale = PageContext.of(request).locale.value
    clock = services_of(request).market.clock
    await agreements.agree(person_id, versions_in_force(), locale=locale, clock=clock)
