"""The prepaid balance of an organisation: what it holds, and paying in more."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from pydantic import Field

from api.calls import Call, KeyPolicy, Reply
from api.endpoints import endpoint
from api.v1.orders import LocaleTag
from api.v1.payment_pages import opened_now
from api.v1.shapes import Currency, Cursor, Id, Page, PageSize, View, Wish, Yen, cursor_after, place_in
from marketplace.accounts.keys import Scope
from marketplace.deposits import service as deposits
from marketplace.deposits.errors import DepositNotFound, DepositsNotTaken, DepositTooLarge, DepositTooSmall
from marketplace.deposits.models import Deposit, DepositState
from marketplace.ledger import balance
from marketplace.mail.address import AddressRefused, checked
from marketplace.notifications.endpoints import organisation_of
from marketplace.payments.gateway import PaymentRefused

TAG = "Prepaid balance"


class DepositBody(Wish):
    """`email` gets the receipt, and the account number where the money comes by bank transfer."""

    amount: Yen
    email: Annotated[str, Field(max_length=320)]
    locale: LocaleTag = "ja"


class DepositPath(Wish):
    deposit_id: Id


class DepositsQuery(Wish):
    limit: PageSize = 25
    cursor: Cursor = None


class DepositView(View):
    """Yours once it is paid. Pay at `checkout_url` until `pay_until`; money that comes later is taken in all the same."""

    id: str
    url: str
    state: DepositState
    amount: int
    currency: Currency
    checkout_url: str | None
    pay_until: datetime
    created_at: datetime
    captured_at: datetime | None


class BalanceView(View):
    """`room`: how much more the operator takes ahead now; 0 where it takes none."""

    balance: int
    room: int
    currency: Currency


@endpoint("GET", "/v1/balance", answers={200: BalanceView}, tag=TAG, scope=Scope.BALANCE_READ, only_with_key=True)
async def read_balance(call: Call) -> Reply:
    """Read your organisation's prepaid balance

    Orders can be paid from it (`pay_from`), and cover per order and the organiser's part for attendees always are.
    """
    organisation_id = organisation_of(call.actor)
    return Reply(
        BalanceView(
            balance=await balance.balance_of(organisation_id),
            room=await deposits.room_of(call.services.market, organisation_id),
            currency="JPY",
        )
    )


@endpoint(
    "POST",
    "/v1/deposits",
    answers={201: DepositView},
    refuses=(DepositsNotTaken, DepositTooSmall, DepositTooLarge, AddressRefused, PaymentRefused),
    tag=TAG,
    key=KeyPolicy.REQUIRED,
    example={"amount": 10_000, "email": "accounts@example.jp", "locale": "en"},
    scope=Scope.BALANCE_WRITE,
    only_with_key=True,
)
async def create_deposit(call: Call, body: DepositBody) -> Reply:
    """Pay into the balance

    Answers with the address of the payment page: by card at once, at a convenience store or by bank transfer later. If the payment
    provider cannot be reached at this moment, `checkout_url` is null and appears as soon as it can. If it refuses the payment page,
    the deposit has lapsed and the answer is `payment_refused`.
    """
    market = call.services.market
    payer = replace(call.actor, email=checked(body.email))
    begun = await deposits.begin(market, payer, body.amount, locale=body.locale, external_id=call.key)
    deposit = await opened_now(deposits.open_checkout(market, begun.id), begun)
    if deposit.state == DepositState.LAPSED and deposit.checkout_session is None:
        # begun by an earlier attempt under this key, which did not live to say so
        raise PaymentRefused("no_payment_page", f"{deposit.id} never had a payment page")
    view = _view(call, deposit)
    return Reply(view, 201, location=view.url)


@endpoint(
    "GET",
    "/v1/deposits",
    answers={200: Page[DepositView]},
    tag=TAG,
    scope=Scope.BALANCE_READ,
    only_with_key=True,
)
async def list_deposits(call: Call, query: DepositsQuery) -> Reply:
    """List what was paid in

    Newest first, those that were never paid included.
    """
    before = None if query.cursor is None else place_in(query.cursor, 1)[0]
    found = await deposits.of_organisation(organisation_of(call.actor), limit=query.limit + 1, before=before)
    page = found[: query.limit]
    return Reply(
        Page[DepositView](
            data=[_view(call, deposit) for deposit in page],
            next_cursor=cursor_after(page[-1].id) if len(found) > query.limit else None,
        )
    )


@endpoint(
    "GET",
    "/v1/deposits/{deposit_id}",
    answers={200: DepositView},
    refuses=(DepositNotFound,),
    tag=TAG,
    scope=Scope.BALANCE_READ,
    only_with_key=True,
)
async def read_deposit(call: Call, path: DepositPath) -> Reply:
    """Read a deposit"""
    return Reply(_view(call, await deposits.find(organisation_of(call.actor), path.deposit_id)))


def _view(call: Call, deposit: Deposit) -> DepositView:
    waits = deposit.state == DepositState.AWAITING_PAYMENT
    return DepositView(
        id=deposit.id,
        url=f"{call.services.public_origin}/v1/deposits/{deposit.id}",
        state=DepositState(deposit.state),
        amount=deposit.amount_yen,
        currency="JPY",
        checkout_url=deposit.checkout_url if waits else None,
        pay_until=deposit.pay_until,
        created_at=deposit.created_at,
        captured_at=deposit.captured_at,
    )
