"""A backup is restored that ends ten minutes before the accident, and what payment provider, registry and public log remember is
replayed (F26). Every difference is named, no unit is cancelled twice, and no yen is taken twice.
"""

import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from certificates.brought_back import bring_back
from certificates.log.adopt import adopt, read_copy
from certificates.log.audit import audit
from certificates.log.checkpoint import LogTrust
from certificates.log.missing import missing_here
from certificates.log.store import export
from certificates.records import CertificateRecord, find_by_order
from marketplace import invariants
from marketplace.database.transactions import run_tx
from marketplace.inventory.models import Block, Interval
from marketplace.inventory.serials import SerialRange
from marketplace.jobs import handlers
from marketplace.ledger import service as ledger
from marketplace.orders import service as orders
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.outbox.models import Job
from marketplace.outbox.worker import Worker
from marketplace.payments import inbox
from marketplace.reconciliation.service import compare_with_registry
from marketplace.registries.gateway import CancellationReport, CancellationRequest, CancellationState, HoldingReport
from marketplace.registries.reconciliation import CaseCode, RecordedCancellation
from tests.builders.market import SmallMarket, a_listing, a_small_market, an_order
from tests.fakes.registry import FakeRegistry
from tests.orm import connected

ACCOUNT = "ACC-prov_a"
STOCK = 20
LOST = timedelta(minutes=10)
PROMISED = timedelta(minutes=15)


class RegistryWithBooks(FakeRegistry):
    """Knows what an account holds, lists what was cancelled, and refuses serials that are."""

    async def submit(self, request: CancellationRequest) -> CancellationReport:
        wanted = {(request.block, n) for n in range(request.serials.first, request.serials.last + 1)}
        if self.script[:1] not in (["closed"], ["lost_before"]) and wanted & set(self.cancelled):
            report = CancellationReport(
                request.reference, CancellationState.REJECTED, rejection_reason="already_cancelled"
            )
            self.reports[request.reference] = report
            return report
        return await super().submit(request)

    async def holdings(self, account: str) -> Sequence[HoldingReport]:
        gone = {serial for _, serial in self.cancelled}
        block = (await Block.get()).certification_number
        left = [n for n in range(1, STOCK + 1) if n not in gone]
        return [HoldingReport(account, block, SerialRange(n, n)) for n in left]

    async def cancellations(self, account: str) -> Sequence[RecordedCancellation]:
        notices = {request.reference: self.reports[request.reference].notice for request in self.requests}
        return [
            RecordedCancellation(account, one.block, one.serials, one.reference, notice.recorded_on, notice.number)
            for one in self.requests
            if (notice := notices[one.reference]) is not None
        ]


class Accident:
    """The books are copied by `backup`; when the accident is over they are as they were then, and the world is not."""

    def __init__(self, template: Path, folder: Path) -> None:
        self._file, self._saved = Path(shutil.copy(template, folder / "books.sqlite3")), folder / "saved.sqlite3"
        self.log_copy = folder / "log"
        self.small: SmallMarket = a_small_market()
        self.registry = RegistryWithBooks(self.small.clock)
        self.small.registry = self.registry
        self.small.market = replace(self.small.market, registries={"jcredit": self.registry})

    @asynccontextmanager
    async def in_business(self) -> AsyncIterator[SmallMarket]:
        """Before the accident; at its end the books are those of the backup."""
        async with connected(f"sqlite://{self._file}"):
            await inbox.catch_up(self.small.market)
            yield self.small
        for file in self._file.parent.glob("books.sqlite3*"):
            file.unlink()
        shutil.copy(self._saved, self._file)

    def backup(self) -> None:
        with closing(sqlite3.connect(self._file)) as books, closing(sqlite3.connect(self._saved)) as saved:
            books.backup(saved)
        self.small.clock.advance(LOST / 2)

    async def mirrored(self) -> None:
        """Somebody outside has read the public log just before the accident."""
        await export(self.log_copy)
        self.small.clock.advance(LOST / 2)

    @asynccontextmanager
    async def restored(self, *, adopting: bool = False) -> AsyncIterator[tuple[SmallMarket, set[CaseCode]]]:
        """After docs/operations.md: workers run, lost webhooks are fetched, the account is compared. With what differs."""
        async with connected(f"sqlite://{self._file}"):
            began = time.monotonic()
            if adopting:
                copy = read_copy(self.copied, self.small.market.log.trust)
                await run_tx(lambda _: adopt(copy, now=self.small.clock()))
            await inbox.catch_up(self.small.market)
            await self.small.work_for(timedelta(minutes=3))
            found = await compare_with_registry(self.small.market, "jcredit", ACCOUNT)
            assert found is not None
            assert timedelta(seconds=time.monotonic() - began) < PROMISED
            yield self.small, {case.code for case in found.cases}
            assert await invariants.violations() == []
            assert len(self.registry.cancelled) == len(set(self.registry.cancelled))
            paid = sum(one.amount for one in self.small.payments.sessions.values() if one.state == "paid")
            returned = sum(one.amount for one in self.small.payments.refunds.values())
            known = await Order.all().values_list("id", flat=True)
            unknown = sum(
                one.amount
                for one in self.small.payments.sessions.values()
                if one.state == "paid" and one.order_id not in known
            )
            assert await ledger.balance(ledger.CLEARING) == paid - returned - unknown

    async def lost_numbers(self) -> list[str]:
        """Certificates that were published and are not on the books any more."""
        trust: LogTrust = self.small.market.log.trust
        leaves = await missing_here(self.copied, trust)
        return [leaf.number for leaf in leaves]

    async def loses_a_cancellation(self) -> tuple[Order, CertificateRecord]:
        """One that had been asked for before the backup, and whose certificate came after it; returns both."""
        async with self.in_business() as small:
            small.registry.script = ["closed"] * 3
            order = await an_order(small, await a_listing(small, tonnes=STOCK))
            await _paid(small, order)
            await small.work()
            self.backup()
            await small.work_for(timedelta(minutes=2))
            held = await find_by_order(order.id)
            assert held is not None
            await self.mirrored()
        return order, held

    def copied(self, path: str) -> bytes:
        return (self.log_copy / path).read_bytes()


