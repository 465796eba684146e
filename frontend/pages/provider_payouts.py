"""A provider's own payouts: its account at the payment provider, and a statement per order and serial."""

import csv
import io
import json

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from frontend.access import PRIVATE, actor_of, only
from frontend.context import PageContext, services_of
from frontend.market_words import MarketWords
from frontend.responses import page_response
from frontend.wording import words
from marketplace.accounts.roles import Role
from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused
from marketplace.payouts import onboarding, statement
from marketplace.payouts.models import PayoutAccountRecord
from marketplace.projects.catalogue import load_catalogue

SHOWN = 100
HEAD = (
    "payout",
    "order",
    "sold_on",
    "project",
    "first_serial",
    "last_serial",
    "tonnes",
    "yen_per_tonne",
    "net_yen",
    "state",
)


@only(Role.PROVIDER)
async def page(request: Request) -> Response:
    return await _page(request)


@only(Role.PROVIDER)
async def onboard(request: Request) -> Response:
    """Show the link to the payment provider's own pages; it is good for one visit soon."""
    page, market, actor = PageContext.of(request), services_of(request).market, actor_of(request)
    back = f"{market.base_url}{page.url('/provider/payouts')}"
    try:
        link = await onboarding.begin(market, _provider_id(request), email=actor.email, page_url=back)
    except PaymentRefused:
        return await _page(request, status=502, problem=words("money", "provider_refused", page.locale))
    except PaymentProviderUnreachable:
        return await _page(request, status=503, problem=words("money", "provider_silent", page.locale))
    return await _page(request, link=link.url)


@only(Role.PROVIDER)
async def table(request: Request) -> Response:
    """The statement as a table; every text cell is data of ours or of a registry, and none begins like a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(HEAD)
    for stated in await statement.statement(_provider_id(request), limit=10_000):
        payout = stated.payout
        for sold in stated.sold:
            serials = (f"'{sold.first_serial}", f"'{sold.last_serial}")
            figures = (sold.tonnes, sold.yen_per_tonne, sold.net_yen)
            sold_on = f"{payout.created_at:%Y-%m-%d}"
            writer.writerow((payout.id, payout.order_id, sold_on, sold.project_key, *serials, *figures, payout.state))
    headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="payouts.csv"'}
    return Response("\ufeff" + file.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


async def _page(request: Request, *, status: int = 200, problem: str = "", link: str = "") -> Response:
    provider_id = _provider_id(request)
    account = await PayoutAccountRecord.get_or_none(provider_id=provider_id)
    market_words = MarketWords(PageContext.of(request).locale)
    return page_response(
        request,
        "pages/money/payouts.html",
        status=status,
        account=account,
        missing=len(json.loads(account.missing)) if account else 0,
        payouts=await statement.statement(provider_id, limit=SHOWN),
        project=lambda key: market_words.name(load_catalogue()[key]),
        problem=problem,
        link=link,
    )


def _provider_id(request: Request) -> str:
    provider_id = actor_of(request).provider_id
    if provider_id is None:
        raise HTTPException(404)
    return provider_id
