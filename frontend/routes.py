"""Every address that answers with a page. A page is listed without its language; it exists once in each."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frontend.assets import asset_routes
from frontend.content_pages import PAGES
from frontend.context import address
from frontend.locales import Locale
from frontend.pages import (
    account,
    account_invitation,
    account_second_factor,
    account_sign_in,
    calculator,
    catalogue,
    certificate,
    compare,
    content,
    disclosure,
    footprint,
    footprint_files,
    home,
    language,
    mailbox,
    offset,
    order,
    project,
    quote,
    reduce,
    style,
    theme,
    verify,
)

Handler = Callable[[Request], Awaitable[Response]]


def routes() -> list[Route]:
    """All pages and their static files, to be mounted at the root of the site."""
    return [
        Route("/", language.choose),
        *asset_routes(),
        Route("/c/{number}.{form}", certificate.other_form),
        Route("/c/{number}", certificate.page),
        Route("/c/{number}/disclosure", disclosure.page),
        *in_each_language("/", home.page),
        *in_each_language("/theme", theme.choose, methods=("POST",)),
        *in_each_language("/style", style.page),
        *(route for name in PAGES for route in in_each_language(f"/{name}", content.page)),
        *in_each_language("/calculate", calculator.choose),
        *in_each_language("/calculate/{type}", calculator.page),
        *in_each_language("/calculate/{type}", calculator.submit, methods=("POST",)),
        *in_each_language("/calculate/{type}/so-far", calculator.what_it_comes_to, methods=("POST",)),
        Route("/footprints/{footprint_id}.json", footprint_files.document),
        *in_each_language("/footprints/{before}/compare/{after}", compare.page),
        *in_each_language("/footprints/{footprint_id}/reduce", reduce.page),
        *in_each_language("/footprints/{footprint_id}/worksheet.xlsx", footprint_files.worksheet),
        *in_each_language("/footprints/{footprint_id}", footprint.page),
        *in_each_language("/footprints/{footprint_id}/offset", offset.page),
        *in_each_language("/footprints/{footprint_id}/offset", offset.submit, methods=("POST",)),
        *in_each_language("/credits", catalogue.page),
        *in_each_language("/projects/{key:path}", project.page),
        *in_each_language("/quotes/{quote_id}", quote.page),
        *in_each_language("/quotes/{quote_id}", quote.submit, methods=("POST",)),
        *in_each_language("/verify", verify.page),
        *in_each_language("/verify", verify.submit, methods=("POST",)),
        *in_each_language("/mailbox", mailbox.page),
        *in_each_language("/mailbox/{mail_id}", mailbox.letter),
        *in_each_language("/orders/{token}", order.page),
        *in_each_language("/orders/{token}/status", order.status),
        *in_each_language("/sign-in", account_sign_in.page),
        *in_each_language("/sign-in", account_sign_in.submit, methods=("POST",)),
        *in_each_language("/sign-in/{token}", account_sign_in.link),
        *in_each_language("/sign-in/{token}", account_sign_in.redeem, methods=("POST",)),
        *in_each_language("/sign-out", account_sign_in.sign_out, methods=("POST",)),
        *in_each_language("/invitations/{token}", account_invitation.page),
        *in_each_language("/invitations/{token}", account_invitation.accept, methods=("POST",)),
        *in_each_language("/account", account.page),
        *in_each_language("/account/second-factor", account_second_factor.page),
        *in_each_language("/account/second-factor", account_second_factor.submit, methods=("POST",)),
    ]


def in_each_language(path: str, handler: Handler, *, methods: Sequence[str] = ("GET",)) -> list[Route]:
    return [Route(address(locale, path), handler, methods=list(methods)) for locale in Locale]
