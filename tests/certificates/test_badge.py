"""The badge: true in every state, safe with any text, quick, and never a claim that was not allowed."""

import io
import itertools
import re
import time
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from certificates.badges.drawing import Layout, badge_svg, blank_svg, size_of, style_source
from certificates.badges.facts import (
    WITHOUT_AMOUNT,
    BadgeFacts,
    BadgeKind,
    BadgeState,
    ShareOutOfRange,
    SoldUnits,
    Wording,
)
from certificates.badges.looks import Theme
from certificates.badges.words import badge_words, texts_of
from certificates.mark import NotASha256
from certificates.sheet import Locale
from tests.certificates.builders import fixed_hash

SVG = "{http://www.w3.org/2000/svg}"
LAYOUTS: tuple[Layout, ...] = ("line", "strip", "card", "round")
THEMES: tuple[Theme, ...] = ("light", "dark")
LOCALES: tuple[Locale, ...] = ("ja", "en")


def some_facts(**changes: Any) -> BadgeFacts:
    facts: dict[str, Any] = {
        "kind": BadgeKind.PRODUCT,
        "state": BadgeState.COVERED,
        "subject": "北の小麦クッキー",
        "covered_g": 5_000_000,
        "share_per_mille": 1000,
        "period_first": date(2026, 11, 1),
        "period_last": date(2026, 12, 31),
        "number": "ASHI-95D3-6JW7-8R4H-CNDC",
        "mark_sha256": fixed_hash("badge"),
    }
    return BadgeFacts(**facts | changes)


def drawn(facts: BadgeFacts, layout: Layout = "card", theme: Theme = "light", locale: Locale = "en") -> ET.Element:
    return ET.fromstring(badge_svg(facts, layout=layout, theme=theme, locale=locale))


def name_of(root: ET.Element) -> str:
    """The accessible name of an image is its title."""
    assert root.attrib["role"] == "img"
    return root.findtext(f"{SVG}title") or ""


