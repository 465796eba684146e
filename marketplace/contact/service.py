"""Messages to the operator: kept first, mailed second, so that none is lost where no mail server answers.

No third party judges them. A message that fills in a field nobody sees, or is made of links, is kept apart and mailed to nobody;
it is never dropped, because a password manager fills in hidden fields too. Nothing is mailed to the sender: else anyone could have
this service write to anyone.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.clock import japan_date
from marketplace.contact.models import ContactMessage
from marketplace.database.dialect import sql
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.mail import service as mail
from marketplace.mail.address import checked
from marketplace.market import Market

KEPT_FOR = timedelta(days=180)
MOST_LINKS = 3
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)


class Topic(StrEnum):
    USE = "use"
    ORDER = "order"
    CERTIFICATE = "certificate"
    SELLING = "selling"
    PRIVACY = "privacy"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Message:
    """`about` may name an order or a certificate. `trap` is what the hidden field held."""

    topic: Topic
    email: str
    name: str
    about: str
    body: str
    locale: str
    trap: str = ""

    @property
    def is_suspect(self) -> bool:
        return bool(self.trap) or len(_LINK.findall(self.body)) > MOST_LINKS

    def sha256(self, day: str) -> str:
        """The same words of the same sender count once a day: a form that was sent twice."""
        said = "\x1f".join((day, self.topic, self.email, self.about, self.body))
        return hashlib.sha256(said.encode()).hexdigest()


async def take(market: Market, message: Message) -> str:
    """Keep the message and tell the operator; returns its number. Raises AddressRefused."""
    now = market.clock()
    email = checked(message.email)
    digest = message.sha256(japan_date(now).isoformat())

    async def work(tx: BaseDBAsyncClient) -> str:
        created = await tx.execute_query_dict(
            sql(
                tx,
                "INSERT INTO contact_message (id, sha256, topic, email, name, about, body, locale, suspect, sent_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO NOTHING RETURNING id",
            ),
            [
                new_id("msg", now),
                digest,
                message.topic.value,
                email,
                message.name,
                message.about,
                message.body,
                message.locale,
                message.is_suspect,
                now,
            ],
        )
        if not created:
            (known,) = await ContactMessage.filter(sha256=digest).using_db(tx).values_list("id", flat=True)
            return str(known)
        number = str(created[0]["id"])
        if not message.is_suspect:
            params = {
                "number": number,
                "topic": message.topic.value,
                "email": email,
                "name": message.name,
                "about": message.about,
                "body": message.body,
            }
            await mail.tell_operators(market, tx, "operator_message", params, key=f"contact:{number}")
        return number

    return await run_tx(work)


async def unsettled() -> Sequence[ContactMessage]:
    """Everything nobody has dealt with, the oldest first; suspects at the end."""
    return await ContactMessage.filter(settled_at__isnull=True).order_by("suspect", "id")


async def settle(actor: Actor, message_id: str, *, now: datetime) -> None:
    """Somebody has dealt with it. Again changes nothing."""
    await ContactMessage.filter(id=message_id, settled_at__isnull=True).update(
        settled_at=now, settled_by=actor.person_id
    )


async def forget_old(now: datetime) -> None:
    """What was dealt with some time ago."""
    await ContactMessage.filter(settled_at__lte=now - KEPT_FOR).delete()
