"""What is read from the bodies that shops send, and what is refused; nothing here depends on a database."""

import json

import pytest

from marketplace.products.errors import ShopOrderMalformed
from marketplace.products.shop_orders import BackLine, SoldLine, read_order, read_refund

LINE = {"id": 11, "sku": "NOTE-1", "quantity": 2, "name": "<script>alert(1)</script>"}
SHOPIFY = {
    "id": 820982911946154508,
    "created_at": "2026-11-20T12:00:00+09:00",
    "line_items": [LINE],
    "email": "x@example.org",
}
WOO = {"id": 727, "status": "processing", "date_created_gmt": "2026-11-20T03:00:00", "line_items": [LINE]}


def body(fields) -> bytes:
    return json.dumps(fields).encode()


class TestAnOrder:
    @pytest.mark.parametrize(("fields", "topic"), [(SHOPIFY, "orders/paid"), (WOO, "order.updated")])
    def test_is_its_lines_with_sku_and_quantity(self, fields, topic):
        told = read_order(body(fields), topic)
        assert (told.order, told.sold, told.back) == (str(fields["id"]), [SoldLine("11", "NOTE-1", 2)], [])
        assert told.at.isoformat().startswith("2026-11-20T") and told.at.timestamp() == 1_795_143_600

    def test_lines_without_sku_or_quantity_are_left_out(self):
        lines = [{"id": 1, "sku": "", "quantity": 1}, {"id": 2, "quantity": 1}, {"id": 3, "sku": "A", "quantity": 0}]
        assert read_order(body(SHOPIFY | {"line_items": lines}), "orders/paid").sold == []

    @pytest.mark.parametrize("status", ["pending", "on-hold", "failed", "checkout-draft"])
    def test_that_nobody_has_paid_is_no_sale(self, status):
        told = read_order(body(WOO | {"status": status}), "order.created")
        assert (told.sold, told.back) == ([], [])

    @pytest.mark.parametrize(
        ("fields", "topic"),
        [(SHOPIFY, "orders/cancelled"), (WOO | {"status": "cancelled"}, ""), (WOO | {"status": "refunded"}, "")],
    )
    def test_that_is_called_off_comes_back_whole(self, fields, topic):
        told = read_order(body(fields), topic)
        assert (told.sold, told.back) == ([SoldLine("11", "NOTE-1", 2)], [BackLine("11", "NOTE-1", 2, "all")])


class TestARefund:
    def test_names_the_lines_that_come_back(self):
        fields = {
            "id": 900,
            "order_id": 820982911946154508,
            "created_at": "2026-11-21T12:00:00+09:00",
            "refund_line_items": [{"line_item_id": 11, "quantity": 1, "line_item": {"sku": "NOTE-1"}}],
        }
        told = read_refund(body(fields))
        assert (told.order, told.back) == ("820982911946154508", [BackLine("11", "NOTE-1", 1, "900")])


class TestWhatIsNoOrder:
    @pytest.mark.parametrize(
        "sent",
        [
            b"",
            b"\xff",
            b"[]",
            b"{}",
            body(SHOPIFY | {"id": True}),
            body(SHOPIFY | {"id": "a:b"}),
            body(SHOPIFY | {"id": "x" * 65}),
            body(SHOPIFY | {"line_items": "all"}),
            body(SHOPIFY | {"line_items": [1]}),
            body(SHOPIFY | {"line_items": [LINE | {"quantity": -1}]}),
            body(SHOPIFY | {"line_items": [LINE | {"quantity": 1.5}]}),
            body(SHOPIFY | {"line_items": [LINE | {"quantity": 10**10}]}),
            body(SHOPIFY | {"created_at": "yesterday"}),
            body(SHOPIFY | {"created_at": 5}),
        ],
    )
    def test_is_refused(self, sent):
        with pytest.raises(ShopOrderMalformed):
            read_order(sent, "orders/paid")
