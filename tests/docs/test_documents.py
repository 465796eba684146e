"""What the documents say is true of the tree: links lead somewhere, named commands, settings and records exist."""

import re
from pathlib import Path

import pytest

from api.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FRONT_DOORS = [ROOT / name for name in ("README.md", "README.ja.md", "CONTRIBUTING.md")]
BAR = re.compile(r"(?<!\\)\|")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
class TestLinks:
    def test_every_relative_link_leads_to_a_file(self, document: Path) -> None:
        targets = [target.partition("#")[0] for target in LINK.findall(text(document))]
        broken = [t for t in targets if t and "://" not in t and not (document.parent / t).exists()]
        assert not broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
class TestTables:
    """A row that stands alone, or under a head with other columns, is shown as a line of bars."""

    def test_every_row_stands_in_a_table_under_a_head_of_as_many_columns(self, document: Path) -> None:
        written = re.sub(r"^```.*?^```", "", text(document), flags=re.MULTILINE | re.DOTALL)
        for rows in re.findall(r"(?:^\|.*\n)+", written, re.MULTILINE):
            head, *others = rows.splitlines()
            assert others and re.fullmatch(r"\|(?: *:?-+:? *\|)+", others[0]), head
            assert {len(BAR.findall(row)) for row in others} == {len(BAR.findall(head))}, head


class TestNamedThingsExist:
    @pytest.mark.parametrize("document", FRONT_DOORS, ids=lambda path: path.name)
    def test_make_targets(self, document: Path) -> None:
        targets = set(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE))
        named = set(re.findall(r"(?:^    |`)make ([a-z]+)", text(document), re.MULTILINE))
        assert named and named <= targets

    @pytest.mark.parametrize("document", FRONT_DOORS[:2], ids=lambda path: path.name)
    def test_subcommands(self, document: Path) -> None:
        parsers = text(ROOT / "api" / "cli.py") + text(ROOT / "api" / "operator_parsers.py")
        known = set(re.findall(r'add_parser\(\s*"(\w+)"', parsers))
        named = set(re.findall(r"(?:^    |`)ashiato ([a-z]+)", text(document), re.MULTILINE))
        assert named and named <= known

    @pytest.mark.parametrize("document", FRONT_DOORS[:2], ids=lambda path: path.name)
    def test_settings(self, document: Path) -> None:
        known = {f"ASHIATO_{name.upper()}" for name in Settings.model_fields}
        named = set(re.findall(r"ASHIATO_[A-Z_]+[A-Z]", text(document)))
        assert named and named <= known

    @pytest.mark.parametrize("document", FRONT_DOORS[:2], ids=lambda path: path.name)
    def test_every_setting_is_explained(self, document: Path) -> None:
        known = {f"ASHIATO_{name.upper()}" for name in Settings.model_fields}
        assert {name for name in known if name not in text(document)} == set()

    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
    def test_files_in_backticks(self, document: Path) -> None:
        named = re.findall(
            r"`((?:api|frontend|marketplace|certificates|offset_calc|requirements|tests|docs)/[\w./-]+)`",
            text(document),
        )
        assert [name for name in named if not (ROOT / name).exists()] == []


class TestDecisionRecords:
    def test_the_index_names_every_record_by_its_title(self) -> None:
        folder = ROOT / "docs" / "decisions"
        rows = dict(re.findall(r"\| \[\d{4}\]\(([^)]+)\) \| (.+) \|", text(folder / "README.md")))
        records = {path.name: text(path).splitlines()[0] for path in folder.glob("[0-9]*.md")}
        assert rows.keys() == records.keys()
        for name, title in records.items():
            assert title == f"# {name[:4]} {rows[name]}"

    def test_every_record_looks_at_alternatives(self) -> None:
        for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"):
            for part in ("**Question.**", "**Decision.**", "**Alternatives", "**Consequences.**"):
                assert part in text(path), (path.name, part)

    def test_the_two_front_pages_have_the_same_chapters(self) -> None:
        chapters = [len(re.findall(r"^## ", text(path), re.MULTILINE)) for path in FRONT_DOORS[:2]]
        assert chapters[0] == chapters[1]
