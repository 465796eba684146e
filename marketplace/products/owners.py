"""Mails to the owners of a product's organisation, each in its own language."""

from collections.abc import Mapping

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts import organisations
from marketplace.accounts.roles import Role
from marketplace.mail import service as mail
from marketplace.mail.address import is_address
from marketplace.mail.post import JSON
from marketplace.market import Market
from marketplace.products.models import Product


async def tell_owners(
    tx: BaseDBAsyncClient, market: Market, product: Product, message: str, params: Mapping[str, JSON], *, key: str
) -> None:
    """Inside the caller's transaction: `message` once per `key` and owner. The product's id, name and unit are added to `params`."""
    facts: dict[str, JSON] = {
        "product_id": product.id,
        "name": product.name,
        "functional_unit": product.functional_unit,
        **params,
    }
    for member in await organisations.members_of(product.organisation_id):
        address = member.person.email
        if member.role is Role.OWNER and address is not None and is_address(address):
            once = f"{key}:{member.person.id}"
            await mail.send_later(tx, message, address, member.person.locale, facts, key=once, at=market.clock())
