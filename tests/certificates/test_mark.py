"""The mark drawn from a hash: the same everywhere, different for each certificate, and never more than decoration."""

import hashlib
import io
import re
import subprocess
import sys
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
import typst
from PIL import Image, ImageChops, ImageStat

from certificates.engraving import ONE, TURN, closed_path, cosine, evenly_spaced, interpolated, open_path, sine
from certificates.mark import HEIGHT, WIDTH, Detail, NotASha256, mark_lines, mark_svg

SVG = "{http://www.w3.org/2000/svg}"
DETAILS: tuple[Detail, ...] = ("fine", "plain")


def a_hash(seed: object) -> str:
    return hashlib.sha256(str(seed).encode()).hexdigest()


def picture(svg: str, *, height_px: int) -> Image.Image:
    """The mark in black on white, in shades of grey."""
    page = f"#set page(width: auto, height: auto, margin: 0pt)\n#image(bytes(sys.inputs.svg), height: {height_px}pt)"
    png = typst.compile(page.encode(), format="png", ppi=72, sys_inputs={"svg": svg.replace("currentColor", "#000")})
    return Image.open(io.BytesIO(png)).convert("L")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of the pixels, 0 to 255."""
    return ImageStat.Stat(ImageChops.difference(one, other)).mean[0]


class TestTheSameHashGivesTheSameDrawing:
    def test_known_drawings_keep_their_bytes(self) -> None:
        # a changed digest here changes the mark of every certificate that was ever issued: never do it lightly
        digests = {
            detail: hashlib.sha256(mark_svg(a_hash("known"), detail=detail).encode()).hexdigest() for detail in DETAILS
        }
        assert digests == {
            "fine": "1053933bcc04697b063080ca8519bdefb68664e4f86f3ec71f54a86cce2e853c",
            "plain": "4d316cc020499b3dd28a9ab15ff5ce40cf444f45581e692409620d660c05c3f2",
        }

    def test_another_process_draws_the_same_bytes(self) -> None:
        program = f"from certificates.mark import mark_svg; print(mark_svg({a_hash(1)!r}), end='')"
        drawn = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout
        assert drawn == mark_svg(a_hash(1))

    @pytest.mark.parametrize("detail", DETAILS)
    def test_every_number_in_it_is_whole(self, detail: Detail) -> None:
        for path in ET.fromstring(mark_svg(a_hash(2), detail=detail)).iter(f"{SVG}path"):
            assert re.fullmatch(r"[MqtzL\d\s-]+", path.attrib["d"])


class TestOtherHashesLookDifferent:
    def test_fine_marks_differ_visibly_in_pairs(self) -> None:
        drawings = [picture(mark_svg(a_hash(seed)), height_px=160) for seed in range(12)]
        assert min(difference(one, other) for one, other in combinations(drawings, 2)) > 10

    def test_plain_marks_differ_at_24_pixels(self) -> None:
        drawings = [picture(mark_svg(a_hash(seed), detail="plain"), height_px=24) for seed in range(12)]
        assert min(difference(one, other) for one, other in combinations(drawings, 2)) > 8

    def test_a_thousand_hashes_give_a_thousand_drawings(self) -> None:
        assert len({mark_lines(a_hash(seed), "plain") for seed in range(1_000)}) == 1_000

    @pytest.mark.parametrize("place", [0, 20, 40, 55, 63])
    def test_one_hex_digit_changes_the_drawing(self, place: int) -> None:
        digest = a_hash("digit")
        changed = digest[:place] + ("0" if digest[place] != "0" else "1") + digest[place + 1 :]
        assert mark_svg(changed) != mark_svg(digest)


class TestItStaysSmallAndInsideItsBox:
    def test_under_six_thousand_bytes(self) -> None:
        assert max(len(mark_svg(a_hash(f"size {seed}")).encode()) for seed in range(200)) < 6_000

    @pytest.mark.parametrize("detail", DETAILS)
    @pytest.mark.parametrize("seed", range(6))
    def test_a_white_margin_all_round(self, detail: Detail, seed: int) -> None:
        drawn = picture(mark_svg(a_hash(seed), detail=detail), height_px=500)
        wide, high = drawn.size
        edges = [(0, 0, wide, 1), (0, high - 1, wide, high), (0, 0, 1, high), (wide - 1, 0, wide, high)]
        assert all(drawn.crop(edge).getextrema() == (255, 255) for edge in edges)
        assert wide / high == pytest.approx(WIDTH / HEIGHT, rel=0.01)

    def test_a_plain_mark_at_24_pixels_is_clear_dark_and_light(self) -> None:
        drawn = picture(mark_svg(a_hash(3), detail="plain"), height_px=24)
        shades, pixels = drawn.histogram(), drawn.width * drawn.height
        assert sum(shades[:64]) > pixels / 10
        assert sum(shades[192:]) > pixels / 10


class TestItIsDecoration:
    @pytest.mark.parametrize("detail", DETAILS)
    def test_hidden_from_assistive_technology_and_says_what_it_is(self, detail: Detail) -> None:
        root = ET.fromstring(mark_svg(a_hash(4), detail=detail))
        assert root.attrib["aria-hidden"] == "true"
        assert "role" not in root.attrib
        assert root.find(f"{SVG}title") is None
        description = root.find(f"{SVG}desc")
        assert description is not None
        assert description.text == "Decoration drawn from the certificate's hash. It proves nothing."

    @pytest.mark.parametrize("detail", DETAILS)
    def test_it_takes_the_colour_of_the_text(self, detail: Detail) -> None:
        svg = mark_svg(a_hash(5), detail=detail)
        assert svg.count("currentColor") == 1
        assert "#" not in svg


class TestOnlyHashesAreDrawn:
    @pytest.mark.parametrize("text", ["", "abc", "g" * 64, "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n"])
    def test_refuses(self, text: str) -> None:
        with pytest.raises(NotASha256) as refusal:
            mark_svg(text)
        assert refusal.value.code == "mark_needs_sha256"


class TestTheIntegerGeometry:
    def test_sine_at_the_quarters_and_its_symmetries(self) -> None:
        assert [sine(TURN * quarter // 4) for quarter in range(5)] == [0, ONE, 0, -ONE, 0]
        assert all(sine(-angle) == -sine(angle) == sine(angle + TURN // 2) for angle in range(0, TURN, 7))

    def test_sine_and_cosine_keep_to_the_circle(self) -> None:
        assert all(abs(sine(a) ** 2 + cosine(a) ** 2 - ONE**2) <= 2 * ONE for a in range(TURN))

    def test_sine_of_a_twelfth_is_a_half(self) -> None:
        assert 2 * sine(TURN // 12) == pytest.approx(ONE, abs=2 * ONE * 7 // TURN)

    def test_a_curve_goes_through_its_knots(self) -> None:
        knots = (10, 40, 20, 90, 50)
        assert [interpolated(knots, ONE * index // 4) for index in range(4)] == [10, 40, 20, 90]

    def test_a_curve_is_held_at_its_ends(self) -> None:
        assert interpolated((10, 20), -ONE) == 10
        assert 19 <= interpolated((10, 20), 9 * ONE) <= 20

    def test_points_on_a_square_are_evenly_spaced(self) -> None:
        square = [(0, 0), (100, 0), (100, 100), (0, 100)]
        assert evenly_spaced(square, 8) == [
            (0, 0), (50, 0), (100, 0), (100, 50), (100, 100), (50, 100), (0, 100), (0, 50),
        ]  # fmt: skip

    def test_an_open_path_starts_and_ends_on_its_outer_guides(self) -> None:
        # M0 0, guide (20, 40) to the joint (40, 30), and its mirror (60, 20) is the next guide
        assert open_path([(0, 0), (20, 40), (60, 20), (80, 60)]) == "M0 0q20 40 40 30t40 30"

    def test_a_closed_path_starts_between_its_last_and_first_guide(self) -> None:
        assert closed_path([(0, 0), (40, 0), (40, 40), (0, 40)]) == "M0 20q0-20 20-20t20 20-20 20-20-20z"
