"""What a shop copies into its page to show a badge."""

from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlencode

from certificates.badges.drawing import Layout, size_of
from certificates.badges.facts import BadgeKind
from frontend.badge_module import ADDRESS, integrity
from frontend.locales import Locale
from frontend.wording import words
from marketplace.products.states import SalesMarket


@dataclass(frozen=True, slots=True)
class Wanted:
    """One badge as chosen in the studio. `name` is the product's id or the certificate's number, `path` where it leads."""

    kind: BadgeKind
    name: str
    path: str
    layout: Layout
    theme: str
    locale: Locale
    market: SalesMarket | None

    def drawing(self, origin: str = "", form: str = "svg", theme: str | None = None, **more: str) -> str:
        """The address of the picture; relative without an origin."""
        asked = {"layout": self.layout, "theme": theme or self.theme, "lang": self.locale.value}
        if self.market is SalesMarket.EU:
            asked["market"] = self.market.value
        place = f"/v1/{self.kind.value}s/{quote(self.name, safe='')}"
        return f"{origin}{place}/badge.{form}?{urlencode(asked | more)}"

    def page(self, origin: str) -> str:
        return f"{origin}{self.path}?lang={self.locale.value}"

    @property
    def alternative(self) -> str:
        """Says what it is and not what it says today: this text stands in the page for ever."""
        return words("badges", "alternative", self.locale)


def module_snippet(wanted: Wanted, origin: str) -> str:
    """The web component; what stands inside it is for browsers that run no scripts."""
    market = f' market="{wanted.market.value}"' if wanted.market is SalesMarket.EU else ""
    return (
        f'<script type="module" src="{origin}{ADDRESS}" integrity="{integrity()}" crossorigin="anonymous"'
        f' referrerpolicy="no-referrer"></script>\n'
        f'<ashiato-badge {wanted.kind.value}="{escape(wanted.name)}" layout="{wanted.layout}" theme="{wanted.theme}"'
        f' lang="{wanted.locale.value}"{market}>\n'
        f'  <a href="{escape(wanted.page(origin))}">{escape(wanted.alternative)}</a>\n</ashiato-badge>'
    )


def image_snippet(wanted: Wanted, origin: str) -> str:
    """A plain picture with a link, for shops without scripts."""
    return _linked(wanted, origin, wanted.drawing(origin))


def mail_snippet(wanted: Wanted, origin: str) -> str:
    """As PNG: mail programs show no SVG, and have no theme."""
    theme = "dark" if wanted.theme == "dark" else "light"
    return _linked(wanted, origin, wanted.drawing(origin, "png", theme, scale="2"))


def _linked(wanted: Wanted, origin: str, picture: str) -> str:
    width, height = size_of(wanted.layout)
    return (
        f'<a href="{escape(wanted.page(origin))}"><img src="{escape(picture)}" width="{width}" height="{height}"'
        f' alt="{escape(wanted.alternative)}" referrerpolicy="no-referrer" loading="lazy"></a>'
    )
