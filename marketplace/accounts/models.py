"""People, organisations, and what opens their doors. Secrets are kept as SHA-256; they are random and long, so that is enough."""

from datetime import datetime

from tortoise import fields
from tortoise.models import Model


class Organisation(Model):
    """`provider_id` is set for those that sell."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    name: fields.Field[str] = fields.CharField(200)
    provider_id: fields.Field[str | None] = fields.CharField(64, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "organisation"


class Person(Model):
    """`email` is in lower case, and None once the person was erased; `locale` is the language of its mails."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    name: fields.Field[str] = fields.CharField(200)
    email: fields.Field[str | None] = fields.CharField(320, null=True)
    locale: fields.Field[str] = fields.CharField(8)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    erased_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "person"


class Membership(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    person_id: fields.Field[str] = fields.CharField(64)
    organisation_id: fields.Field[str] = fields.CharField(64)
    role: fields.Field[str] = fields.CharField(20)
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "membership"


class ServiceRole(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    person_id: fields.Field[str] = fields.CharField(64)
    role: fields.Field[str] = fields.CharField(20)
    created_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "service_role"


class SignInLink(Model):
    """`browser_sha256` is the mark of the browser that asked: the link works nowhere else."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    token_sha256: fields.Field[str] = fields.CharField(64)
    browser_sha256: fields.Field[str] = fields.CharField(64)
    email: fields.Field[str] = fields.CharField(320)
    locale: fields.Field[str] = fields.CharField(8)
    next_path: fields.Field[str | None] = fields.CharField(2000, null=True)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    expires_at: fields.Field[datetime] = fields.DatetimeField()
    used_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in_link"


class Invitation(Model):
    """Into an organisation, or with operator and auditor into the service. `invited_by` is an actor's id."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    token_sha256: fields.Field[str] = fields.CharField(64)
    email: fields.Field[str] = fields.CharField(320)
    role: fields.Field[str] = fields.CharField(20)
    organisation_id: fields.Field[str | None] = fields.CharField(64, null=True)
    invited_by: fields.Field[str] = fields.CharField(64)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    expires_at: fields.Field[datetime] = fields.DatetimeField()
    accepted_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    withdrawn_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "invitation"


class Session(Model):
    """`device` is what the browser called itself, shortened; `second_factor_at` when a code was shown in this session."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    token_sha256: fields.Field[str] = fields.CharField(64)
    person_id: fields.Field[str] = fields.CharField(64)
    organisation_id: fields.Field[str | None] = fields.CharField(64, null=True)
    device: fields.Field[str] = fields.CharField(200)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    last_seen_at: fields.Field[datetime] = fields.DatetimeField()
    expires_at: fields.Field[datetime] = fields.DatetimeField()
    second_factor_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "sign_in_session"


class Passkey(Model):
    """`credential_id` and `public_key` (COSE) in base64url."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    person_id: fields.Field[str] = fields.CharField(64)
    credential_id: fields.Field[str] = fields.CharField(1400)
    public_key: fields.Field[str] = fields.CharField(2000)
    sign_count: fields.Field[int] = fields.BigIntField()
    name: fields.Field[str] = fields.CharField(100)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    last_used_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "passkey"


class KnownDevice(Model):
    """A browser that the person has signed in with, by the hash of the secret mark it keeps in a cookie."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    person_id: fields.Field[str] = fields.CharField(64)
    mark_sha256: fields.Field[str] = fields.CharField(64)
    first_seen_at: fields.Field[datetime] = fields.DatetimeField()
    last_seen_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "known_device"


class PasskeyChallenge(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    challenge: fields.Field[str] = fields.CharField(128)
    browser_sha256: fields.Field[str] = fields.CharField(64)
    person_id: fields.Field[str | None] = fields.CharField(64, null=True)
    expires_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "passkey_challenge"


class Agreement(Model):
    """Never changed: which version of which text (terms, privacy) a person agreed to. `locale` is the language it was shown in."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    person_id: fields.Field[str] = fields.CharField(64)
    document: fields.Field[str] = fields.CharField(16)
    version: fields.Field[str] = fields.CharField(32)
    locale: fields.Field[str] = fields.CharField(8)
    agreed_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "agreement"


class OneTimeCode(Model):
    """The sealed secret of a person's authenticator app (sealing.py); it counts once `confirmed_at` is set.

    `sealed_with` names the key; None means that the secret is older than seals and stands as it is until the sweep comes by.
    """

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    person_id: fields.Field[str] = fields.CharField(64)
    secret: fields.Field[str] = fields.CharField(400)
    sealed_with: fields.Field[str | None] = fields.CharField(64, null=True)
    last_step: fields.Field[int] = fields.BigIntField()
    created_at: fields.Field[datetime] = fields.DatetimeField()
    confirmed_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "one_time_code"


class RecoveryCode(Model):
    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    person_id: fields.Field[str] = fields.CharField(64)
    code_sha256: fields.Field[str] = fields.CharField(64)
    used_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "recovery_code"


class ApiKey(Model):
    """`shown_part` is the beginning by which people recognise a key; `scopes` are words with blanks between them."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    organisation_id: fields.Field[str] = fields.CharField(64)
    name: fields.Field[str] = fields.CharField(100)
    shown_part: fields.Field[str] = fields.CharField(40)
    secret_sha256: fields.Field[str] = fields.CharField(64)
    scopes: fields.Field[str] = fields.CharField(400)
    created_by: fields.Field[str] = fields.CharField(64)
    created_at: fields.Field[datetime] = fields.DatetimeField()
    expires_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    last_used_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)
    revoked_at: fields.Field[datetime | None] = fields.DatetimeField(null=True)

    class Meta:
        table = "api_key"


class OrderOwner(Model):
    """Which organisation an order belongs to; `by_whom` is the person or key that ordered or claimed it."""

    order_id: fields.Field[str] = fields.CharField(64, primary_key=True)
    organisation_id: fields.Field[str] = fields.CharField(64)
    by_whom: fields.Field[str] = fields.CharField(64)
    since: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "order_owner"


class KeptFootprint(Model):
    """A footprint that an organisation wants to find again."""

    id: fields.Field[str] = fields.CharField(64, primary_key=True)
    organisation_id: fields.Field[str] = fields.CharField(64)
    footprint_id: fields.Field[str] = fields.CharField(64)
    kept_by: fields.Field[str] = fields.CharField(64)
    kept_at: fields.Field[datetime] = fields.DatetimeField()

    class Meta:
        table = "kept_footprint"
