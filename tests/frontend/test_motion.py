"""Motion only shows what changed: short, and none for whoever asked the device for less of it."""

import re
from pathlib import Path

import pytest

from frontend.assets import STATIC

LONGEST_MS = 200
CALM = "@media (prefers-reduced-motion: no-preference)"
MOVES = re.compile(r"transition|animation|@keyframes|scroll-behavior")
SHEETS = sorted((STATIC / "site").glob("*.css"))


def blocks(sheet: str) -> list[tuple[str, str]]:
    """The outermost blocks of a style sheet: what stands before the brace, and what within."""
    found, depth, start, head = [], 0, 0, ""
    for at, sign in enumerate(sheet):
        if sign == "{":
            if depth == 0:
                head, start = sheet[start:at].strip(), at + 1
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth == 0:
                found.append((head, sheet[start:at]))
                start = at + 1
    return found


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
class TestMotion:
    def test_is_only_for_those_who_did_not_ask_for_less(self, path: Path) -> None:
        for head, body in blocks(path.read_text()):
            if not head.endswith(CALM):
                assert not MOVES.search(head + body), head

    def test_is_short(self, path: Path) -> None:
        durations = re.findall(r"([\d.]+)(ms|s)\b", path.read_text())
        assert all(float(figure) * (1000 if unit == "s" else 1) <= LONGEST_MS for figure, unit in durations)


def test_no_script_moves_anything() -> None:
    for path in (STATIC / "modules").glob("*.js"):
        assert not re.search(r"\.animate\(|smooth|requestAnimationFrame", path.read_text()), path.name
