"""The notices that people upload: recognised by content, kept with their hash, never changed."""

import hashlib

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts.actor import Actor
from marketplace.database.transactions import run_tx
from marketplace.desk.authority import seen_by, worked_on_by
from marketplace.desk.errors import ApplicationNotFound, DocumentRefused
from marketplace.market import Market
from marketplace.registries.desk.entered_notice import media_type
from marketplace.registries.desk.models import NoticeDocument

MOST_BYTES = 8_000_000


async def keep(market: Market, actor: Actor, application_id: str, content: bytes) -> str:
    """Store an upload with its application and return its SHA-256 in hex; the same content again changes nothing.

    Raises ApplicationNotFound, DocumentRefused.
    """
    await worked_on_by(actor, application_id)
    if len(content) > MOST_BYTES:
        raise DocumentRefused("too large", reason="too_large", most_mb=MOST_BYTES // 1_000_000)
    kind = media_type(content)
    if kind is None:
        raise DocumentRefused("neither PDF, PNG nor JPEG", reason="wrong_kind", most_mb=MOST_BYTES // 1_000_000)
    digest = hashlib.sha256(content).hexdigest()

    async def work(_: BaseDBAsyncClient) -> None:
        await NoticeDocument.get_or_create(
            {
                "media_type": kind,
                "content": content,
                "uploaded_by": actor.person_id,
                "uploaded_at": market.clock(),
            },
            application_id=application_id,
            sha256=digest,
        )

    await run_tx(work)
    return digest


async def kept(application_id: str, sha256: str) -> NoticeDocument:
    """Raises DocumentRefused if nothing with this hash was uploaded for this application."""
    document = await NoticeDocument.get_or_none(application_id=application_id, sha256=sha256)
    if document is None:
        raise DocumentRefused("no document", reason="missing", most_mb=MOST_BYTES // 1_000_000)
    return document


async def of_application(actor: Actor, application_id: str) -> NoticeDocument:
    """The notice that an application was entered with. Raises ApplicationNotFound."""
    application = await seen_by(actor, application_id)
    if application.document_sha256 is None:
        raise ApplicationNotFound(f"{application_id} has no notice")
    return await kept(application_id, application.document_sha256)
