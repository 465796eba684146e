"""An activity file is received, computed in the background, and found again, whoever dies in between."""

import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.datastructures import UploadFile

from marketplace.bulk import running, service
from marketplace.bulk.errors import BulkFileTooLarge, BulkRunNotFound, TooManyBulkRuns
from marketplace.bulk.models import BulkFile, BulkRun, BulkState
from tests.builders.market import SmallMarket

HEADS = "date,kind,quantity,unit,site\n"
GOOD = HEADS + "2025-05-01,electricity,1000,kWh,東京\n2025-05-02,electricity,10,kWh,大阪\n"
MIXED = GOOD + "2025-05-03,nothing_known,1,kg,東京\n"


def a_file(text: str, name: str = "2025.csv") -> UploadFile:
    content = text.encode()
    return UploadFile(io.BytesIO(content), size=len(content), filename=name)


async def received(small: SmallMarket, text: str = GOOD) -> str:
    return await service.receive(a_file(text), organisation_id=None, clock=small.clock)


async def computed(small: SmallMarket, run_id: str) -> BulkRun:
    await running.advance(small.market, run_id)
    await running.all_computed()
    return await service.find(run_id, now=small.clock())


async def text_of(pieces: AsyncIterator[bytes]) -> str:
    return b"".join([piece async for piece in pieces]).decode()


class TestAFileIsComputedInTheBackground:
    async def test_sums_and_refused_rows_are_kept_and_the_file_is_not(self, small: SmallMarket) -> None:
        run = await computed(small, await received(small, MIXED))
        assert run.state == BulkState.DONE
        result = json.loads(run.result or "")
        assert result["rows"] == 2
        assert result["rejected"] == {"unknown_kind": 1}
        assert result["total_g"] == sum(group["grams"] for group in result["groups"])
        assert "nothing_known" in await text_of(service.pieces(run.id, BulkFile.REJECTED))
        assert (await text_of(service.pieces(run.id, BulkFile.TOTALS))).count("\n") == 3
        assert await text_of(service.pieces(run.id, BulkFile.SOURCE)) == ""
        assert await running.advance(small.market, run.id) is None

    async def test_a_file_that_cannot_be_used_says_why(self, small: SmallMarket) -> None:
        run = await computed(small, await received(small, "day,what\n2025-05-01,3\n"))
        assert run.state == BulkState.REFUSED
        assert json.loads(run.result or "")["refused"] == "columns_missing"

    async def test_more_than_a_piece_arrives_whole(self, small: SmallMarket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service, "PIECE", 16)
        run_id = await received(small, GOOD)
        assert await text_of(service.pieces(run_id, BulkFile.SOURCE)) == GOOD

    @pytest.mark.parametrize("most", [100, 14])
    async def test_what_is_kept_of_refused_rows_ends_with_a_whole_row(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
    ) -> None:
        monkeypatch.setattr(running, "MOST_KEPT_BYTES", most)
        monkeypatch.setattr(service, "PIECE", 7)
        written = tmp_path / "rejected.csv"
        written.write_text("row 1\nrow 2\nrow 3\n")
        kept = await text_of(running._read(written))
        assert kept == ("row 1\nrow 2\nrow 3\n" if most == 100 else "row 1\nrow 2\n")


class TestWhoeverComputesMayDie:
    async def test_while_somebody_computes_nobody_else_begins(self, small: SmallMarket) -> None:
        run_id = await received(small)
        mark = small.clock() + timedelta(seconds=20)
        await BulkRun.filter(id=run_id).update(state=BulkState.RUNNING, worked_on_until=mark, token="other", attempts=1)
        assert await running.advance(small.market, run_id) == running.LOOK_AGAIN
        assert (await BulkRun.get(id=run_id)).token == "other"

    async def test_a_mark_that_ran_out_is_taken_over(self, small: SmallMarket) -> None:
        run_id = await received(small)
        mark = small.clock() - timedelta(seconds=1)
        await BulkRun.filter(id=run_id).update(state=BulkState.RUNNING, worked_on_until=mark, token="dead", attempts=1)
        assert (await computed(small, run_id)).state == BulkState.DONE

    async def test_whoever_lost_the_run_ends_nothing(self, small: SmallMarket) -> None:
        run_id = await received(small)
        await BulkRun.filter(id=run_id).update(state=BulkState.RUNNING, token="new")
        await running._end(run_id, "old", BulkState.FAILED, None, clock=small.clock)
        assert (await BulkRun.get(id=run_id)).state == BulkState.RUNNING
        assert await text_of(service.pieces(run_id, BulkFile.SOURCE)) == GOOD

    async def test_after_three_attempts_it_is_said_that_it_failed(
        self, small: SmallMarket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(running, "LONGEST_SECONDS", 0)
        run_id = await received(small)
        await BulkRun.filter(id=run_id).update(attempts=running.MOST_ATTEMPTS - 1)
        assert (await computed(small, run_id)).state == BulkState.RUNNING
        assert (await computed(small, run_id)).state == BulkState.FAILED
        assert await text_of(service.pieces(run_id, BulkFile.SOURCE)) == ""


class TestBounds:
    async def test_a_file_beyond_the_limit_is_refused(self, small: SmallMarket) -> None:
        huge = UploadFile(io.BytesIO(b""), size=service.LARGEST + 1, filename="huge.csv")
        with pytest.raises(BulkFileTooLarge):
            await service.receive(huge, organisation_id=None, clock=small.clock)

    async def test_so_many_at_once(self, small: SmallMarket, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service, "MOST_UNDER_WAY", 1)
        await received(small)
        with pytest.raises(TooManyBulkRuns):
            await received(small)

    async def test_it_is_kept_for_a_while(self, small: SmallMarket) -> None:
        run = await computed(small, await received(small))
        small.clock.advance(service.KEPT_FOR)
        with pytest.raises(BulkRunNotFound):
            await service.find(run.id, now=small.clock())
        await service.forget_old(small.clock)
        assert await text_of(service.pieces(run.id, BulkFile.TOTALS)) == ""

    async def test_a_file_that_never_arrived_is_forgotten(self, small: SmallMarket) -> None:
        run_id = await received(small)
        await BulkRun.filter(id=run_id).update(state=BulkState.RECEIVING)
        small.clock.advance(service.ARRIVES_WITHIN)
        await service.forget_old(small.clock)
        assert await BulkRun.get_or_none(id=run_id) is None
