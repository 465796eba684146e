"""Tells a buyer how to pay in a store or by bank transfer, and lets a tester say that it has been done, or has not."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from marketplace.payments.sandbox import deferred, due
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.database import Database
from marketplace.payments.sandbox.errors import ApiError, JsonObject
from marketplace.payments.sandbox.rendering import headers, locale_of, notice, page
from marketplace.payments.sandbox.settings import SandboxPaymentSettings
from marketplace.payments.sandbox.words import japan_time, yen

NOT_FOUND = 404


class InstructionsPage:
    """`changed` is told after every button, since it queued webhooks."""

    def __init__(self, settings: SandboxPaymentSettings, database: Database, changed: Callable[[], None]) -> None:
        self._settings, self._database, self._changed = settings, database, changed

    def routes(self) -> list[Route]:
        return [
            Route("/c/instructions/{id}", self._show, methods=["GET"]),
            Route("/c/instructions/{id}", self._act, methods=["POST"]),
        ]

    async def _show(self, request: Request) -> Response:
        with self._database.transaction() as connection:
            books = Books(connection, subscribed=self._settings.subscribed)
            due.settle(books)
            return _render(books, request)

    async def _act(self, request: Request) -> Response:
        wish = (await request.form()).get("wish")
        with self._database.transaction() as connection:
            books = Books(connection, subscribed=self._settings.subscribed)
            due.settle(books)
            intent, session = _find(books, request)
            if intent is None or session is None:
                return notice(request, None, "unknown", NOT_FOUND)
            # pressed twice, or after the deadline: the page that follows says how things stand
            if intent["status"] == "requires_action":
                if wish == "paid":
                    deferred.arrive(books, intent, deferred.awaited(intent))
                elif wish == "lapsed" and deferred.may_lapse(intent):
                    deferred.lapse(books, intent)
        self._changed()
        onward = f"/c/instructions/{intent['id']}?lang={locale_of(request, session)}"
        return RedirectResponse(onward, 303, headers=headers(session))


def _find(books: Books, request: Request) -> tuple[JsonObject | None, JsonObject | None]:
    """The payment and its checkout; neither, if nothing was promised under this address."""
    try:
        intent = books.get("payment_intent", request.path_params["id"])
        session = books.get("checkout.session", books.parent(intent) or "")
    except ApiError:
        return None, None
    return (intent, session) if session["status"] == "complete" else (None, None)


def _render(books: Books, request: Request) -> Response:
    intent, session = _find(books, request)
    if intent is None or session is None:
        return notice(request, None, "unknown", NOT_FOUND)
    if intent["status"] == "succeeded":
        return notice(request, session, "paid", 200)
    if intent["status"] != "requires_action":
        return notice(request, session, "lapsed", 200)
    locale = locale_of(request, session)
    action = intent["next_action"]
    konbini, bank = action.get("konbini_display_details"), action.get("display_bank_transfer_instructions")
    return page(
        "instructions.html",
        request,
        session,
        200,
        amount=yen(deferred.awaited(intent), locale),
        until=japan_time(konbini["expires_at"], locale) if konbini else None,
        stores=konbini["stores"] if konbini else None,
        account=bank["financial_addresses"][0]["zengin"] if bank else None,
    )
