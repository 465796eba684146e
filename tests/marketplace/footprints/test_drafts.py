"""A form can be left and continued under an address that cannot be guessed, until it expires."""

from datetime import timedelta

from marketplace.footprints.models import FootprintDraft
from marketplace.footprints.service import DRAFTS_LAST, FootprintDrafts
from tests.builders.market import SmallMarket

TYPED = {"subject/name": "途中の計算", "waste/0/mass_kg": "not a number yet"}


class TestDrafts:
    async def test_what_was_typed_comes_back_however_wrong(self, small: SmallMarket) -> None:
        drafts = FootprintDrafts(small.clock)
        assert await drafts.load(await drafts.save("event", TYPED), "event") == TYPED

    async def test_another_type_or_another_id_finds_nothing(self, small: SmallMarket) -> None:
        drafts = FootprintDrafts(small.clock)
        draft_id = await drafts.save("event", TYPED)
        assert await drafts.load(draft_id, "household") is None
        assert await drafts.load("drf_nothing", "event") is None

    async def test_two_drafts_have_addresses_of_their_own(self, small: SmallMarket) -> None:
        drafts = FootprintDrafts(small.clock)
        assert await drafts.save("event", TYPED) != await drafts.save("event", TYPED)

    async def test_an_expired_draft_is_gone_and_is_deleted_by_the_next(self, small: SmallMarket) -> None:
        drafts = FootprintDrafts(small.clock)
        draft_id = await drafts.save("event", TYPED)
        small.clock.advance(DRAFTS_LAST + timedelta(seconds=1))
        assert await drafts.load(draft_id, "event") is None
        await drafts.save("event", TYPED)
        assert await FootprintDraft.all().count() == 1
