"""Every publisher whose data we carry is named with its terms and its credit line."""

import tomllib
from pathlib import Path

import pytest

from marketplace.projects.catalogue import load_sources
from marketplace.projects.kinds import CreditKind
from marketplace.projects.price_ranges import load_price_ranges

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "data-sources.md").read_text(encoding="utf-8")


class TestEveryPublisherIsCredited:
    @pytest.mark.parametrize(
        "edition", sorted((ROOT / "offset_calc/data/editions").glob("*.toml")), ids=lambda p: p.stem
    )
    def test_factor_tables(self, edition: Path) -> None:
        for table in tomllib.loads(edition.read_text(encoding="utf-8"))["table"]:
            cells = [f"`{table['name']}`", *(table[key] for key in ("publisher", "published", "licence", "credit"))]
            assert f"| {' | '.join(cells)} |" in PAGE

    def test_project_lists(self) -> None:
        for source in load_sources().values():
            cells = [f"`{source.id}` {source.title}", source.publisher, source.as_of, source.licence, source.url]
            assert f"| {' | '.join(cells)} |" in PAGE

    def test_price_ranges(self) -> None:
        for price_range in load_price_ranges().values():
            assert f"| `{price_range.id}` | {price_range.publisher} |" in PAGE


class TestTheGlossaryNamesEveryKind:
    def test_by_its_code(self) -> None:
        glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
        assert all(f"`{kind}`" in glossary for kind in CreditKind)
