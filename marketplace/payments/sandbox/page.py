"""The hosted payment page: plain forms and links, no script. Paying twice pays once; a run-out session is not paid."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from marketplace.payments.sandbox import checkout, due
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.card_form import EXAMPLES, email_problem, plain, read_card_form, typed_fields
from marketplace.payments.sandbox.cards import table_of_cards
from marketplace.payments.sandbox.database import Database
from marketplace.payments.sandbox.errors import ApiError, JsonObject
from marketplace.payments.sandbox.rendering import headers, locale_of, notice, page, success_url
from marketplace.payments.sandbox.settings import SandboxPaymentSettings
from marketplace.payments.sandbox.words import JAPAN, japan_time, yen

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
                return notice(request, None, "unknown", NOT_FOUND)
            if session["status"] == "open":
                method = _method(session, request.query_params.get("method"))
                return _form(request, books, session, {**EXAMPLES, **_known_email(books, session), "method": method})
        if session["status"] == "complete":
            return notice(request, session, "paid" if session["payment_status"] == "paid" else "promised", 200)
        return notice(request, session, "expired", RUN_OUT)

    async def _pay(self, request: Request) -> Response:
        typed = typed_fields(await request.form())
        # nothing is awaited inside: of two tries, or of a try and the deadline, one comes first
        with self._database.transaction() as connection:
            books = Books(connection, subscribed=self._settings.subscribed)
            response = _try_to_pay(books, request, typed, self._settings.public_url)
        self._changed()
        return response


def _try_to_pay(books: Books, request: Request, typed: Mapping[str, str], public_url: str) -> Response:
    due.settle(books)
    session = _find(books, request)
    if session is None:
        return notice(request, None, "unknown", NOT_FOUND)
    if session["status"] == "expired":
        return notice(request, session, "expired", RUN_OUT)
    onward = success_url(session)
    if session["status"] == "open":
        method = _method(session, typed["method"])
        if method == "card":
            today = datetime.fromtimestamp(books.now, UTC).astimezone(JAPAN).date()
            entry, problems = read_card_form(typed, today=today)
            if entry is None:
                return _form(request, books, session, typed, problems=problems)
            decline = checkout.pay_by_card(books, session, entry.number, email=entry.email)
            if decline is not None:
                return _form(request, books, session, typed, decline=decline)
        else:
            email = plain(typed["email"])
            if problem := email_problem(email):
                return _form(request, books, session, typed, problems={"email": problem})
            url = checkout.pay_later(books, session, method, email=email, public_url=public_url)
            onward = f"{url}?lang={locale_of(request, session)}"
    return RedirectResponse(onward, 303, headers=headers(session))


def _find(books: Books, request: Request) -> JsonObject | None:
    try:
        return books.get("checkout.session", request.path_params["id"])
    except ApiError:
        return None


def _method(session: JsonObject, asked: str | None) -> str:
    offered: list[str] = session["payment_method_types"]
    return asked if asked in offered else offered[0]


def _known_email(books: Books, session: JsonObject) -> Mapping[str, str]:
    customer = books.get("customer", session["customer"]) if session["customer"] else None
    email = customer["email"] if customer else session["customer_email"]
    return {"email": email} if email else {}


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
    locale = locale_of(request, session)
    return page(
        "pay.html",
        request,
        session,
        status,
        typed=typed,
        method=_method(session, typed["method"]),
        methods=session["payment_method_types"],
        problems=problems or {},
        decline=decline,
        lines=[
            (line["description"], yen(line["amount_total"], locale)) for line in checkout.lines(books, session["id"])
        ],
        monthly=session["mode"] == "subscription",
        total=yen(session["amount_total"], locale),
        open_until=japan_time(session["expires_at"], locale),
        konbini_days=session["payment_method_options"]["konbini"]["expires_after_days"],
        cards=table_of_cards(),
    )
