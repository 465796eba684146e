"""Sign in by a link in a mail: once, for ten minutes, in the browser that asked.

A known and an unknown address are treated alike down to the last query: the mail is sent either way, and whoever opens it for
the first time becomes a person here. So nothing can be learned from asking.
"""

from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts import notices, organisations, people, sessions
from marketplace.accounts.errors import LinkNotUsable
from marketplace.accounts.models import Person, SignInLink
from marketplace.accounts.secrets import new_secret, sha256_of
from marketplace.audit import service as audit
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.mail.post import JSON
from marketplace.mail.service import send_later
from marketplace.market import Market

LASTS = timedelta(minutes=10)
# More than this to one mailbox within LASTS is somebody being pestered.
MOST_PER_MAILBOX = 5


async def ask(market: Market, typed: str, *, locale: str, browser: str, next_path: str | None) -> None:
    """Mail a link to the address; `browser` is the secret mark of the browser that asks. Raises AddressRefused.

    Beyond MOST_PER_MAILBOX nothing is sent, and nobody is told: the owner of the mailbox has links enough.
    """
    email = people.normalised(typed)

    async def work(tx: BaseDBAsyncClient) -> None:
        now = market.clock()
        if await SignInLink.filter(email=email, created_at__gt=now - LASTS).count() >= MOST_PER_MAILBOX:
            return
        token = new_secret()
        link = await SignInLink.create(
            id=new_id("lnk", now),
            token_sha256=sha256_of(token),
            browser_sha256=sha256_of(browser),
            email=email,
            locale=locale,
            next_path=next_path,
            created_at=now,
            expires_at=now + LASTS,
        )
        params: dict[str, JSON] = {
            "link": f"{market.base_url}/{locale}/sign-in/{token}",
            "minutes": int(LASTS.total_seconds() // 60),
        }
        await send_later(tx, "sign_in", email, locale, params, key=f"sign_in:{link.id}", at=now)

    await run_tx(work)


async def redeem(market: Market, token: str, *, browser: str, device: str, mark: str) -> tuple[str, str | None]:
    """Use the link up and sign its reader in; returns the session's token and where the person wanted to go.

    `device` is what the browser calls itself, `mark` the secret by which it is known again: a new one is told by mail.
    Raises LinkNotUsable, whatever the reason.
    """

    async def work(tx: BaseDBAsyncClient) -> tuple[str, str | None]:
        now = market.clock()
        link = await SignInLink.get_or_none(
            token_sha256=sha256_of(token), browser_sha256=sha256_of(browser), used_at__isnull=True, expires_at__gt=now
        )
        if link is None or await SignInLink.filter(id=link.id, used_at__isnull=True).update(used_at=now) != 1:
            raise LinkNotUsable("this link cannot be used (any more)")
        person = await people.find(link.email) or await _newcomer(link, now)
        session, session_token = await sessions.start(person, device=device, now=now)
        await notices.meet(tx, person, mark, device, now=now)
        actor = await people.actor(person, session.organisation_id)
        await audit.record(tx, actor, "session.started", session.id, None, {"by": "link"}, at=now)
        return session_token, link.next_path

    return await run_tx(work)


async def _newcomer(link: SignInLink, now: datetime) -> Person:
    """Whoever comes uninvited acts for itself: an organisation of its own."""
    person = await people.add(link.email, link.locale, now=now)
    await organisations.found(person, person.name, now=now)
    return person
