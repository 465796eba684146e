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
