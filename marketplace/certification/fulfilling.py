"""End many orders in one transaction: certificates, sales and what their buyers are told, in a few statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from certificates import service as certificates
from certificates import visibility
from certificates.facts import StatementFacts
from certificates.records import CertificateRecord
from marketplace.certification.publication import NAMING
from marketplace.database.dialect import is_postgres
from marketplace.ledger.sale import Sale, book_sales
from marketplace.market import Market
from marketplace.orders.instruction import Instruction
from marketplace.orders.models import Order
from marketplace.orders.timeline import Entry, Happened, note_all
from marketplace.quotes.models import Quote

_FULFIL = """
UPDATE buyer_order SET state = 'fulfilled',
  certificate_number = (SELECT number FROM certificate WHERE order_reference = buyer_order.id)
WHERE state = 'retiring' AND id
"""


@dataclass(frozen=True, slots=True)
class Ready:
    """An order that is on its way and locked, of which everything is decided, as sold. `net_by_provider`: what its providers earn,
    in yen without tax."""

    order: Order
    quote: Quote
    facts: StatementFacts
    net_by_provider: Mapping[str, int]


async def fulfil(market: Market, tx: BaseDBAsyncClient, ready: Sequence[Ready]) -> list[CertificateRecord]:
    """The certificates, in the same order."""
    now = market.clock()
    records = await issue(market, [(one.order, one.facts) for one in ready])
    sales = [Sale(one.order.id, one.net_by_provider, pooled_yen=one.quote.pooled_yen) for one in ready]
    await book_sales(sales, at=now)
    await _note_fulfilled(tx, [one.order.id for one in ready])
    await note_all(
        [
            Entry(one.order, Happened.CERTIFIED, {"number": record.number})
            for one, record in zip(ready, records, strict=True)
        ],
        at=now,
    )
    return records


async def issue(market: Market, wanted: Sequence[tuple[Order, StatementFacts]]) -> list[CertificateRecord]:
    """The certificates of orders or of their parts, with hidden names where the order asks for that."""
    records = await certificates.issue_all(
        [facts for _, facts in wanted], ring=market.signing_keys, issuer_url=market.base_url, now=market.clock()
    )
    for (order, _), record in zip(wanted, records, strict=True):
        if not Instruction.model_validate_json(order.instruction).beneficiary_public:
            await visibility.hide(record.number, NAMING, until=None)
    return records


async def _note_fulfilled(tx: BaseDBAsyncClient, order_ids: list[str]) -> None:
    if is_postgres(tx):
        await tx.execute_query(f"{_FULFIL} = ANY ($1)", [order_ids])
    else:
        await tx.execute_query(f"{_FULFIL} IN ({', '.join('?' * len(order_ids))})", order_ids)
