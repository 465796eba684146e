"""What nobody needs any more is deleted, by rules that run (docs/security.md lists them).

| what | kept for |
|---|---|
| sessions | until they end |
| marks of browsers | 400 days after they were last seen |
| sign-in links and passkey challenges | a day after they end |
| invitations | 90 days after they end |
| addresses and words of mails | 90 days after they were settled |
| calculator drafts | until they expire |
"""

from datetime import datetime, timedelta

from tortoise.expressions import Q

from marketplace.accounts.models import Invitation, KnownDevice, PasskeyChallenge, Session, SignInLink
from marketplace.accounts.privacy import ERASED_RECIPIENT, forget_mails
from marketplace.accounts.sessions import IDLE_FOR_AT_MOST
from marketplace.clock import Clock
from marketplace.footprints.models import FootprintDraft
from marketplace.mail.models import Mail

EVERY = timedelta(hours=1)
DEVICES_KEPT = timedelta(days=400)
LINKS_KEPT = timedelta(days=1)
INVITATIONS_KEPT = timedelta(days=90)
MAILS_KEPT = timedelta(days=90)


class Retention:
    """A sweep of one worker: sweeps come every few seconds, this one works once an hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next: datetime | None = None

    async def __call__(self) -> None:
        now = self._clock()
        if self._next is None or now >= self._next:
            self._next = now + EVERY
            await delete_due(now)


async def delete_due(now: datetime) -> None:
    await Session.filter(Q(expires_at__lte=now) | Q(last_seen_at__lte=now - IDLE_FOR_AT_MOST)).delete()
    await KnownDevice.filter(last_seen_at__lte=now - DEVICES_KEPT).delete()
    await SignInLink.filter(expires_at__lte=now - LINKS_KEPT).delete()
    await PasskeyChallenge.filter(expires_at__lte=now - LINKS_KEPT).delete()
    await Invitation.filter(expires_at__lte=now - INVITATIONS_KEPT).delete()
    await FootprintDraft.filter(expires_at__lte=now).delete()
    settled = Mail.filter(settled_at__lte=now - MAILS_KEPT).exclude(recipient=ERASED_RECIPIENT)
    await forget_mails(settled, now=now)
