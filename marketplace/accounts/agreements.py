"""What somebody agreed to: which version of which text, when, in which language. Entries only grow and outlive the person's name.

The texts and their versions are the operator's (frontend/content); whoever asks brings the versions in force.
"""

from collections.abc import Mapping, Sequence

from marketplace.accounts.models import Agreement
from marketplace.clock import Clock
from marketplace.database import rows
from marketplace.database.transactions import run_tx
from marketplace.ids import new_id

Versions = Mapping[str, str]
"""The version in force by document: terms, privacy."""


async def has_agreed(person_id: str, versions: Versions) -> bool:
    """To every text in the version in force."""
    agreed = {(one.document, one.version) for one in await rows.find_all(Agreement, person_id=person_id)}
    return agreed >= set(versions.items())


async def agree(person_id: str, versions: Versions, *, locale: str, clock: Clock) -> None:
    """Twice is once: the first moment counts."""
    now = clock()
    entries = [
        Agreement(
            id=new_id("agr", now),
            person_id=person_id,
            document=document,
            version=version,
            locale=locale,
            agreed_at=now,
        )
        for document, version in sorted(versions.items())
    ]
    await run_tx(lambda _: Agreement.bulk_create(entries, ignore_conflicts=True))


async def of_person(person_id: str) -> Sequence[Agreement]:
    """The oldest first."""
    return await Agreement.filter(person_id=person_id).order_by("id")
