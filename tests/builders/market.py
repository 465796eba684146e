"""A small market: one provider, one or more listings, fakes for the outside world, and a worker that runs what is due."""

import json
from dataclasses import dataclass
from datetime import date, timedelta

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from certificates.keys import KeyRing, LocalSigner
from certificates.log.log_key import log_origin
from certificates.log.notes import NoteSigner
from certificates.statement import Environment, OffsetType
from frontend.emails import wording_for
from marketplace.accounts.sealing import SealKeys
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.inventory.models import Block, Holding, Interval, Provider, RegistryAccount
from marketplace.inventory.states import IntervalState
from marketplace.jobs import handlers
from marketplace.listings.models import Listing
from marketplace.mail.post import Post
from marketplace.market import Market, PublicLog, Terms
from marketplace.orders import service as orders
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.words import consent_version
from marketplace.outbox.worker import Worker
from marketplace.payments import inbox
from marketplace.projects.catalogue import load_catalogue
from marketplace.quotes import service as quotes
from marketplace.quotes.models import Quote
from tests.fakes.clock import SettableClock
from tests.fakes.payments import FakePayments
from tests.fakes.payouts import FakePayouts
from tests.fakes.plans import FakePlans
from tests.fakes.registry import FakeRegistry

BASE_URL = "https://ashiato.example"
OPERATOR_MAIL = "desk@ashiato.example"
PROJECT, KIND = "jcredit/normal/225", "jcredit_forest"


@dataclass
class SmallMarket:
    clock: SettableClock
    payments: FakePayments
    registry: FakeRegistry
    market: Market
    payouts: FakePayouts
    plans: FakePlans

    def worker(self) -> Worker:
        return Worker(handlers(self.market), clock=self.clock)

    async def work(self, rounds: int = 50) -> None:
        """Run everything that is due now, and what follows from it."""
        for _ in range(rounds):
            if await self.worker().run_due() == 0:
                return
        raise AssertionError("the work does not end")

    async def work_for(self, duration: timedelta, step: timedelta = timedelta(seconds=10), *, rounds: int = 50) -> None:
        """Let time pass and keep working."""
        end = self.clock() + duration
        while self.clock() < end:
            await self.work(rounds)
            self.clock.advance(step)
        await self.work(rounds)

    async def deliver(self, event) -> None:
        await inbox.receive(self.market, event.body, "good")


def a_small_market() -> SmallMarket:
    clock = SettableClock()
    payments, registry = FakePayments(clock), FakeRegistry(clock)
    payouts = FakePayouts(clock)
    plans = FakePlans(clock, payments)
    market = Market(
        clock=clock,
        payments=payments,
        payouts=payouts,
        plans=plans,
        registries={"jcredit": registry, "jcm_jp": registry},
        seals=SealKeys((Fernet.generate_key().decode(),)),
        signing_keys=KeyRing(Environment.SANDBOX, LocalSigner.generate(Environment.SANDBOX, now=clock())),
        log=PublicLog(NoteSigner.of(Ed25519PrivateKey.generate(), log_origin(BASE_URL))),
        base_url=BASE_URL,
        terms=Terms(fee_basis_points=500, quote_lasts=timedelta(minutes=30)),
        post=Post(wording_for(sandbox=True, site=BASE_URL), keeps_copies=True, operators=(OPERATOR_MAIL,)),
    )
    return SmallMarket(clock, payments, registry, market, payouts, plans)


async def a_listing(
    small: SmallMarket,
    *,
    tonnes: int = 100,
    yen_per_tonne: int = 4_000,
    minimum_tonnes: int = 1,
    first_serial: int = 1,
    kind: str = KIND,
    provider: str = "prov_a",
    open: bool = True,  # noqa: A002 - the column's name
    project: str = PROJECT,
) -> Listing:
    now = small.clock()
    methodology = load_catalogue()[project].activities[0].methodology
    await Provider.get_or_create({"name_ja": "供給者", "name_en": "Provider", "invented": True}, id=provider)
    account, _ = await RegistryAccount.get_or_create(
        {"id": new_id("acc", now)}, registry="jcredit", number=f"ACC-{provider}", provider_id=provider
    )
    block_id = new_id("blk", now)

    async def work(_):
        await Block.create(
            id=block_id,
            registry="jcredit",
            project_key=project,
            methodology=methodology,
            credit_kind=kind,
            certification_number=f"CERT-{block_id}",
            serial_prefix=f"{block_id}-",
            serial_width=9,
            first_serial=first_serial,
            last_serial=first_serial + tonnes - 1,
            size=tonnes,
            vintages=json.dumps([{"basis": "fiscal_year", "label": "2023"}]),
            invented=True,
        )
        holding = await Holding.create(id=new_id("hol", now), block_id=block_id, account_id=account.id)
        await Interval.create(
            id=new_id("int", now),
            block_id=block_id,
            holding_id=holding.id,
            first_serial=first_serial,
            last_serial=first_serial + tonnes - 1,
            state=IntervalState.AVAILABLE,
        )
        return await Listing.create(
            id=new_id("lst", now),
            holding_id=holding.id,
            yen_per_tonne=yen_per_tonne,
            minimum_tonnes=minimum_tonnes,
            open=open,
        )

    return await run_tx(work)


def an_instruction(**changes: object) -> Instruction:
    facts = {
        "type": OffsetType.EVENT,
        "subject": "第1回 足跡学会",
        "period_first": date(2026, 11, 1),
        "period_last": date(2026, 11, 2),
        "beneficiary": "足跡学会実行委員会",
        "beneficiary_public": True,
        "purpose_detail": "第1回 足跡学会のオフセット",
        "credit_user": "足跡学会実行委員会",
        "reduction_effort": "資料を電子配布に変えた",
    }
    return Instruction.model_validate(facts | changes)


async def a_quote(small: SmallMarket, listing: Listing, *, tonnes: int = 3, footprint_id: str | None = None) -> Quote:
    return await quotes.create(
        [quotes.WishedLine(listing.id, tonnes)],
        footprint_id=footprint_id,
        fee_basis_points=small.market.terms.fee_basis_points,
        holds_for=small.market.terms.quote_lasts,
        clock=small.clock,
    )


def a_wish(quote: Quote, **changes: object) -> orders.OrderWish:
    facts = {
        "quote_id": quote.id,
        "instruction": an_instruction(),
        "consent_version": consent_version(),
        "locale": "ja",
    }
    return orders.OrderWish(**(facts | changes))


async def an_order(small: SmallMarket, listing: Listing, *, tonnes: int = 3) -> Order:
    """An order that awaits its payment."""
    order = await orders.place(small.market, a_wish(await a_quote(small, listing, tonnes=tonnes)))
    return await orders.open_checkout(small.market, order.id)
