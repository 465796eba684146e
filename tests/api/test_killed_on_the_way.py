"""Whatever needs an Idempotency-Key exists once, wherever the process died on the way; orders: tests/marketplace/orders."""

import pytest

from api.calls import KeyPolicy
from api.idempotency import LEASE
from api.v1.contents import ENDPOINTS
from marketplace.accounts.roles import Role
from marketplace.deposits.models import Deposit, DepositState
from marketplace.items.models import ItemBatch
from marketplace.participation.models import EventPage
from marketplace.products.models import Product
from tests.api import test_event_pages, test_item_batches
from tests.api.buying import fresh_key
from tests.api.dying import asked_of_the_dying
from tests.api.test_deposits import BODY as A_DEPOSIT
from tests.api.test_keys import bearer
from tests.api.test_products import BODY as A_PRODUCT
from tests.builders.market import a_listing
from tests.builders.pools import with_pools
from tests.builders.products import a_maker, a_period, a_product, covered
from tests.fakes.observed import Observed
from tests.signed_in import an_actor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def killed_at_every_point(client, small, path, body, *, key, model) -> list[dict]:
    """The answers to repetitions, one for each point; none of them has left a second thing behind."""
    points = await asked_of_the_dying(client, path, body, fresh_key() | key, None)
    answers = []
    for number in range(1, len(points) + 1):
        before, same = await model.all().count(), fresh_key() | key
        await asked_of_the_dying(client, path, body, same, number)
        small.clock.advance(LEASE)
        again = await client.post(path, json=body, headers=same)
        assert again.status_code == 201, (points[number - 1], again.text)
        assert await model.all().count() == before + 1, points[number - 1]
        answers.append(again.json())
    assert len({answer["id"] for answer in answers}) == len(points) >= 4
    return answers


async def test_a_deposit_has_its_payment_page_too(client, small):
    key = await bearer(small, await an_actor(small, Role.OWNER))
    object.__setattr__(small.market, "payments", Observed(small.payments, "payments"))
    body = A_DEPOSIT | {"amount": 1_000}
    answers = await killed_at_every_point(client, small, "/v1/deposits", body, key=key, model=Deposit)
    assert {answer["state"] for answer in answers} == {DepositState.AWAITING_PAYMENT}
    assert None not in {answer["checkout_url"] for answer in answers}
    await small.work()
    assert len(small.payments.sessions) == await Deposit.all().count()


async def test_a_page_for_attendees(client, small):
    key = await bearer(small, await an_actor(small, Role.OWNER))
    await killed_at_every_point(client, small, "/v1/event_pages", test_event_pages.BODY, key=key, model=EventPage)


async def test_a_product(client, small):
    key = await bearer(small, await a_maker(small))
    await killed_at_every_point(client, small, "/v1/products", A_PRODUCT, key=key, model=Product)


async def test_a_batch_of_codes(client, small):
    with_pools(small)
    maker = await a_maker(small)
    product = await a_product(small, maker)
    await covered(small, await a_period(small, maker, product), await a_listing(small))
    path, key = f"/v1/products/{product.id}/item_batches", await bearer(small, maker)
    await killed_at_every_point(client, small, path, test_item_batches.BODY, key=key, model=ItemBatch)


def test_nothing_else_needs_a_key_but_what_finds_itself_by_it(database_url):
    """Orders, covers, plans and gifts carry the key, or a number of the caller's own, in a column that is unique."""
    needing = {one.path for one in ENDPOINTS if one.key is KeyPolicy.REQUIRED}
    assert needing == {
        "/v1/deposits",
        "/v1/event_pages",
        "/v1/products",
        "/v1/products/{product_id}/item_batches",
        "/v1/orders",
        "/v1/products/{product_id}/cover",
        "/v1/plans",
        "/v1/plan_gifts",
    }
