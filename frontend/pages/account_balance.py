"""The prepaid balance of an organisation: what it holds, what was paid in, and paying in more."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from frontend.access import PRIVATE, actor_of, only
from frontend.context import PageContext, services_of
from frontend.forms import Typed, read_typed, read_yen
from frontend.problems import sentence
from frontend.responses import page_response
from marketplace.accounts.roles import Role
from marketplace.deposits import service as deposits
from marketplace.deposits.errors import DepositsNotTaken, DepositTooLarge, DepositTooSmall
from marketplace.deposits.models import Deposit, DepositState
from marketplace.ids import new_token
from marketplace.ledger import balance
from marketplace.orders.service import SMALLEST_PAYMENT_YEN
from marketplace.payments.gateway import PaymentProviderUnreachable, PaymentRefused
from marketplace.taken_back import service as taken_back
from marketplace.taken_back.models import TakenState

KINDS = {DepositState.AWAITING_PAYMENT: "waiting", DepositState.PAID: "cancelled", DepositState.LAPSED: "refused"}

TAKEN = {TakenState.WITHHELD: "waiting", TakenState.GONE: "refused", TakenState.RETURNED: "cancelled"}


@only(Role.OWNER, Role.BUYER)
async def page(request: Request) -> Response:
    return await _page(request, {})


@only(Role.OWNER, Role.BUYER)
async def submit(request: Request) -> Response:
    """Write the deposit down and go to its payment page. The same form sent twice is one deposit, and leads to one page."""
    context, market, typed = PageContext.of(request), services_of(request).market, await read_typed(request)
    yen = read_yen(typed.get("yen", "")) or 0
    try:
        deposit = await deposits.begin(
            market, actor_of(request), yen, locale=context.locale.value, external_id=_number(typed, yen)
        )
    except (DepositsNotTaken, DepositTooSmall, DepositTooLarge) as refused:
        return await _page(request, typed, errors={"yen": sentence(refused.code, refused.params, context.locale)})
    try:
        deposit = await deposits.open_checkout(market, deposit.id)
        if deposit.state == DepositState.LAPSED and deposit.checkout_session is None:
            raise PaymentRefused(
                "no_payment_page", f"{deposit.id}, begun when the form was sent before, has no payment page"
            )
    except PaymentRefused as refused:
        return await _page(request, typed, errors={"yen": sentence(refused.code, {}, context.locale)})
    except PaymentProviderUnreachable:
        # the deposit stands; the worker opens its payment page and the list leads there
        return RedirectResponse(context.url("/account/balance"), status_code=303)
    pays_at = deposit.checkout_url if _may_resume(deposit) else None
    return RedirectResponse(pays_at or context.url("/account/balance"), status_code=303)


def _number(typed: Typed, yen: int) -> str:
    """The form's own, so that a double click begins one deposit. Another amount in a form that a browser kept is another one."""
    return f"form:{typed.get('key', '')[:64] or new_token()}:{yen}"


async def _page(request: Request, typed: Typed, *, errors: Mapping[str, str] | None = None) -> Response:
    market, organisation_id = services_of(request).market, str(actor_of(request).organisation_id)
    return page_response(
        request,
        "pages/account/balance.html",
        status=422 if errors else 200,
        headers=PRIVATE,
        form_targets=PageContext.of(request).payment_sites,
        balance_yen=await balance.balance_of(organisation_id),
        is_open=market.terms.balance_most_yen > 0,
        room_yen=await deposits.room_of(market, organisation_id),
        least_yen=SMALLEST_PAYMENT_YEN,
        deposits=[(one, KINDS[DepositState(one.state)]) for one in await deposits.of_organisation(organisation_id)],
        taken_back=[(one, TAKEN[TakenState(one.state)]) for one in await taken_back.of_balance(organisation_id)],
        may_resume=_may_resume,
        # fresh each time: what was refused under the last one stays refused
        key=new_token(),
        typed=typed,
        errors=errors or {},
    )


def _may_resume(deposit: Deposit) -> bool:
    return deposit.state == DepositState.AWAITING_PAYMENT and deposit.checkout_url is not None
