"""Invitations by mail: into an organisation by one of its owners, into the service by an operator or from the console."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from marketplace.accounts import notices, organisations, people, sessions
from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import InvitationNotUsable, RoleDoesNotFit
from marketplace.accounts.models import Invitation, Organisation
from marketplace.accounts.roles import IN_THE_SERVICE, Role
from marketplace.accounts.secrets import new_secret, sha256_of
from marketplace.audit import service as audit
from marketplace.clock import Clock
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id
from marketplace.mail.post import JSON
from marketplace.mail.service import send_later
from marketplace.market import Market

LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Invited:
    """`link` is shown or mailed once and kept nowhere."""

    invitation: Invitation
    link: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What the reader of an invitation is asked: `organisation` is None for a role in the service itself."""

    email: str
    role: Role
    organisation: Organisation | None


async def invite(
    market: Market,
    actor: Actor,
    typed: str,
    role: Role,
    *,
    organisation_id: str | None,
    locale: str,
    reason: str | None = None,
    by_mail: bool = True,
) -> Invited:
    """Raises AddressRefused, RoleDoesNotFit; ReasonMissing for a role in the service, which is an operator's act."""
    email = people.normalised(typed)
    if (role in IN_THE_SERVICE) != (organisation_id is None):
        raise RoleDoesNotFit(f"{role} does not fit here", role=role)
    organisation = await Organisation.get(id=organisation_id) if organisation_id else None
    if organisation is not None:
        organisations.check_role(role, organisation)
    if organisation is None or organisation_id != actor.organisation_id:
        reason = audit.stated(reason)
    token = new_secret()
    link = f"{market.base_url}/{locale}/invitations/{token}"

    async def work(tx: BaseDBAsyncClient) -> Invitation:
        now = market.clock()
        invitation = await Invitation.create(
            id=new_id("inv", now),
            token_sha256=sha256_of(token),
            email=email,
            role=role,
            organisation_id=organisation_id,
            invited_by=actor.person_id,
            created_at=now,
            expires_at=now + LASTS,
        )
        if by_mail:
            params: dict[str, JSON] = {
                "link": link,
                "organisation": organisation.name if organisation else None,
                "role": role.value,
                "days": LASTS.days,
            }
            await send_later(tx, "invitation", email, locale, params, key=f"invitation:{invitation.id}", at=now)
        await audit.record(
            tx, actor, "person.invited", invitation.id, reason, {"role": role, "organisation": organisation_id}, at=now
        )
        return invitation

    return Invited(await run_tx(work), link)


async def read(market: Market, token: str) -> Offer:
    """What the invitation offers. Raises InvitationNotUsable, whatever the reason."""
    invitation = await _open(market, token)
    organisation = await Organisation.get(id=invitation.organisation_id) if invitation.organisation_id else None
    return Offer(invitation.email, Role(invitation.role), organisation)


async def accept(market: Market, token: str, *, locale: str, device: str, mark: str) -> str:
    """The reader of the mailbox takes the role and is signed in; returns the session's token. `mark` as in links.redeem.

    Raises InvitationNotUsable.
    """

    async def work(tx: BaseDBAsyncClient) -> str:
        now = market.clock()
        invitation = await _open(market, token)
        if await Invitation.filter(id=invitation.id, accepted_at__isnull=True).update(accepted_at=now) != 1:
            raise InvitationNotUsable("this invitation cannot be used (any more)")
        person = await people.find(invitation.email) or await people.add(invitation.email, locale, now=now)
        role = Role(invitation.role)
        if invitation.organisation_id is None:
            await people.grant(person.id, role, now=now)
        else:
            organisation = await Organisation.get(id=invitation.organisation_id)
            await organisations.join(person.id, organisation, role, now=now)
        session, session_token = await sessions.start(
            person, device=device, now=now, organisation_id=invitation.organisation_id
        )
        await notices.meet(tx, person, mark, device, now=now)
        actor = await people.actor(person, session.organisation_id)
        await audit.record(tx, actor, "invitation.accepted", invitation.id, None, {"role": role}, at=now)
        return session_token

    return await run_tx(work)


async def waiting(organisation_id: str | None, *, clock: Clock) -> Sequence[Invitation]:
    """Invitations that can still be accepted, the newest first; None means those into the service."""
    open_ones = Invitation.filter(accepted_at__isnull=True, withdrawn_at__isnull=True, expires_at__gt=clock())
    if organisation_id is None:
        return await open_ones.filter(organisation_id__isnull=True).order_by("-id")
    return await open_ones.filter(organisation_id=organisation_id).order_by("-id")


async def withdraw(actor: Actor, invitation_id: str, *, clock: Clock) -> None:
    """By an owner of the organisation. Raises InvitationNotUsable if there is nothing (left) to withdraw."""

    async def work(tx: BaseDBAsyncClient) -> None:
        now = clock()
        own = Invitation.filter(
            id=invitation_id,
            organisation_id=actor.organisation_id,
            accepted_at__isnull=True,
            withdrawn_at__isnull=True,
        )
        if actor.organisation_id is None or await own.update(withdrawn_at=now) != 1:
            raise InvitationNotUsable("no such invitation is waiting")
        await audit.record(tx, actor, "invitation.withdrawn", invitation_id, None, {}, at=now)

    await run_tx(work)


async def _open(market: Market, token: str) -> Invitation:
    invitation = await Invitation.get_or_none(
        token_sha256=sha256_of(token),
        accepted_at__isnull=True,
        withdrawn_at__isnull=True,
        expires_at__gt=market.clock(),
    )
    if invitation is None:
        raise InvitationNotUsable("this invitation cannot be used (any more)")
    return invitation
