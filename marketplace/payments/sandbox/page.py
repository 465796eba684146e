"""The hosted payment page: plain forms and links, no script. Paying twice pays once; a run-out session is not paid."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from marketplace.payments.sandbox import checkout, due
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.card_form import EXAMPLES, FIELDS, read_card_form
from marketplace.payments.sandbox.cards import TEST_CARDS
from marketplace.payments.sandbox.database import Database
from marketplace.payments.sandbox.errors import ApiError, JsonObject
from marketplace.payments.sandbox.settings import SandboxPaymentSettings
from marketplace.payments.sandbox.words import JAPAN, choose_locale, japan_time, words, yen

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

# statuses of a page that did not lead to a payment
TYPED_WRONG, CARD_DECLINED, RUN_OUT, NOT_FOUND = 422, 402, 410, 404


class PaymentPage:
    """`changed` is told after every try to pay, since it queued webhooks."""

    def __init__(self, settings: SandboxPaymentSettings, database: Database, changed: Callable[[], None]) -> None:
        self._settings, self._database, self._changed = settings, database, changed

    def routes(self) -> list[Route]:
        return [
            Route("/c/pay/{id}", self._show, methods=["GET"]),
            Route("/c/pay/{id}", self._pay, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        with self._database.transaction() as connection:
            books = Books(connection, subscribed=self._settings.subscribed)
            due.settle(books)
            session = _find(books, request)
            if session is None:
                return _notice(request, None, "unknown", NOT_FOUND)
            if session["status"] == "open":
                return _form(request, books, session, {**EXAMPLES, **_known_email(session)})
        if session["status"] == "complete":
            return _notice(request, session, "paid", 200)
        return _notice(request, session, "expired", RUN_OUT)

    async def _pay(self, request: Request) -> Response:
        typed = _typed(await request.form())
        # nothing is awaited inside: of two tries, or of a try and the deadline, one comes first
        with self._database.transaction() as connection:
            response = _try_to_pay(Books(connection, subscribed=self._settings.subscribed), request, typed)
        self._changed()
        return response


def _try_to_pay(books: Books, request: Request, typed: Mapping[str, str]) -> Response:
    due.settle(books)
    session = _find(books, request)
    if session is None:
        return _notice(request, None, "unknown", NOT_FOUND)
    if session["status"] == "expired":
        return _notice(request, session, "expired", RUN_OUT)
    if session["status"] == "open":
        today = datetime.fromtimestamp(books.now, UTC).astimezone(JAPAN).date()
        entry, problems = read_card_form(typed, today=today)
        if entry is None:
            return _form(request, books, session, typed, problems=problems)
        decline = checkout.pay_by_card(books, session, entry.number, email=entry.email)
        if decline is not None:
            return _form(request, books, session, typed, decline=decline)
    return RedirectResponse(_success_url(session), 303, headers=_headers(session))


def _find(books: Books, request: Request) -> JsonObject | None:
    try:
        return books.get("checkout.session", request.path_params["id"])
    except ApiError:
        return None


def _typed(form: FormData) -> Mapping[str, str]:
    return {name: value for name in FIELDS if isinstance(value := form.get(name, ""), str)}


def _known_email(session: JsonObject) -> Mapping[str, str]:
    return {"email": session["customer_email"]} if session["customer_email"] else {}


def _success_url(session: JsonObject) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _form(
    request: Request,
    books: Books,
    session: JsonObject,
    typed: Mapping[str, str],
    *,
    problems: Mapping[str, str] | None = None,
    decline: str | None = None,
) -> Response:
    status = TYPED_WRONG if problems else CARD_DECLINED if decline else 200
    locale = _locale(request, session)
    return _page(
        "pay.html",
        request,
        session,
        status,
        typed={name: typed.get(name, "") for name in FIELDS},
        problems=problems or {},
        decline=decline,
        lines=[
            (line["description"], yen(line["amount_total"], locale)) for line in checkout.lines(books, session["id"])
        ],
        total=yen(session["amount_total"], locale),
        open_until=japan_time(session["expires_at"], locale),
        cards=[
            (re.sub(r"(.{4})(?=.)", r"\1 ", number), card.decline or ("disputed" if card.disputed else "paid"))
            for number, card in TEST_CARDS.items()
        ],
    )


def _notice(request: Request, session: JsonObject | None, name: str, status: int) -> Response:
    link = None
    if session is not None:
        link = _success_url(session) if name == "paid" else session["cancel_url"]
    return _page("notice.html", request, session, status, name=name, link=link)


def _page(template: str, request: Request, session: JsonObject | None, status: int, **context: object) -> Response:
    locale = _locale(request, session)
    html = TEMPLATES.get_template(template).render(
        words=words(locale),
        locale=locale,
        cancel_url=session["cancel_url"] if session else None,
        **context,
    )
    return HTMLResponse(html, status, headers=_headers(session))


def _locale(request: Request, session: JsonObject | None) -> str:
    return choose_locale(
        request.query_params.get("lang"),
        session["locale"] if session else None,
        request.headers.get("accept-language", ""),
    )


def _headers(session: JsonObject | None) -> dict[str, str]:
    # a browser applies form-action to the redirect after the form too, so the shop's own address must be allowed
    shop = urlsplit(session["success_url"]) if session else None
    targets = f"'self' {shop.scheme}://{shop.netloc}" if shop else "'none'"
    return {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {targets}",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
