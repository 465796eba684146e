"""Secrets of authenticator apps and webhooks: a copy of the database opens nothing, and keys can be changed while everything runs."""

import stat
from dataclasses import replace
from importlib import import_module

import pyotp
import pytest
from cryptography.fernet import Fernet
from tortoise.models import Model

from marketplace.accounts import second_factor
from marketplace.accounts.models import OneTimeCode
from marketplace.accounts.roles import Role
from marketplace.accounts.sealing import SealBroken, SealKeys, SealKeysUnusable, add_seal_key
from marketplace.database.connect import MODEL_MODULES
from marketplace.notifications import endpoints
from marketplace.notifications.models import EndpointSecret
from marketplace.resealing import SEALED, counts, reseal
from tests.signed_in import an_actor

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def some_keys(count: int = 1) -> SealKeys:
    return SealKeys(tuple(Fernet.generate_key().decode() for _ in range(count)))


class TestASeal:
    def test_opens_for_its_owner_with_any_key_of_the_file(self):
        older = some_keys()
        sealed = older.seal(SECRET, "per_1")
        assert SECRET not in sealed
        assert SealKeys((*some_keys().keys, *older.keys)).open(sealed, "per_1") == SECRET

    def test_does_not_open_in_another_persons_row(self):
        keys = some_keys()
        with pytest.raises(SealBroken):
            keys.open(keys.seal(SECRET, "per_1"), "per_2")

    def test_does_not_open_with_other_keys_or_when_changed(self):
        keys = some_keys()
        sealed = keys.seal(SECRET, "per_1")
        with pytest.raises(SealBroken):
            some_keys().open(sealed, "per_1")
        with pytest.raises(SealBroken):
            keys.open(sealed[:-8] + "AAAAAAA=", "per_1")

    def test_keys_are_not_shown_by_accident(self):
        keys = some_keys()
        assert keys.keys[0] not in repr(keys)


class TestTheFileOfKeys:
    def test_has_the_newest_first_and_is_its_owners_alone(self, tmp_path):
        file = tmp_path / "seal-keys.txt"
        names = [add_seal_key(file), add_seal_key(file)]
        keys = SealKeys.from_text("# the newest first\n\n" + file.read_text())
        assert (len(keys.keys), keys.newest) == (2, names[1])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    @pytest.mark.parametrize("text", ["", "# nothing\n", "short\n", "x" * 44])
    def test_is_refused_without_repeating_what_is_in_it(self, text):
        with pytest.raises(SealKeysUnusable) as refused:
            SealKeys.from_text(text)
        assert not text.strip() or text.strip() not in str(refused.value)


class TestTheDatabase:
    async def test_never_holds_a_readable_secret(self, small):
        actor = await an_actor(small, Role.BUYER)
        secret = await second_factor.begin(actor.person_id, seals=small.market.seals, now=small.clock())
        row = await OneTimeCode.get(person_id=actor.person_id)
        assert secret not in row.secret
        assert row.sealed_with == small.market.seals.newest

    async def test_is_resealed_with_the_newest_key_and_from_older_days(self, small):
        old, new = some_keys(), some_keys()
        both = SealKeys((*new.keys, *old.keys))
        for number, (secret, key) in enumerate([(SECRET, None), (old.seal(SECRET, "per_1"), old.newest)]):
            actor = await an_actor(small, Role.BUYER, email=f"person-{number}@ashiato.example")
            sealed = secret if key is None else old.seal(SECRET, actor.person_id)
            await OneTimeCode.create(
                id=f"otp_{number}",
                person_id=actor.person_id,
                secret=sealed,
                sealed_with=key,
                last_step=0,
                created_at=small.clock(),
            )
        assert await counts() == {"": 1, old.newest: 1}
        assert await reseal(both) == 2
        assert await counts() == {new.newest: 2}
        for row in await OneTimeCode.all():
            assert pyotp.TOTP(second_factor.secret_of(row, new)).secret == SECRET
        assert await reseal(both) == 0

    async def test_of_webhooks_opens_with_the_newest_key_alone_once_it_is_resealed(self, small):
        old, new = small.market.seals, some_keys()
        owner = await an_actor(small, Role.OWNER)
        endpoint, secret = await endpoints.register(small.market, owner, "https://93.184.215.14/hook")
        before_names = await endpoints.rotate(small.market, owner, endpoint.id)
        # sealed before the key's name was written down
        await EndpointSecret.filter(ends_at__isnull=True).update(sealed_with=None)
        assert await counts() == {old.newest: 1, "": 1}
        assert await reseal(SealKeys((*new.keys, *old.keys))) == 2
        assert await counts() == {new.newest: 2}
        rotated = replace(small.market, seals=new)
        in_force = await endpoints.secrets_in_force(rotated, endpoint.id, now=small.clock())
        assert in_force == [before_names, secret]

    def test_knows_every_table_that_holds_sealed_secrets(self):
        models = [
            model for name in MODEL_MODULES for model in vars(import_module(name)).values() if isinstance(model, type)
        ]
        named = {model for model in models if issubclass(model, Model) and "sealed_with" in model._meta.fields_map}
        assert named == {sealed.model for sealed in SEALED}
