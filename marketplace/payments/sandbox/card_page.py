"""The page on which a customer with a monthly plan enters another card."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from marketplace.payments.sandbox import due, portal
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.card_form import EXAMPLES, read_card_form, typed_fields
from marketplace.payments.sandbox.cards import table_of_cards
from marketplace.payments.sandbox.database import Database
from marketplace.payments.sandbox.errors import ApiError
from marketplace.payments.sandbox.rendering import notice, page, policy
from marketplace.payments.sandbox.settings import SandboxPaymentSettings
from marketplace.payments.sandbox.words import JAPAN

TYPED_WRONG, CARD_DECLINED, NOT_FOUND = 422, 402, 404


class CardPage:
    """`changed` is told after a card was entered, since that queued webhooks."""

    def __init__(self, settings: SandboxPaymentSettings, database: Database, changed: Callable[[], None]) -> None:
        self._settings, self._database, self._changed = settings, database, changed

    def routes(self) -> list[Route]:
        return [
            Route("/c/card/{id}", self._answer, methods=["GET"]),
            Route("/c/card/{id}", self._answer, methods=["POST"]),
        ]

    async def _answer(self, request: Request) -> Response:
        typed = typed_fields(await request.form()) if request.method == "POST" else None
        with self._database.transaction() as connection:
            books = Books(connection, subscribed=self._settings.subscribed)
            due.settle(books)
            response = _respond(books, request, typed)
        self._changed()
        return response


def _respond(books: Books, request: Request, typed: Mapping[str, str] | None) -> Response:
    try:
        session, alive = portal.open_session(books, request.path_params["id"])
    except ApiError:
        return notice(request, None, "unknown", NOT_FOUND)
    shop = session["return_url"]
    if not alive:
        return RedirectResponse(shop, 303, headers=policy(shop))
    problems: Mapping[str, str] = {}
    decline = None
    if typed is not None:
        today = datetime.fromtimestamp(books.now, UTC).astimezone(JAPAN).date()
        entry, problems = read_card_form(typed, today=today)
        if entry is not None:
            decline = portal.keep_card(books, session["customer"], entry.number)
            if decline is None:
                return RedirectResponse(shop, 303, headers=policy(shop))
    email = books.get("customer", session["customer"])["email"]
    return page(
        "card.html",
        request,
        None,
        TYPED_WRONG if problems else CARD_DECLINED if decline else 200,
        shop_url=shop,
        locale_asked=session["locale"],
        typed=typed or {**EXAMPLES, **({"email": email} if email else {})},
        problems=problems,
        decline=decline,
        cards=table_of_cards(),
    )
