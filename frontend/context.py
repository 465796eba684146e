"""What every page knows about its surroundings, and what pages need from the application."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from markupsafe import Markup
from starlette.requests import Request

from frontend.locales import Locale, negotiate
from marketplace.accounts.actor import Actor
from marketplace.closures.service import Switch
from marketplace.market import Market
from offset_calc import Footprint
from offset_calc.recall import Recall

THEMES = ("light", "dark")
FORMS_TOKEN_FIELD = "forms_token"  # noqa: S105 - the name of a field


class FootprintStore(Protocol):
    """Keeps footprints so that their result page can be opened again by anyone who has its address."""

    async def save(self, footprint: Footprint) -> str:
        """Store a footprint and return the id in its address; ids cannot be guessed."""

    async def load(self, footprint_id: str) -> Footprint | None:
        """Return the footprint, or None if no footprint has this id."""

    async def recalled(self, footprint: Footprint) -> Sequence[Recall]:
        """Return the recalls in force of factors that the footprint was computed with."""


class DraftStore(Protocol):
    """Keeps calculator forms for a while, so that they can be continued by anyone who has their address."""

    async def save(self, footprint_type: str, typed: Mapping[str, str]) -> str:
        """Store what was typed and return the id in its address; ids cannot be guessed."""

    async def load(self, draft_id: str, footprint_type: str) -> dict[str, str] | None:
        """Return what was typed, or None if there is no such draft (any more)."""


class Services(Protocol):
    """The application's services, as far as pages use them: `request.state["services"]`."""

    @property
    def environment(self) -> str:
        """ "sandbox" or "live"."""

    @property
    def public_origin(self) -> str:
        """Scheme and host the site is known by, for instance https://example.org, without a slash at the end."""

    @property
    def footprints(self) -> FootprintStore: ...

    @property
    def drafts(self) -> DraftStore: ...

    @property
    def market(self) -> Market: ...


def services_of(request: Request) -> Services:
    services: Services = request.state["services"]
    return services


def theme_cookie(services: Services) -> str:
    """Over https a name that no other host and no insecure page can set."""
    return "__Host-theme" if services.public_origin.startswith("https://") else "theme"


@dataclass(frozen=True, slots=True)
class PageContext:
    """Where a page stands: its language, its address without the language, the environment and the chosen theme.

    `path` starts with a slash and has no language: "/calculate/event"; `query` is what followed the question mark.
    Addresses without a language in front, such as a certificate's, take it from ?lang= (`in_path` is False). `theme` is "light", "dark" or None, which leaves it to the device.
    `closed` is what operators have closed for now. `actor` is whoever is signed in, on pages that look (frontend/access.py); every form of theirs holds `form_guard`.
    """

    locale: Locale
    path: str
    environment: str
    public_origin: str
    query: str = ""
    in_path: bool = True
    theme: str | None = None
    actor: Actor | None = None
    forms_token: str = field(default="", repr=False)
    closed: Sequence[Switch] = ()

    @classmethod
    def of(cls, request: Request) -> "PageContext":
        """Read the context of a request. An address without a language follows ?lang=, else the browser's wish."""
        services = services_of(request)
        in_path, path = _split(request.url.path)
        locale = in_path or Locale.of_tag(request.query_params.get("lang", ""))
        theme = request.cookies.get(theme_cookie(services))
        signed_in = request.scope.get("signed_in")
        return cls(
            locale=locale or negotiate(request.headers.get("accept-language", "")),
            path=path,
            in_path=in_path is not None,
            environment=services.environment,
            public_origin=services.public_origin,
            query=request.url.query,
            theme=theme if theme in THEMES else None,
            actor=signed_in.actor if signed_in else None,
            forms_token=signed_in.forms_token if signed_in else "",
            closed=request.scope["state"].get("closed", ()),
        )

    @property
    def is_sandbox(self) -> bool:
        return self.environment == "sandbox"

    @property
    def payment_sites(self) -> tuple[str, ...]:
        """Where a form may lead that ends at the payment provider: browsers check redirects after a form against the page's policy."""
        return ("https:", "http:") if self.is_sandbox else ("https:",)

    @property
    def form_guard(self) -> Markup:
        """The hidden field that shows a form to be ours; nothing while nobody is signed in."""
        if not self.forms_token:
            return Markup("")
        return Markup('<input type="hidden" name="{}" value="{}">').format(FORMS_TOKEN_FIELD, self.forms_token)

    def url(self, path: str) -> str:
        """The address of a page in the language of this one: url("/calculate/event") → /ja/calculate/event."""
        return address(self.locale, path)

    def twin(self, locale: Locale) -> str:
        """The address of this page in another language, filters and all."""
        if not self.in_path:
            return f"{self.path}?lang={locale}"
        return address(locale, self.path) + (f"?{self.query}" if self.query else "")

    def canonical(self, locale: Locale | None = None) -> str:
        """The full address of this page, or of its twin in another language, without filters."""
        if not self.in_path:
            return self.public_origin + (f"{self.path}?lang={locale}" if locale else self.path)
        return self.public_origin + address(locale or self.locale, self.path)


def address(locale: Locale, path: str) -> str:
    return f"/{locale}{path}"


def _split(path: str) -> tuple[Locale | None, str]:
    first, _, rest = path.lstrip("/").partition("/")
    locale = Locale.of_tag(first)
    return (locale, f"/{rest}") if locale else (None, path)
