"""Yen and grams are shared out, taxed and returned without a drift; ASHIATO_FAULTS=full tries 1,000,000 cases (F21)."""

import pytest

from marketplace.ledger.sale import shares
from marketplace.money import allocate, consumption_tax, price, tax_within
from tests.faults.amounts import amount
from tests.marketplace.money.exact import check_all


class TestNothingDrifts:
    def test_in_any_case(self):
        check_all(amount(1_000_000, 300))


class TestSharingOut:
    def test_the_rest_goes_to_the_largest_remainders(self):
        assert allocate(100, [1, 1, 1]) == [34, 33, 33]
        assert allocate(10, [1, 2, 3]) == [2, 3, 5]
        assert allocate(1, [1, 2]) == [0, 1]
        assert allocate(0, [5]) == [0]
        assert allocate(7, [0, 1]) == [0, 7]

    @pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [0]), (1, []), (1, [2, -1])])
    def test_by_nothing_or_less_is_refused(self, total, weights):
        with pytest.raises(ValueError, match="shared out"):
            allocate(total, weights)


class TestTax:
    def test_is_rounded_down_once_per_seller(self):
        assert [consumption_tax(net) for net in (9, 10, 19, 3_333, 0)] == [0, 1, 1, 333, 0]
        both = price({"a": 19, "b": 19}, fee_basis_points=0)
        assert (both.tax_yen, both.total_yen) == (2, 40)

    def test_within_an_amount_is_the_tax_that_was_added(self):
        assert [tax_within(gross) for gross in (0, 10, 11, 3_666, -5)] == [0, 0, 1, 333, 0]

    def test_the_fee_is_in_hundredths_of_a_percent_of_the_net_price(self):
        fees = [price({"a": 999_999}, fee_basis_points=points).fee_yen for points in (0, 1, 500, 10_000)]
        assert fees == [0, 99, 49_999, 999_999]

    def test_pools_and_fee_are_one_sale_of_ours(self):
        cost = price({}, pooled_yen=105, fee_basis_points=500)
        assert (cost.credits_yen, cost.fee_yen, cost.tax_yen, cost.total_yen) == (105, 5, 11, 121)


class TestASale:
    def test_gives_providers_their_net_price_with_tax_and_us_the_rest(self):
        assert shares(11_550, {"a": 10_000}) == {"provider:a": 11_000, "tax": 50, "pool": 0, "fee": 500}

    def test_tells_the_grams_out_of_pools_from_the_fee(self):
        assert shares(121, {}, pooled_yen=105) == {"tax": 11, "pool": 105, "fee": 5}

    def test_another_sellers_rounding_falls_to_us(self):
        both = shares(11_000, {"a": 9_999, "b": 1})
        assert both == {"provider:a": 10_998, "provider:b": 1, "tax": 0, "pool": 0, "fee": 1}
        assert shares(10_997, {"a": 9_999}) == {"provider:a": 10_998, "tax": 0, "pool": 0, "fee": -1}
