"""Reading the mails that an embedded instance keeps."""

from collections.abc import Sequence

from marketplace.mail.models import Mail, MailState

SHOWN = 100


async def latest(recipient: str | None = None) -> Sequence[Mail]:
    """The newest first, at most a hundred, to one address or to all."""
    kept = Mail.filter(state=MailState.KEPT)
    if recipient is not None:
        kept = kept.filter(recipient=recipient)
    return await kept.order_by("-created_at", "-id").limit(SHOWN)


async def find(mail_id: str) -> Mail | None:
    return await Mail.get_or_none(id=mail_id, state=MailState.KEPT)
