"""Renders the sandbox's own pages: in the visitor's language, without scripts, under a strict policy."""

from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from marketplace.payments.sandbox.errors import JsonObject
from marketplace.payments.sandbox.words import choose_locale, words

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    template: str,
    request: Request,
    session: JsonObject | None,
    status: int,
    *,
    shop_url: str | None = None,
    locale_asked: str | None = None,
    **context: object,
) -> Response:
    """`session` is the checkout that the page belongs to, if there is one; else its form leads on to `shop_url`.

    `locale_asked` is the language that the shop asked for where there is no checkout that says it.
    """
    locale = locale_of(request, session or {"locale": locale_asked})
    html = TEMPLATES.get_template(template).render(
        words=words(locale),
        locale=locale,
        cancel_url=session["cancel_url"] if session else None,
        success_url=success_url(session) if session else None,
        **context,
    )
    return HTMLResponse(html, status, headers=headers(session) if session else policy(shop_url))


def notice(request: Request, session: JsonObject | None, name: str, status: int) -> Response:
    """A page that only says something, and leads back to the shop: `name` is paid, expired or unknown."""
    return page("notice.html", request, session, status, name=name)


def locale_of(request: Request, session: JsonObject | None) -> str:
    return choose_locale(
        request.query_params.get("lang"),
        session["locale"] if session else None,
        request.headers.get("accept-language", ""),
    )


def success_url(session: JsonObject) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def headers(session: JsonObject | None) -> dict[str, str]:
    return policy(session["success_url"] if session else None)


def policy(shop_url: str | None) -> dict[str, str]:
    """The headers of a page whose form leads on to `shop_url`."""
    # a browser applies form-action to the redirect after the form too, so the shop's own address must be allowed
    shop = urlsplit(shop_url) if shop_url else None
    targets = f"'self' {shop.scheme}://{shop.netloc}" if shop else "'none'"
    return {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {targets}",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
