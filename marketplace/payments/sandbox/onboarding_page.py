"""The page on which a credit provider tells the payment provider about itself; here one button stands for all of that."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from marketplace.payments.sandbox import accounts
from marketplace.payments.sandbox.books import Books
from marketplace.payments.sandbox.database import Database
from marketplace.payments.sandbox.errors import ApiError
from marketplace.payments.sandbox.rendering import notice, page, policy
from marketplace.payments.sandbox.settings import SandboxPaymentSettings

NOT_FOUND = 404


class OnboardingPage:
    """`changed` is told after a form was sent, since it queued webhooks."""

    def __init__(self, settings: SandboxPaymentSettings, database: Database, changed: Callable[[], None]) -> None:
        self._settings, self._database, self._changed = settings, database, changed

    def routes(self) -> list[Route]:
        return [
            Route("/c/onboarding/{id}", self._answer, methods=["GET"]),
            Route("/c/onboarding/{id}", self._answer, methods=["POST"]),
        ]

    async def _answer(self, request: Request) -> Response:
        with self._database.transaction() as connection:
            books = Books(connection, subscribed=self._settings.subscribed)
            try:
                link, alive = accounts.open_link(books, request.path_params["id"])
            except ApiError:
                return notice(request, None, "unknown", NOT_FOUND)
            if not alive:
                # the provider does not say that a link was old; it sends the visitor back for a new one
                return RedirectResponse(link["refresh_url"], 303, headers=policy(link["refresh_url"]))
            if request.method == "GET":
                return page("onboarding.html", request, None, 200, shop_url=link["return_url"])
            accounts.submit(books, link)
        self._changed()
        return RedirectResponse(link["return_url"], 303, headers=policy(link["return_url"]))