async def _paid(small: SmallMarket, order: Order) -> None:
    await small.deliver(small.payments.pay(order.checkout_session or ""))


class TestWhatWasLostIsReplayed:
    async def test_a_payment(self, migrated_sqlite, tmp_path):
        accident = Accident(migrated_sqlite, tmp_path)
        async with accident.in_business() as small:
            order = await an_order(small, await a_listing(small, tonnes=STOCK))
            accident.backup()
            await _paid(small, order)
        async with accident.restored() as (_, differences):
            assert (await orders.find(order.id)).state == OrderState.FULFILLED
            assert differences == set()

    async def test_a_cancellation_that_had_been_asked_for_before(self, migrated_sqlite, tmp_path):
        accident = Accident(migrated_sqlite, tmp_path)
        order, lost = await accident.loses_a_cancellation()
        async with accident.restored() as (_, differences):
            assert (await orders.find(order.id)).state == OrderState.FULFILLED
            # found by its reference, so nothing is cancelled again; the certificate sent out before is named
            assert (len(accident.registry.requests), differences) == (1, set())
            assert await accident.lost_numbers() == [lost.number]

    async def test_a_certificate_once_the_log_was_taken_over(self, migrated_sqlite, tmp_path):
        """The same, by somebody who has a copy of the log and asks the holder for the file: one certificate, one log."""
        accident = Accident(migrated_sqlite, tmp_path)
        order, held = await accident.loses_a_cancellation()
        async with accident.restored(adopting=True) as (small, _):
            assert (await orders.find(order.id)).state == OrderState.RETIRING
            assert await accident.lost_numbers() == [held.number]
            await run_tx(
                lambda _: bring_back(
                    held.credential,
                    held.disclosures,
                    order.id,
                    ring=small.market.signing_keys,
                    issuer_url=small.market.base_url,
                    now=small.clock(),
                )
            )
            await small.work_for(timedelta(hours=1), step=timedelta(minutes=5))
            served = await orders.find(order.id)
            assert (served.state, served.certificate_number) == (OrderState.FULFILLED, held.number)
            assert await accident.lost_numbers() == []
            await export(tmp_path / "log_now")
            earlier = accident.copied("checkpoint").decode()
            trust = small.market.log.trust
            now = audit(lambda path: (tmp_path / "log_now" / path).read_bytes(), trust, earlier=earlier)
            assert (now.issued, now.findings) == (1, ())

    async def test_a_refund(self, migrated_sqlite, tmp_path):
        accident = Accident(migrated_sqlite, tmp_path)
        async with accident.in_business() as small:
            small.registry.script = ["rejected"]
            order = await an_order(small, await a_listing(small, tonnes=STOCK), tonnes=STOCK)
            await _paid(small, order)
            one_by_one = Worker(handlers(small.market), clock=small.clock, at_once=1)
            while (await orders.find(order.id)).state != OrderState.REFUND_DUE:
                assert await one_by_one.run_due(), "the refund was due before it was done"
            accident.backup()
            await small.work_for(timedelta(minutes=3))
            assert (await orders.find(order.id)).state == OrderState.REFUNDED
        async with accident.restored() as (small, differences):
            assert (await orders.find(order.id)).state == OrderState.REFUNDED
            assert len(small.payments.refunds) == 1
            assert differences == set()


class TestWhatCannotBeReplayedIsNamed:
    async def test_a_cancellation_that_began_and_ended_in_the_lost_minutes(self, migrated_sqlite, tmp_path):
        accident = Accident(migrated_sqlite, tmp_path)
        async with accident.in_business() as small:
            order = await an_order(small, await a_listing(small, tonnes=STOCK))
            accident.backup()
            await _paid(small, order)
            await small.work()
            lost = (await orders.find(order.id)).certificate_number
            await accident.mirrored()
        async with accident.restored() as (_, differences):
            # the registry refuses the same serials, so the buyer is served with others
            assert (await orders.find(order.id)).state == OrderState.FULFILLED
            assert sorted(serial for _, serial in accident.registry.cancelled) == [1, 2, 3, 4, 5, 6]
            assert differences == {CaseCode.CANCELLED_WITHOUT_US}
            withdrawn = await Interval.get(state="withdrawn")
            assert withdrawn.serials == SerialRange(1, 3)
            assert await accident.lost_numbers() == [lost]

    async def test_an_order_that_was_placed_in_them(self, migrated_sqlite, tmp_path):
        accident = Accident(migrated_sqlite, tmp_path)
        async with accident.in_business() as small:
            listing = await a_listing(small, tonnes=STOCK)
            accident.backup()
            order = await an_order(small, listing)
            await _paid(small, order)
        async with accident.restored() as (small, differences):
            assert not await Order.exists(id=order.id)
            assert differences == set()
            await small.work_for(timedelta(hours=4), step=timedelta(minutes=10))
            # the payment without an order waits for a person, with the reason
            (parked,) = await Job.filter(parked_at__isnull=False)
            assert (parked.kind, order.id in str(parked.error)) == ("payment.settle", True)
