"""The books: what each kind of account holds, the daily check, and the table for bookkeeping."""

from datetime import date

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import PRIVATE, actor_of, only
from frontend.context import PageContext, services_of
from frontend.responses import page_response
from marketplace.accounts.roles import Role
from marketplace.clock import japan_date
from marketplace.ledger import check
from marketplace.ledger.bookkeeping import By, as_csv

CSV = "text/csv; charset=utf-8"


@only(Role.OPERATOR, Role.AUDITOR)
async def page(request: Request) -> Response:
    today = japan_date(services_of(request).market.clock())
    checks = await check.latest()
    return page_response(
        request,
        "pages/money/ledger.html",
        balances=await check.balances(),
        checks=checks,
        findings=check.findings_of(checks[0]) if checks else [],
        first=today.replace(day=1),
        last=today,
        may_act=actor_of(request).is_any(Role.OPERATOR),
    )


@only(Role.OPERATOR)
async def check_now(request: Request) -> Response:
    await check.run(services_of(request).market)
    return RedirectResponse(PageContext.of(request).url("/operations/ledger"), status_code=303)


@only(Role.OPERATOR, Role.AUDITOR)
async def table(request: Request) -> Response:
    asked = request.query_params
    try:
        first, last = date.fromisoformat(asked.get("first", "")), date.fromisoformat(asked.get("last", ""))
        by = By(asked.get("by", By.POSTING))
    except ValueError as malformed:
        raise HTTPException(404) from malformed
    name = f"ashiato-ledger-{first}-{last}-{by}.csv"
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(await as_csv(first, last, by), media_type=CSV, headers=headers)
