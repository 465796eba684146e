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
    account_audit,
    account_invitation,
    account_keys,
    account_members,
    account_passkeys,
    account_privacy,
    account_second_factor,
    account_security,
    account_sign_in,
    calculator,
    catalogue,
    certificate,
    compare,
    content,
    desk,
    desk_application,
    desk_files,
    disclosure,
    footprint,
    footprint_files,
    home,
    language,
    mailbox,
    offset,
    order,
    project,
    provider,
    provider_import,
    providers,
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
        *in_each_language("/provider", provider.page),
        *in_each_language("/provider/import", provider_import.page),
        *in_each_language("/provider/import", provider_import.submit, methods=("POST",)),
        *in_each_language("/provider/holdings/{holding_id}", provider.holding),
        *in_each_language("/provider/holdings/{holding_id}", provider.act, methods=("POST",)),
        *in_each_language("/providers", providers.index),
        *in_each_language("/providers/{provider_id}", providers.page),
        *in_each_language("/providers/{provider_id}/stock.csv", providers.table),
        *in_each_language("/quotes/{quote_id}", quote.page),
        *in_each_language("/quotes/{quote_id}", quote.submit, methods=("POST",)),
        *in_each_language("/verify", verify.page),
        *in_each_language("/verify", verify.submit, methods=("POST",)),
        *in_each_language("/mailbox", mailbox.page),
        *in_each_language("/mailbox/{mail_id}", mailbox.letter),
        *in_each_language("/orders/{token}", order.page),
        *in_each_language("/orders/{token}/status", order.status),
        *in_each_language("/desk", desk.page),
        *in_each_language("/desk", desk.freeze, methods=("POST",)),
        *in_each_language("/desk/applications/{application_id}", desk_application.page),
        *in_each_language("/desk/applications/{application_id}", desk_application.act, methods=("POST",)),
        *in_each_language("/desk/applications/{application_id}/sheet.pdf", desk_files.sheet),
        *in_each_language("/desk/applications/{application_id}/pre-check.xlsx", desk_files.workbook),
        *in_each_language("/desk/applications/{application_id}/notice", desk_files.notice),
        *in_each_language("/desk/applications/{application_id}/practice-notice.pdf", desk_files.practice_notice),
        *in_each_language("/sign-in", account_sign_in.page),
        *in_each_language("/sign-in", account_sign_in.submit, methods=("POST",)),
        *in_each_language("/sign-in/{token}", account_sign_in.link),
        *in_each_language("/sign-in/{token}", account_sign_in.redeem, methods=("POST",)),
        *in_each_language("/sign-out", account_sign_in.sign_out, methods=("POST",)),
        *in_each_language("/invitations/{token}", account_invitation.page),
        *in_each_language("/invitations/{token}", account_invitation.accept, methods=("POST",)),
        *in_each_language("/account", account.page),
        *in_each_language("/account", account.submit, methods=("POST",)),
        *in_each_language("/footprints/{footprint_id}/keep", account.keep_footprint, methods=("POST",)),
        *in_each_language("/account/members", account_members.page),
        *in_each_language("/account/members", account_members.submit, methods=("POST",)),
        *in_each_language("/account/keys", account_keys.page),
        *in_each_language("/account/keys", account_keys.submit, methods=("POST",)),
        *in_each_language("/account/security", account_security.page),
        *in_each_language("/account/security", account_security.submit, methods=("POST",)),
        *in_each_language("/account/privacy", account_privacy.page),
        *in_each_language("/account/export", account_privacy.export),
        *in_each_language("/account/erase", account_privacy.erase, methods=("POST",)),
        *in_each_language("/passkeys/sign-in/options", account_passkeys.sign_in_options, methods=("POST",)),
        *in_each_language("/passkeys/sign-in", account_passkeys.sign_in, methods=("POST",)),
        *in_each_language("/passkeys/add/options", account_passkeys.add_options, methods=("POST",)),
        *in_each_language("/passkeys/add", account_passkeys.add, methods=("POST",)),
        *in_each_language("/operator/audit", account_audit.page),
        *in_each_language("/operator/audit/{form}", account_audit.download),
        *in_each_language("/account/second-factor", account_second_factor.page),
        *in_each_language("/account/second-factor", account_second_factor.submit, methods=("POST",)),
    ]


def in_each_language(path: str, handler: Handler, *, methods: Sequence[str] = ("GET",)) -> list[Route]:
    return [Route(address(locale, path), handler, methods=list(methods)) for locale in Locale]
