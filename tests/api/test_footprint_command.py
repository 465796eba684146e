import json
from pathlib import Path

import pytest

from api.cli import main
from offset_calc import event

EXAMPLE = Path(__file__).parents[2] / "offset_calc" / "examples" / "sapporo_conference.json"


@pytest.fixture
def saved(tmp_path):
    given = json.loads(EXAMPLE.read_text("utf-8"))
    given.pop("type")
    file = tmp_path / "footprint.json"
    file.write_text(event.calculate(event.read_inputs(given)).canonical_json(), "utf-8")
    return file


class TestReplay:
    def test_a_saved_footprint_is_the_same_to_the_gram(self, saved, capsys):
        assert main(["footprint", "replay", str(saved)]) == 0
        assert capsys.readouterr().out.startswith("6068701 g CO2e, 10 lines")

    def test_one_changed_gram_is_named(self, saved, capsys):
        document = json.loads(saved.read_text("utf-8"))
        document["lines"][0]["grams"] += 1
        document["total_g"] += 1
        saved.write_text(json.dumps(document), "utf-8")
        assert main(["footprint", "replay", str(saved)]) == 1
        assert "/lines/0/grams" in capsys.readouterr().err

    @pytest.mark.parametrize("content", ["", "[]", '{"format": "other"}', "not json"])
    def test_anything_else_is_refused_without_a_traceback(self, saved, capsys, content):
        saved.write_text(content, "utf-8")
        assert main(["footprint", "replay", str(saved)]) in {1, 2}
        assert capsys.readouterr().err

    def test_a_missing_file_is_said(self, tmp_path):
        assert main(["footprint", "replay", str(tmp_path / "nothing.json")]) == 2


class TestBulk:
    HEADER = "date,kind,quantity,unit,site\n"
    GOOD = "2025-04-01,fuel.gasoline,10,L,札幌\n2025-04-02,fuel.gasoline,0.5,L,札幌\n"

    def test_totals_and_result_are_written(self, tmp_path, capsys):
        file = tmp_path / "rows.csv"
        file.write_text(self.HEADER + self.GOOD, "cp932")
        assert main(["footprint", "bulk", str(file), "--out", str(tmp_path / "out")]) == 0
        assert capsys.readouterr().out.startswith("24045 g CO2e from 2 rows")
        totals = (tmp_path / "out" / "totals.csv").read_text("utf-8").splitlines()
        assert totals == [
            "site,kind,unit,factor,rows,quantity,grams",
            "札幌,fuel.gasoline,L,jp.shk.gasoline.co2,2,10.5,24045",
        ]
        assert json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))["total_g"] == 24_045

    def test_refused_rows_are_counted_and_kept(self, tmp_path, capsys):
        file = tmp_path / "rows.csv"
        file.write_text(self.HEADER + self.GOOD + "2025-04-03,fuel.gasoline,3,kWh,=1+1\n", "utf-8")
        assert main(["footprint", "bulk", str(file), "--out", str(tmp_path)]) == 1
        assert "unit_mismatch: 1" in capsys.readouterr().out
        assert "4,unit_mismatch,2025-04-03,fuel.gasoline,3,kWh,'=1+1," in (tmp_path / "rejected.csv").read_text("utf-8")

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"date,kind\n", b"\xff\x00\xfe\x01\x81"])
    def test_a_file_that_cannot_be_used_is_refused_without_a_traceback(self, tmp_path, capsys, content):
        file = tmp_path / "rows.csv"
        file.write_bytes(content)
        assert main(["footprint", "bulk", str(file), "--out", str(tmp_path / "out")]) == 2
        assert "refused" in capsys.readouterr().err

    def test_a_missing_file_is_said(self, tmp_path):
        assert main(["footprint", "bulk", str(tmp_path / "nothing.csv"), "--out", str(tmp_path)]) == 2
