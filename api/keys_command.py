"""`ashiato keys …`: the keys that sign certificates."""

import argparse
import sys

from api.instance import settings_of
from certificates.key_files import rotate_key_files
from certificates.keys import KeyOfOtherEnvironment, UnusableKey
from marketplace.clock import system_clock

EXIT_DONE, EXIT_REFUSED = 0, 1


def run(chosen: argparse.Namespace) -> int:
    """Exit code 0: a new key lies ready, 1: refused, with the reason on standard error."""
    settings = settings_of(chosen.data)
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
