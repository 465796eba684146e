"""What we hold about a person, handed over on request; and its erasure, which leaves every proof valid.

Certificates name beneficiaries by commitment (docs/certificates.md), the audit trail names people by id. So a person can go
while everything that was certified, booked or written down stays true.
"""

from datetime import datetime

from pydantic import JsonValue
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.queryset import QuerySet

from marketplace.accounts import agreements, organisations, passkeys, second_factor, sessions
from marketplace.accounts.actor import Actor
from marketplace.accounts.errors import AddressNotConfirmed
from marketplace.accounts.models import (
    ApiKey,
    Invitation,
    KeptFootprint,
    KnownDevice,
    Membership,
    OrderOwner,
    Passkey,
    PasskeyChallenge,
    Person,
    ServiceRole,
    SignInLink,
)
from marketplace.audit import service as audit
from marketplace.audit.models import AuditEntry
from marketplace.clock import Clock
from marketplace.mail.models import Mail, MailState
from marketplace.orders.models import Order

ERASED_RECIPIENT = "erased@ashiato.invalid"
FORMAT = "ashiato.person/1"


async def export(actor: Actor, *, clock: Clock) -> dict[str, JsonValue]:
    """Everything that hangs on the person, as JSON; what belongs to its organisation stays with the organisation."""
    person = await Person.get(id=actor.person_id)
    placed = await OrderOwner.filter(by_whom=person.id).order_by("order_id")
    return {
        "format": FORMAT,
        "exported_at": _text(clock()),
        "person": {
            "id": person.id,
            "name": person.name,
            "email": person.email,
            "locale": person.locale,
            "since": _text(person.created_at),
        },
        "organisations": [
            {"id": one.organisation.id, "name": one.organisation.name, "role": one.role.value}
            for one in await organisations.of_person(person.id)
        ],
        "service_roles": [row.role for row in await ServiceRole.filter(person_id=person.id).order_by("id")],
        "agreements": [
            {"document": one.document, "version": one.version, "at": _text(one.agreed_at)}
            for one in await agreements.of_person(person.id)
        ],
        "sessions": [
            {"device": one.device, "since": _text(one.created_at), "last_seen": _text(one.last_seen_at)}
            for one in await sessions.of_person(person.id, now=clock())
        ],
        "known_browsers": [
            {"first_seen": _text(one.first_seen_at), "last_seen": _text(one.last_seen_at)}
            for one in await KnownDevice.filter(person_id=person.id).order_by("id")
        ],
        "authenticator_app": await second_factor.is_set(person.id),
        "passkeys": [{"name": one.name, "since": _text(one.created_at)} for one in await passkeys.of_person(person.id)],
        "orders": [
            {"id": order.id, "state": order.state, "email": order.email, "at": _text(order.created_at)}
            for order in await Order.filter(id__in=[row.order_id for row in placed]).order_by("id")
        ],
        "footprints": [row.footprint_id for row in await KeptFootprint.filter(kept_by=person.id).order_by("id")],
        "mails": [
            {"message": mail.message, "at": _text(mail.created_at), "state": mail.state}
            for mail in await Mail.filter(recipient=person.email).order_by("created_at", "id")
        ],
        "acts": [
            {"at": _text(entry.at), "act": entry.act, "subject": entry.subject, "reason": entry.reason}
            for entry in await AuditEntry.filter(actor=person.id).order_by("position")
        ],
    }


async def erase(actor: Actor, confirmed: str, *, clock: Clock) -> None:
    """The person goes: name, address, ways to sign in, memberships, API keys it made. What was bought, certified and agreed to stays.

    `confirmed` is the person's own address, typed again. Raises AddressNotConfirmed; LastOwnerStays while an organisation
    with other members has no other owner.
    """
    if not actor.email or confirmed.strip().lower() != actor.email:
        raise AddressNotConfirmed("type your own address to confirm")

    async def work(tx: BaseDBAsyncClient) -> None:
        now = clock()
        await sessions.end_all(actor.person_id)
        await second_factor.forget(actor.person_id)
        for model in (Passkey, PasskeyChallenge, KnownDevice, Membership, ServiceRole):
            await model.filter(person_id=actor.person_id).delete()
        await ApiKey.filter(created_by=actor.person_id, revoked_at__isnull=True).update(revoked_at=now)
        await SignInLink.filter(email=actor.email).delete()
        await Invitation.filter(email=actor.email).delete()
        await Order.filter(email__iexact=actor.email).update(email=None)
        await forget_mails(Mail.filter(recipient=actor.email), now=now)
        await Person.filter(id=actor.person_id).update(name="", email=None, erased_at=now)
        await audit.record(tx, actor, "person.erased", actor.person_id, None, {}, at=now)

    await organisations.unless_last_owner(work)


async def forget_mails(mails: QuerySet[Mail], *, now: datetime) -> None:
    """That mails were sent stays known; to whom and in what words does not. What still waits is not sent any more."""
    await mails.filter(state=MailState.WAITING).update(state=MailState.WITHHELD, params=None, settled_at=now)
    await mails.filter(state=MailState.KEPT).update(subject="", body="")
    await mails.filter(state=MailState.REFUSED).update(refusal="")
    await mails.update(recipient=ERASED_RECIPIENT)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
