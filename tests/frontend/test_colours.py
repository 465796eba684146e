"""Contrast of the colour tokens, in both themes: AA for all text, AAA for ink on paper, where the figures stand."""

import re

import pytest

from frontend.assets import STATIC

TOKENS = (STATIC / "site" / "tokens.css").read_text()
SHEETS = sorted((STATIC / "site").glob("*.css"))


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block))


LIGHT_BLOCK, _, REST = TOKENS.partition("@media")
BY_DEVICE, _, BY_CHOICE = REST.partition('\n:root[data-theme="dark"]')
THEMES = {"light": colours(LIGHT_BLOCK), "dark": colours(BY_CHOICE)}

TEXT_ON_PAPER = ("ink", "ink-soft", "indigo", "indigo-deep", "cancelled", "waiting", "refused", "sandbox")
PAPERS = ("paper", "paper-raised", "paper-sunk")
WASHED = ("cancelled", "waiting", "refused", "sandbox", "indigo")


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
class TestContrast:
    @pytest.mark.parametrize("paper", PAPERS)
    @pytest.mark.parametrize("text", TEXT_ON_PAPER)
    def test_text_is_readable_on_every_paper(self, theme: str, paper: str, text: str) -> None:
        assert contrast(THEMES[theme][text], THEMES[theme][paper]) >= 4.5

    @pytest.mark.parametrize("paper", PAPERS)
    @pytest.mark.parametrize("text", ["ink", "ink-soft"])
    def test_figures_and_their_units_reach_aaa(self, theme: str, paper: str, text: str) -> None:
        assert contrast(THEMES[theme][text], THEMES[theme][paper]) >= 7

    @pytest.mark.parametrize("meaning", WASHED)
    def test_a_state_is_readable_on_its_wash(self, theme: str, meaning: str) -> None:
        assert contrast(THEMES[theme][meaning], THEMES[theme][f"{meaning}-wash"]) >= 4.5

    def test_buttons_are_readable(self, theme: str) -> None:
        for background in ("indigo", "indigo-deep"):
            assert contrast(THEMES[theme]["on-indigo"], THEMES[theme][background]) >= 4.5
        assert contrast(THEMES[theme]["on-refused"], THEMES[theme]["refused"]) >= 4.5

    @pytest.mark.parametrize("paper", PAPERS)
    def test_edges_of_fields_can_be_seen(self, theme: str, paper: str) -> None:
        assert contrast(THEMES[theme]["field-edge"], THEMES[theme][paper]) >= 3


class TestTokensAreTheOnlyColours:
    def test_both_dark_blocks_are_alike(self) -> None:
        assert colours(BY_DEVICE) == colours(BY_CHOICE)

    def test_both_themes_name_the_same_colours(self) -> None:
        assert THEMES["light"].keys() == THEMES["dark"].keys()

    @pytest.mark.parametrize(
        "sheet", [s for s in SHEETS if s.name not in {"tokens.css", "print.css"}], ids=lambda s: s.name
    )
    def test_no_other_sheet_writes_a_colour(self, sheet: object) -> None:
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)  # type: ignore[attr-defined]
        assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(|oklch\(", text) == []

    def test_every_name_used_is_defined(self) -> None:
        used = {name for sheet in SHEETS for name in re.findall(r"var\((--[a-z0-9-]+)\)", sheet.read_text())}
        defined = set(re.findall(r"(--[a-z0-9-]+):", TOKENS))
        assert used <= defined
        assert defined - used == set()
