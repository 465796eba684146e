"""`ashiato factors` as an operator uses it, on a database of its own."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE

from api.cli import main
from frontend.worked_example import example_inputs
from marketplace.clock import system_clock
from marketplace.database.connect import tortoise_config
from marketplace.footprints.service import StoredFootprints
from offset_calc import event

GRID = "jp.grid.fy2024.national_average"


@pytest.fixture
def instance(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Path]:
    """The data folder of an instance that keeps one footprint: the conference in Sapporo."""
    shutil.copy(migrated_sqlite, tmp_path / "ashiato.sqlite3")
    EXECUTOR_CACHE.clear()

    async def keep() -> None:
        await Tortoise.init(config=tortoise_config(f"sqlite://{tmp_path}/ashiato.sqlite3"))
        try:
            await StoredFootprints(system_clock).save(event.calculate(event.read_inputs(example_inputs())))
        finally:
            await Tortoise.close_connections()

    asyncio.run(keep())
    yield tmp_path
    EXECUTOR_CACHE.clear()


class TestRecall:
    def test_the_report_names_the_footprint_and_its_shortfall(
        self, instance: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        act = [
            "factors",
            "recall",
            GRID,
            "--reason",
            "printed wrong",
            "--corrected-value",
            "0.5",
            "--data",
            str(instance),
        ]
        assert main(act) == 0
        printed = capsys.readouterr().out
        assert "札幌学術会議" in printed
        assert "short by" in printed
        assert "1 stored footprints used it" in printed

    def test_it_can_be_reported_again(self, instance: Path, capsys: pytest.CaptureFixture[str]) -> None:
        main(["factors", "recall", GRID, "--reason", "printed wrong", "--data", str(instance)])
        assert main(["factors", "recalls", "--data", str(instance)]) == 0
        assert main(["factors", "recalls", GRID, "--data", str(instance)]) == 0
        printed = capsys.readouterr().out
        assert printed.count("printed wrong") == 3
        assert "must be calculated again" in printed

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["recall", "no.such", "--reason", "x"], "factor_not_found"),
            (["recall", GRID, "--reason", "x", "--corrected-value", "much"], "quantity_refused"),
            (["recalls", GRID], "has not been recalled"),
        ],
    )
    def test_what_cannot_be_done_is_said(
        self, instance: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
    ) -> None:
        assert main(["factors", *arguments, "--data", str(instance)]) == 1
        assert said in capsys.readouterr().err

    @pytest.mark.parametrize("reason", ["", "  "])
    def test_a_recall_needs_a_reason(self, instance: Path, reason: str) -> None:
        with pytest.raises(SystemExit):
            main(["factors", "recall", GRID, "--reason", reason, "--data", str(instance)])
