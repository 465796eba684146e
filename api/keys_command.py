"""`ashiato keys …`: the keys that sign certificates, and those that seal the secrets of authenticator apps and webhooks."""

import argparse
import asyncio
import sys

from tortoise import Tortoise

from api.instance import settings_of
from api.settings import Settings
from certificates.key_files import rotate_key_files
from certificates.keys import KeyOfOtherEnvironment, UnusableKey
from marketplace.accounts.sealing import SealBroken, SealKeys, add_seal_key, name_of
from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.resealing import counts, reseal

EXIT_DONE, EXIT_REFUSED = 0, 1


def run(chosen: argparse.Namespace) -> int:
    """Exit code 0: done, 1: refused, with the reason on standard error."""
    match chosen.act:
        case "seal":
            return _seal(chosen)
        case "sealed":
            return asyncio.run(_sealed(settings_of(chosen.data)))
        case "reseal":
            return asyncio.run(_reseal(settings_of(chosen.data)))
        case _:
            return _rotate(chosen, settings_of(chosen.data))


def _seal(chosen: argparse.Namespace) -> int:
    name = add_seal_key(chosen.file or settings_of(chosen.data).seal_keys_file)
    sys.stdout.write(
        f"{name} seals from the next start on. Start web and workers again; older keys may go from the file once "
        "`ashiato keys sealed` names them no more.\n"
    )
    return EXIT_DONE


async def _sealed(settings: Settings) -> int:
    keys = SealKeys.from_text(settings.seal_keys_file.read_text("utf-8"))
    await Tortoise.init(config=tortoise_config(settings.database_url.get_secret_value()))
    try:
        found = await counts()
    finally:
        await Tortoise.close_connections()
    for name in dict.fromkeys([*map(name_of, keys.keys), *found]):
        missing = "" if name in map(name_of, keys.keys) else "  (not in the file)"
        sys.stdout.write(f"{name or 'no key'}  {found.get(name, 0)} secrets{missing}\n")
    return EXIT_DONE


async def _reseal(settings: Settings) -> int:
    """With the newest key of the file, at once; what a worker would do within the hour."""
    keys = SealKeys.from_text(settings.seal_keys_file.read_text("utf-8"))
    await Tortoise.init(config=tortoise_config(settings.database_url.get_secret_value()))
    try:
        number = await reseal(keys)
    except SealBroken as missing:
        sys.stderr.write(f"{missing}: put the key that sealed it back into the file\n")
        return EXIT_REFUSED
    finally:
        await Tortoise.close_connections()
    sys.stdout.write(f"{number} secrets are sealed anew, all with {keys.newest}\n")
    return EXIT_DONE


def _rotate(chosen: argparse.Namespace, settings: Settings) -> int:
    if settings.retired_keys_file is None:
        sys.stderr.write("name a file for the keys used before: ASHIATO_RETIRED_KEYS_FILE\n")
        return EXIT_REFUSED
    try:
        ring = rotate_key_files(
            settings.signing_key_file,
            settings.retired_keys_file,
            environment=settings.environment,
            now=system_clock(),
            stolen_since=chosen.stolen_since,
        )
    except (UnusableKey, KeyOfOtherEnvironment, OSError) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return EXIT_REFUSED
    old = ring.history[0]
    said = "revoked" if old.revoked_at else "retired"
    sys.stdout.write(
        f"{ring.active.key.kid} signs from the next start on; {old.kid} is {said}. Start web and workers again.\n"
    )
    return EXIT_DONE
