"""Keep footprints as they were calculated, so that anyone with the address can open and replay them."""

import json

from offset_calc import Footprint, from_dict

from marketplace.clock import Clock
from marketplace.errors import FootprintNotFound
from marketplace.footprints.models import StoredFootprint
from marketplace.ids import new_id, new_token


class StoredFootprints:
    """The database store behind the calculators' pages and API. Ids carry 192 random bits: knowing one is the right to read it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def save(self, footprint: Footprint) -> str:
        now = self._clock()
        stored = await StoredFootprint.create(
            id=f"{new_id('fpr', now)}{new_token()}",
            type=footprint.type,
            sha256=footprint.sha256,
            total_g=footprint.total.value,
            document=footprint.canonical_json(),
            created_at=now,
        )
        return stored.id

    async def load(self, footprint_id: str) -> Footprint | None:
        stored = await StoredFootprint.get_or_none(id=footprint_id)
        return None if stored is None else from_dict(json.loads(stored.document))


async def stored(footprint_id: str) -> StoredFootprint:
    """Raises FootprintNotFound."""
    row = await StoredFootprint.get_or_none(id=footprint_id)
    if row is None:
        raise FootprintNotFound(f"no footprint {footprint_id}", footprint_id=footprint_id)
    return row
