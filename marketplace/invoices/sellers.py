"""Sellers that are registered for qualified invoices and agreed that the service invoices for them."""

import re
from datetime import date

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.audit import service as audit
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.errors import RegistrationNumberRefused, SellerNotFound
from marketplace.inventory.models import Provider
from marketplace.market import Market

_NUMBER = re.compile(r"T[0-9]{13}")


async def register(market: Market, actor: Actor, provider_id: str, number: str, *, agreed_on: date) -> None:
    """From now on its parts of invoices are qualified ones. A later entry replaces an earlier; papers keep what they said.

    Raises RegistrationNumberRefused, SellerNotFound.
    """
    if not _NUMBER.fullmatch(number):
        raise RegistrationNumberRefused("a registration number is T and 13 digits", number=number)

    async def work(tx: BaseDBAsyncClient) -> None:
        if not await Provider.exists(id=provider_id):
            raise SellerNotFound(f"no provider {provider_id}", provider_id=provider_id)
        await tx.execute_query(
            sql(
                tx,
                "INSERT INTO seller_registration (provider_id, registration_number, agreed_on) VALUES (?, ?, ?) "
                "ON CONFLICT (provider_id) DO UPDATE SET registration_number = excluded.registration_number, "
                "agreed_on = excluded.agreed_on",
            ),
            [provider_id, number, agreed_on],
        )
        detail = {"registration_number": number, "agreed_on": agreed_on.isoformat()}
        await audit.record(tx, actor, "seller.register", provider_id, None, detail, at=market.clock())

    await run_tx(work)
