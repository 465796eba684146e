"""Read the bodies that shops send: orders of Shopify and WooCommerce, and Shopify's refunds, into lines sold and lines back.

Only what is counted is read: the order's id, its lines' ids, SKUs and quantities, when it was made, and whether it was called
off. Names and addresses of buyers are never looked at and never kept.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from marketplace.products.errors import ShopOrderMalformed

MOST_LINES = 1_000
# the whole order comes back, less what has come back already
CALLED_OFF = "all"
MOST_UNITS = 10**9
# WooCommerce: money has been taken, or the goods have left
_WOO_SOLD = frozenset({"processing", "completed"})
_WOO_BACK = frozenset({"cancelled", "refunded"})


@dataclass(frozen=True, slots=True)
class SoldLine:
    line: str
    sku: str
    units: int


@dataclass(frozen=True, slots=True)
class BackLine:
    """`because` tells two returns of one line apart; `sku` None where the message does not name it."""

    line: str
    sku: str | None
    units: int
    because: str


@dataclass(frozen=True, slots=True)
class Told:
    """What a message tells of one order; `at` None where it does not say when."""

    order: str
    at: datetime | None
    sold: list[SoldLine] = field(default_factory=list)
    back: list[BackLine] = field(default_factory=list)


def read_order(body: bytes, topic: str) -> Told:
    """`topic` as the shop calls it (orders/paid, order.updated, …). Raises ShopOrderMalformed."""
    fields = _document(body)
    told = Told(_id(fields, "id"), _moment(fields))
    lines = [line for line in _lines(fields, "line_items") if line.get("sku")]
    sold = [SoldLine(_id(line, "id"), str(line["sku"]).strip(), _units(line)) for line in lines]
    status = fields.get("status")
    called_off = topic == "orders/cancelled" or status in _WOO_BACK
    # a WooCommerce order has a status, and is not a sale before somebody has paid
    if status is None or status in _WOO_SOLD or called_off:
        told.sold.extend(line for line in sold if line.units)
    if called_off:
        told.back.extend(BackLine(line.line, line.sku, line.units, CALLED_OFF) for line in sold if line.units)
    return told


def read_refund(body: bytes) -> Told:
    """Shopify's refunds/create: some lines of an order come back. Raises ShopOrderMalformed."""
    fields = _document(body)
    told = Told(_id(fields, "order_id"), _moment(fields))
    refund = _id(fields, "id")
    for line in _lines(fields, "refund_line_items"):
        of = line.get("line_item")
        sku = of.get("sku") if isinstance(of, dict) else None
        if units := _units(line):
            told.back.append(BackLine(_id(line, "line_item_id"), str(sku) if sku else None, units, refund))
    return told


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ShopOrderMalformed("not JSON", field="") from error
    if not isinstance(document, dict):
        raise ShopOrderMalformed("not an object", field="")
    return document


def _lines(fields: dict[str, Any], name: str) -> list[dict[str, Any]]:
    lines = fields.get(name)
    if not isinstance(lines, list) or len(lines) > MOST_LINES or not all(isinstance(line, dict) for line in lines):
        raise ShopOrderMalformed(f"{name} is no list of lines", field=name)
    return lines


def _id(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | str) or not 0 < len(str(value)) <= 64:
        raise ShopOrderMalformed(f"{name} is no id", field=name)
    text = str(value)
    if not text.isascii() or not text.isprintable() or ":" in text:
        raise ShopOrderMalformed(f"{name} is no id", field=name)
    return text


def _units(line: dict[str, Any]) -> int:
    value = line.get("quantity")
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_UNITS:
        raise ShopOrderMalformed("quantity is no whole number", field="quantity")
    return value


def _moment(fields: dict[str, Any]) -> datetime | None:
    """Shopify says created_at with its offset, WooCommerce date_created_gmt in UTC without one."""
    for name in ("created_at", "date_created_gmt"):
        text = fields.get(name)
        if text is None:
            continue
        try:
            moment = datetime.fromisoformat(text)
        except (TypeError, ValueError) as error:
            raise ShopOrderMalformed(f"{name} is no moment", field=name) from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
