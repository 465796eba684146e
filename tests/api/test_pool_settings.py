"""How large the pools are is the operator's choice; a pool that counts as used up from the start would be followed for ever."""

import pytest
from pydantic import ValidationError

from api.services import pool_terms
from tests.api.application import some_settings


def test_the_size_reaches_the_terms_of_trade() -> None:
    terms = pool_terms(some_settings(pool_tonnes=30, pool_low_g=10_000_000))
    assert (terms.pool_tonnes, terms.low_g) == (30, 10_000_000)


def test_a_full_pool_is_not_used_up() -> None:
    with pytest.raises(ValidationError, match="pool_low_g"):
        some_settings(pool_tonnes=1, pool_low_g=1_000_001)