def words_in(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def every_badge(facts: BadgeFacts) -> list[ET.Element]:
    return [drawn(facts, *choice) for choice in itertools.product(LAYOUTS, THEMES, LOCALES)]


class TestEachStateTellsTheTruth:
    @pytest.mark.parametrize(
        ("state", "word", "colour"),
        [
            (BadgeState.COVERED, "Sold units offset", "#1f5c3d"),
            (BadgeState.PARTLY_COVERED, "Partly offset", "#7a4f00"),
            (BadgeState.OVERSOLD, "More sold than offset", "#a92f18"),
            (BadgeState.NOT_COVERED, "Not offset yet", "#56534d"),
            (BadgeState.PERIOD_OVER, "Period is over", "#7a4f00"),
            (BadgeState.REVOKED, "Revoked", "#a92f18"),
            (BadgeState.ENDED, "Kept up no longer", "#56534d"),
        ],
    )
    def test_in_word_and_colour(self, state: BadgeState, word: str, colour: str) -> None:
        root = drawn(some_facts(state=state))
        [element] = [text for text in root.iter(f"{SVG}text") if text.text == word]
        assert element.attrib["fill"] == colour

    def test_in_a_shape_of_its_own_too(self) -> None:
        shapes = {
            next(path.attrib["d"] for path in drawn(some_facts(state=state)).findall(f"{SVG}path"))
            for state in BadgeState
        }
        assert len(shapes) == len(BadgeState)

    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("locale", LOCALES)
    def test_no_two_states_have_the_same_words(self, layout: Layout, locale: Locale) -> None:
        shown = [tuple(words_in(drawn(some_facts(state=s), layout, "light", locale))) for s in BadgeState]
        assert len(set(shown)) == len(BadgeState)

    def test_part_of_the_emissions_shows_its_share(self) -> None:
        root = drawn(some_facts(state=BadgeState.PARTLY_COVERED, share_per_mille=871))
        assert "87.1 %" in name_of(root)
        assert any("87.1 %" in text for text in words_in(root))

    @pytest.mark.parametrize("state", WITHOUT_AMOUNT)
    def test_no_amount_where_nothing_is_valid(self, state: BadgeState) -> None:
        for root in every_badge(some_facts(state=state, units=SoldUnits(1_200, 1_045))):
            assert not [text for text in [*words_in(root), name_of(root)] if re.search("CO2|2026|1,200", text)]

    def test_what_was_covered_and_sold_stands_on_the_card(self) -> None:
        root = drawn(some_facts(units=SoldUnits(1_200, 1_045)))
        assert "1,200 units covered, 1,045 sold" in words_in(root)

    def test_a_certificate_shows_its_period_and_speaks_of_no_sales(self) -> None:
        root = drawn(some_facts(kind=BadgeKind.CERTIFICATE), "card", "light", "en")
        assert {"5 t CO2e", "2026-11-01 to 2026-12-31"} <= set(words_in(root))
        assert "Emissions offset" in words_in(root)
        assert "sold" not in name_of(root)

    @pytest.mark.parametrize(
        ("grams", "amount"), [(5_742_402, "5.742402 t CO2e"), (345_250, "345.25 kg CO2e"), (7, "7 g CO2e")]
    )
    def test_amounts_are_exact(self, grams: int, amount: str) -> None:
        assert amount in name_of(drawn(some_facts(covered_g=grams)))

    @pytest.mark.parametrize("share", [-1, 1001])
    def test_an_impossible_share_is_refused(self, share: int) -> None:
        with pytest.raises(ShareOutOfRange) as refusal:
            some_facts(share_per_mille=share)
        assert refusal.value.code == "share_out_of_range"


class TestATest:
    """A badge of a sandbox shows how badges turn, and claims nothing."""

    @pytest.mark.parametrize("state", BadgeState)
    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize(("locale", "said"), [("ja", "テスト"), ("en", "TEST")])
    def test_says_so_wherever_it_is_drawn(self, state: BadgeState, layout: Layout, locale: Locale, said: str) -> None:
        root = drawn(some_facts(state=state, sandbox=True), layout, "light", locale)
        assert any(said in text for text in words_in(root))
        assert re.search("not valid|有効ではありません", name_of(root))

    def test_shows_no_amount_and_no_date(self) -> None:
        for state in BadgeState:
            for root in every_badge(some_facts(state=state, sandbox=True, units=SoldUnits(1_200, 1_045))):
                assert not [text for text in [*words_in(root), name_of(root)] if re.search("CO2e|2026|1,200|%", text)]

    def test_has_a_hatched_violet_edge_and_others_have_none(self) -> None:
        for state, sandbox in itertools.product(BadgeState, (True, False)):
            for root in every_badge(some_facts(state=state, sandbox=sandbox)):
                hatched = [rect for rect in root.findall(f"{SVG}rect") if "stroke-dasharray" in rect.attrib]
                assert [rect.attrib["stroke"] in {"#5a2a8c", "#c3a0ee"} for rect in hatched] == [True] * sandbox

    def test_still_tells_its_states_apart(self) -> None:
        for layout, locale in itertools.product(LAYOUTS, LOCALES):
            shown = {
                tuple(words_in(drawn(some_facts(state=s, sandbox=True), layout, "light", locale))) for s in BadgeState
            }
            shapes = {
                drawn(some_facts(state=s, sandbox=True), layout).findall(f"{SVG}path")[-1].attrib["d"]
                for s in BadgeState
            }
            assert (len(shown), len(shapes)) == (len(BadgeState), len(BadgeState))


class TestItSaysThatTheEmissionsTookPlace:
    @pytest.mark.parametrize("state", [BadgeState.COVERED, BadgeState.PARTLY_COVERED])
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_in_every_name_that_speaks_of_an_offset(self, state: BadgeState, layout: Layout) -> None:
        assert "The emissions themselves took place." in name_of(drawn(some_facts(state=state), layout))
        assert "排出そのものは実際に起きています。" in name_of(drawn(some_facts(state=state), layout, "light", "ja"))

    def test_and_on_the_card_itself(self) -> None:
        assert "The emissions themselves took place" in words_in(drawn(some_facts()))


class TestContributionWordingForTheEuropeanUnion:
    @pytest.mark.parametrize("state", BadgeState)
    def test_never_speaks_of_an_offset_a_share_or_coverage(self, state: BadgeState) -> None:
        for root in every_badge(some_facts(state=state, wording=Wording.CONTRIBUTION, share_per_mille=871)):
            text = " ".join([*words_in(root), name_of(root)])
            assert not re.search(r"offset|oversold|\bsold\b|partly|87|%|オフセット|販売|一部", text, re.IGNORECASE)

    def test_says_that_it_is_not_about_the_product(self) -> None:
        assert "This says nothing about the impact of a product." in name_of(
            drawn(some_facts(wording=Wording.CONTRIBUTION))
        )

    @pytest.mark.parametrize("state", [BadgeState.PARTLY_COVERED, BadgeState.OVERSOLD])
    def test_coverage_of_sales_does_not_change_it(self, state: BadgeState) -> None:
        covered = some_facts(wording=Wording.CONTRIBUTION)
        assert badge_svg(replace(covered, state=state), layout="card", theme="light", locale="en") == badge_svg(
            covered, layout="card", theme="light", locale="en"
        )


class TestAnyTextIsSafe:
    NASTY = "</text><script>alert(1)</script>\"'&<!--]]>&#0;&lt;" + "\x00\x1b\ufffe"

    def test_markup_stays_text(self) -> None:
        for root in every_badge(some_facts(subject=self.NASTY, number="<i>")):
            assert not [element for element in root.iter() if element.tag.removeprefix(SVG) in {"script", "i"}]
        assert "<script>alert(1)</script>" in name_of(drawn(some_facts(subject=self.NASTY)))

    @given(subject=st.text(max_size=300), number=st.text(max_size=40))
    def test_every_text_gives_well_formed_xml_and_no_other_elements(self, subject: str, number: str) -> None:
        expected = Counter(element.tag for element in drawn(some_facts()).iter())
        # an empty text leaves its place empty, and nothing else differs
        expected[f"{SVG}text"] -= (texts_of(some_facts(subject=subject), "en").subject == "") + (number == "")
        assert Counter(element.tag for element in drawn(some_facts(subject=subject, number=number)).iter()) == expected

    def test_no_script_link_id_style_or_outside_address(self) -> None:
        for state, root in itertools.product(BadgeState, LAYOUTS):
            svg = badge_svg(some_facts(state=state), layout=root, theme="light", locale="ja")
            assert not re.search(r"<(script|a|style|image|use|foreignObject)\b| id=| on\w+=|href|url\(|javascript", svg)
            assert svg.count("http") == 1  # the namespace

    @pytest.mark.parametrize("subject", ["非" * 400, "W" * 400, "i" * 400, "e\u0301" * 200])
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_long_text_is_held_in_its_place_and_whole_in_the_name(self, subject: str, layout: Layout) -> None:
        root = drawn(some_facts(subject=subject, number="N" * 200), layout)
        assert subject in name_of(root)
        assert max(len(text) for text in words_in(root)) < 90
        cut = [element for element in root.iter(f"{SVG}text") if (element.text or "").endswith("…")]
        assert (
            len(cut) == {"line": 0, "strip": 0, "card": 2, "round": 0}[layout]
        )  # only the card shows subject and number
        assert all(float(element.attrib["textLength"]) <= 230 for element in cut)

    @pytest.mark.parametrize("name", ["👩‍👩‍👧‍👦" * 60, "が" * 60, "👍🏽" * 60, "❤️" * 60])
    def test_what_is_one_sign_is_not_cut_in_two(self, name: str) -> None:
        sign = name[: len(name) // 60]
        (shown,) = [text for text in words_in(drawn(some_facts(subject=name))) if text.startswith(sign)]
        assert re.fullmatch(f"({sign})+…", shown)

    def test_a_name_from_right_to_left_turns_nothing_but_itself(self) -> None:
        root = drawn(some_facts(subject="\u202eשלום\u2066"))
        assert name_of(root).startswith("\u2068שלום\u2069: the emissions")
        assert "שלום" in words_in(root)

    def test_a_mark_needs_a_hash(self) -> None:
        with pytest.raises(NotASha256):
            badge_svg(some_facts(mark_sha256="<script>"), layout="line", theme="light", locale="en")


class TestSizes:
    @pytest.mark.parametrize(
        ("layout", "size"), [("line", (88, 31)), ("strip", (240, 40)), ("card", (320, 120)), ("round", (160, 160))]
    )
    def test_each_layout_has_its_own(self, layout: Layout, size: tuple[int, int]) -> None:
        root = drawn(some_facts(), layout)
        assert (int(root.attrib["width"]), int(root.attrib["height"])) == size
        assert root.attrib["viewBox"] == f"0 0 {size[0]} {size[1]}"
        assert size_of(layout) == size

    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("theme", THEMES)
    def test_another_drawing_program_shows_it_from_banner_to_poster(self, layout: Layout, theme: Theme) -> None:
        svg = badge_svg(some_facts(), layout=layout, theme=theme, locale="ja")
        for width in (88, 2_000):
            page = f"#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), width: {width}pt)"
            png = typst.compile(page.encode(), format="png", ppi=72, sys_inputs={"svg": svg})
            picture = Image.open(io.BytesIO(png)).convert("L")
            assert picture.width == pytest.approx(width, abs=1)
            dark, light = picture.getextrema()
            assert isinstance(dark, int | float)
            assert isinstance(light, int | float)
            assert light - dark > 100

    def test_small_enough_for_a_shop_page(self) -> None:
        sizes = [
            len(badge_svg(some_facts(state=state), layout=layout, theme="light", locale=locale).encode())
            for state, layout, locale in itertools.product(BadgeState, LAYOUTS, LOCALES)
        ]
        assert max(sizes) < 7_500


class TestTheReadersOwnTheme:
    """`auto` is the light badge and a style sheet that turns it dark where the reader's device is dark."""

    def test_every_light_colour_has_its_dark_twin(self) -> None:
        for state, layout, sandbox in itertools.product(BadgeState, LAYOUTS, (True, False)):
            facts = some_facts(state=state, sandbox=sandbox)
            light, dark, auto = (
                badge_svg(facts, layout=layout, theme=theme, locale="en") for theme in ("light", "dark", "auto")
            )
            sheet = re.search("<style>(.*?)</style>", auto)[1]
            assert auto.replace(f"<style>{sheet}</style>", "") == light
            for place, day, night in re.findall(r'\[(\w+)="(#\w+)"\]{\w+:(#\w+)}', sheet):
                light = light.replace(f'{place}="{day}"', f'{place}="{night}"')
            assert light == dark

    def test_a_policy_can_name_its_style_sheet(self) -> None:
        facts = some_facts()
        assert style_source(badge_svg(facts, layout="line", theme="light", locale="en")) is None
        sources = {style_source(badge_svg(facts, layout=layout, theme="auto", locale="ja")) for layout in LAYOUTS}
        assert len(sources) == 1
        assert re.fullmatch("'sha256-[A-Za-z0-9+/]{43}='", sources.pop())


class TestWhereThereIsNoBadge:
    def test_a_calm_picture_says_so(self) -> None:
        for layout, theme, locale in itertools.product(LAYOUTS, THEMES, LOCALES):
            root = ET.fromstring(blank_svg(layout=layout, theme=theme, locale=locale))
            assert name_of(root) in {"There is no badge at this address.", "このアドレスにバッジはありません。"}
            assert not [text for text in words_in(root) if re.search("CO2|[Oo]ffset|オフセット", text)]


class TestContrast:
    @staticmethod
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    @pytest.mark.parametrize("theme", THEMES)
    @pytest.mark.parametrize("state", BadgeState)
    def test_every_word_is_readable_on_its_paper(self, theme: Theme, state: BadgeState) -> None:
        root = drawn(some_facts(state=state), "card", theme)
        paper = self.luminance(root.findall(f"{SVG}rect")[-1].attrib["fill"])
        for text in root.iter(f"{SVG}text"):
            ink = self.luminance(text.attrib.get("fill", root.attrib["fill"]))
            assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 4.5


class TestWords:
    def test_both_languages_have_the_same_tables_and_keys(self) -> None:
        japanese, english = ({table: set(keys) for table, keys in badge_words(locale).items()} for locale in LOCALES)
        assert japanese == english

    @pytest.mark.parametrize("locale", LOCALES)
    def test_nothing_is_promised_that_no_badge_may_promise(self, locale: Locale) -> None:
        texts = [text for table in badge_words(locale).values() for text in table.values()]
        assert not [
            t for t in texts if re.search(r"zero|neutral|\beco\b|green|ゼロ|ニュートラル|エコ|実質|[!！]", t, re.I)
        ]


class TestItIsQuick:
    def test_a_changing_amount_takes_far_less_than_a_millisecond(self) -> None:
        facts = [some_facts(state=BadgeState.PARTLY_COVERED, covered_g=1_000_000 + k) for k in range(500)]
        badge_svg(facts[0], layout="line", theme="light", locale="ja")
        rounds = []
        for _ in range(5):
            began = time.process_time()
            for one in facts:
                badge_svg(one, layout="line", theme="light", locale="ja")
            rounds.append((time.process_time() - began) / len(facts))
        assert min(rounds) < 0.0003  # some 15 µs when measured; the bench compares it with another maker of badges
