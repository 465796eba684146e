"""News of a payment that is not on our books yet, kept until it is: webhooks come in any order."""

from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.database import rows
from marketplace.database.dialect import sql
from marketplace.outbox import service as outbox
from marketplace.payments.events import Subject
from marketplace.payments.models import EarlyNews

# what a job is called, and under which name it takes the object to read again
JOBS = {Subject.REFUND: ("refund.follow", "provider_refund"), Subject.DISPUTE: ("dispute.follow", "dispute_id")}

# far longer than the transaction of whoever books a payment can last
LOOK_ONCE_MORE_AFTER = timedelta(minutes=5)


async def keep(tx: BaseDBAsyncClient, subject: Subject, object_id: str, payment: str, *, at: datetime) -> None:
    await tx.execute_query(
        sql(
            tx,
            "INSERT INTO early_payment_news (object_id, subject, provider_payment, seen_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (object_id) DO NOTHING",
        ),
        [object_id, subject.value, payment, at],
    )
    # whoever was booking the payment at this very moment saw no news of it, as we saw no payment
    await follow(tx, subject, object_id, f"once_more:{object_id}", at=at + LOOK_ONCE_MORE_AFTER)


async def look_again(tx: BaseDBAsyncClient, payment: str, *, at: datetime) -> None:
    """Inside the transaction that books `payment`: read again what was heard of it before."""
    for news in await rows.find_all(EarlyNews, provider_payment=payment):
        await follow(tx, Subject(news.subject), news.object_id, f"early:{news.object_id}", at=at)


async def follow(tx: BaseDBAsyncClient, subject: Subject, object_id: str, key: str, *, at: datetime) -> None:
    kind, name = JOBS[subject]
    await outbox.add(tx, kind, f"follow:{key}", {name: object_id}, at=at)
