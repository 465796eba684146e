"""Keep footprints as they were calculated, so that anyone with the address can open and replay them."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from marketplace.clock import Clock
from marketplace.errors import FootprintNotFound
from marketplace.footprints.models import FactorRecall, FootprintDraft, StoredFootprint
from marketplace.ids import new_id, new_token
from offset_calc import Footprint, from_dict
from offset_calc.recall import Recall

DRAFTS_LAST = timedelta(days=90)


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

    async def recalled(self, footprint: Footprint) -> Sequence[Recall]:
        """The newest recall of each factor that the footprint was computed with, if it was recalled."""
        used = [factor.id for factor in footprint.factors()]
        rows = await FactorRecall.filter(factor_id__in=used).order_by("id")
        newest = {row.factor_id: row for row in rows}
        return tuple(
            Recall(row.factor_id, row.reason, None if row.corrected_value is None else Decimal(row.corrected_value))
            for row in newest.values()
        )


class FootprintDrafts:
    """Calculator forms kept under an address that cannot be guessed, so that a visitor without an account can go on later."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def save(self, footprint_type: str, typed: Mapping[str, str]) -> str:
        """Keep what was typed for DRAFTS_LAST; drafts that have expired are deleted on the way."""
        now = self._clock()
        await FootprintDraft.filter(expires_at__lte=now).delete()
        draft = await FootprintDraft.create(
            id=f"{new_id('drf', now)}{new_token()}",
            type=footprint_type,
            typed=json.dumps(dict(typed), ensure_ascii=False),
            expires_at=now + DRAFTS_LAST,
        )
        return draft.id

    async def load(self, draft_id: str, footprint_type: str) -> dict[str, str] | None:
        """What was typed, or None if no draft of this type has this id any more."""
        draft = await FootprintDraft.get_or_none(id=draft_id, type=footprint_type, expires_at__gt=self._clock())
        if draft is None:
            return None
        typed: dict[str, str] = json.loads(draft.typed)
        return typed


async def stored(footprint_id: str) -> StoredFootprint:
    """Raises FootprintNotFound."""
    row = await StoredFootprint.get_or_none(id=footprint_id)
    if row is None:
        raise FootprintNotFound(f"no footprint {footprint_id}", footprint_id=footprint_id)
    return row
