"""Sessions: who is signed in, in which browser, since when, and for how long.

The browser holds a random token, we hold its hash. A session ends by itself when it was idle or alive for too long, and the
second factor is asked for again long before that.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from marketplace.accounts import people
from marketplace.accounts.actor import Actor
from marketplace.accounts.models import Membership, Person, Session
from marketplace.accounts.secrets import new_secret, sha256_of
from marketplace.ids import new_id

LASTS = timedelta(days=30)
IDLE_FOR_AT_MOST = timedelta(days=7)
SECOND_FACTOR_LASTS = timedelta(hours=12)
SECOND_FACTOR_IDLE_FOR_AT_MOST = timedelta(hours=1)
# Whoever changes how one signs in has signed in, or shown a code, not longer ago than this.
RECENT = timedelta(minutes=15)
# Not every look writes: the limits above are coarse.
_NOTED_EVERY = timedelta(minutes=1)
_LONGEST_DEVICE = 200


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`second_factor`: a code was shown in this session not long ago. `forms_token` goes into every form of its pages."""

    session: Session
    actor: Actor
    second_factor: bool
    forms_token: str = field(repr=False)

    def is_recent(self, now: datetime) -> bool:
        shown = max(self.session.created_at, self.session.second_factor_at or self.session.created_at)
        return now - shown < RECENT

    def sent_by_own_form(self, token: str) -> bool:
        return hmac.compare_digest(self.forms_token.encode(), token.encode())


async def start(
    person: Person, *, device: str, now: datetime, organisation_id: str | None = None
) -> tuple[Session, str]:
    """Returns the session and its token, which is kept nowhere here. Without a choice it acts for the oldest membership."""
    if organisation_id is None:
        oldest = await Membership.filter(person_id=person.id).order_by("created_at", "id").limit(1)
        organisation_id = oldest[0].organisation_id if oldest else None
    token = new_secret()
    session = await Session.create(
        id=new_id("ses", now),
        token_sha256=sha256_of(token),
        person_id=person.id,
        organisation_id=organisation_id,
        device=_printable(device),
        created_at=now,
        last_seen_at=now,
        expires_at=now + LASTS,
    )
    return session, token


async def find(token: str, *, now: datetime) -> SignedIn | None:
    """Who holds this token, if its session is alive."""
    session = await Session.get_or_none(
        token_sha256=sha256_of(token), expires_at__gt=now, last_seen_at__gt=now - IDLE_FOR_AT_MOST
    )
    if session is None:
        return None
    person = await Person.get(id=session.person_id)
    second_factor = (
        session.second_factor_at is not None
        and now - session.second_factor_at < SECOND_FACTOR_LASTS
        and now - session.last_seen_at < SECOND_FACTOR_IDLE_FOR_AT_MOST
    )
    if session.second_factor_at is not None and not second_factor:
        await Session.filter(id=session.id).update(second_factor_at=None)
    if now - session.last_seen_at >= _NOTED_EVERY:
        await Session.filter(id=session.id).update(last_seen_at=now)
    return SignedIn(session, await people.actor(person, session.organisation_id), second_factor, _forms_token(token))


async def renew(session: Session) -> str:
    """A new token for a session whose rights change; the old one is void at once."""
    token = new_secret()
    await Session.filter(id=session.id).update(token_sha256=sha256_of(token))
    return token


async def note_second_factor(session: Session, *, now: datetime) -> str:
    """The person has shown a code: the session may more from now on, under a new token."""
    await Session.filter(id=session.id).update(second_factor_at=now, last_seen_at=now)
    return await renew(session)


async def forget_second_factor(person_id: str) -> None:
    """No session of the person has shown a code any more."""
    await Session.filter(person_id=person_id).update(second_factor_at=None)


async def act_for(session: Session, organisation_id: str | None) -> str:
    """Change the organisation; the caller has checked the membership."""
    await Session.filter(id=session.id).update(organisation_id=organisation_id)
    return await renew(session)


async def of_person(person_id: str, *, now: datetime) -> Sequence[Session]:
    """Its living sessions, the one seen last first."""
    living = Session.filter(person_id=person_id, expires_at__gt=now, last_seen_at__gt=now - IDLE_FOR_AT_MOST)
    return await living.order_by("-last_seen_at", "-id")


async def end(person_id: str, session_id: str) -> bool:
    """One of the person's own sessions; False if it has no such one."""
    return await Session.filter(id=session_id, person_id=person_id).delete() == 1


async def end_all(person_id: str, *, but: str | None = None) -> int:
    """All sessions of the person, or all others than `but`; returns how many."""
    sessions = Session.filter(person_id=person_id)
    return await (sessions.exclude(id=but) if but else sessions).delete()


def _forms_token(token: str) -> str:
    return hmac.new(token.encode(), b"forms", sha256).hexdigest()


def _printable(device: str) -> str:
    return "".join(character for character in device if character.isprintable())[:_LONGEST_DEVICE]
