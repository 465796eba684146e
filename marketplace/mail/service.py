"""Write a mail in the transaction that is its reason; a job words it and hands it over after the commit.

A mail exists once per `key`, for ever. Handing over is repeated until a mail server has taken it; a crash between its answer
and our note of it may hand it over twice, with the same Message-ID.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.dialect import sql
from marketplace.ids import new_id
from marketplace.mail.address import checked
from marketplace.mail.models import Mail, MailState
from marketplace.mail.post import JSON, Letter, LetterRefused
from marketplace.market import Market
from marketplace.outbox import service as outbox
from marketplace.outbox.service import NewJob

SEND = "mail.send"
OPERATORS_LOCALE = "ja"


async def send_later(
    connection: BaseDBAsyncClient,
    message: str,
    to: str,
    locale: str,
    params: Mapping[str, JSON],
    *,
    key: str,
    at: datetime,
) -> None:
    """Inside the caller's transaction: `message` (a folder of frontend/templates/emails) goes to one address, once per `key`.

    Raises AddressRefused. The same `key` again changes nothing.
    """
    mail_id = new_id("mail", at)
    created = await connection.execute_query_dict(
        sql(
            connection,
            "INSERT INTO mail (id, key, message, recipient, locale, state, params, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
        ),
        [mail_id, key, message, checked(to), locale, MailState.WAITING, json.dumps(params, ensure_ascii=False), at],
    )
    if created:
        await outbox.add(connection, SEND, f"mail:{mail_id}", {"mail_id": mail_id}, at=at)


@dataclass(frozen=True, slots=True)
class NewMail:
    """What `send_later` takes, for many at once."""

    message: str
    to: str
    locale: str
    params: Mapping[str, JSON]
    key: str


async def send_all_later(mails: Sequence[NewMail], *, at: datetime) -> None:
    """As send_later, in as few statements as the database takes. Raises AddressRefused."""
    written = await rows.insert_missing(
        *(
            Mail(
                id=new_id("mail", at),
                key=one.key,
                message=one.message,
                recipient=checked(one.to),
                locale=one.locale,
                state=MailState.WAITING,
                params=json.dumps(one.params, ensure_ascii=False),
                created_at=at,
            )
            for one in mails
        )
    )
    await outbox.add_all([NewJob(SEND, f"mail:{one.id}", {"mail_id": one.id}) for one in written], at=at)


async def tell_operators(
    market: Market, connection: BaseDBAsyncClient, message: str, params: Mapping[str, JSON], *, key: str
) -> None:
    """As send_later, to each address that the operator has named for this."""
    for number, address in enumerate(market.post.operators):
        await send_later(
            connection, message, address, OPERATORS_LOCALE, params, key=f"{key}:{number}", at=market.clock()
        )


async def send(market: Market, mail_id: str) -> None:
    """Hand one mail over, or keep it for the mailbox page. Raises CarrierUnreachable, to be tried again."""
    mail = await Mail.get(id=mail_id)
    if mail.state != MailState.WAITING or mail.params is None:
        return
    worded = market.post.wording(mail.message, mail.locale, json.loads(mail.params))
    outcome: dict[str, object] = {"state": MailState.WITHHELD}
    if market.post.carrier is not None:
        letter = Letter(mail.id, mail.recipient, mail.created_at, worded.subject, worded.text)
        try:
            await market.post.carrier.carry(letter)
            outcome = {"state": MailState.SENT}
        except LetterRefused as refused:
            outcome = {"state": MailState.REFUSED, "refusal": str(refused)[:2000]}
    elif market.post.keeps_copies:
        outcome = {"state": MailState.KEPT, "subject": worded.subject, "body": worded.text}
    await Mail.filter(id=mail.id, state=MailState.WAITING).update(params=None, settled_at=market.clock(), **outcome)
