"""A packed PDF is about half as long, and shows and says the same."""

import io
from typing import Any

import pikepdf
import pytest
from fontTools.cffLib import CFFFontSet
from fontTools.pens.boundsPen import ControlBoundsPen
from PIL import Image, ImageChops, ImageStat

from certificates.pdf_fonts import GRID
from certificates.pdf_packing import packed
from certificates.qr import qr_svg, short_url
from certificates.render_pdf import render_pdf
from tests.certificates.authority import ISSUER
from tests.certificates.builders import a_statement, some_disclosures
from tests.certificates.papers import printed_url
from tests.certificates.pdf_reading import lines_of, picture_of


@pytest.fixture(scope="module")
def typeset() -> bytes:
    """As typst writes it."""
    statement = a_statement()
    return render_pdf(
        statement,
        some_disclosures(),
        verification_url=short_url(ISSUER, statement.number),
        qr_svg=qr_svg(printed_url(statement)),
        locale="ja",
        credential_jwt="e30.e30.c2ln",
        finish=lambda pdf: pdf,
    )


@pytest.fixture(scope="module")
def small(typeset: bytes) -> bytes:
    return packed(typeset)


class TestTheSameDocument:
    def test_is_two_fifths_shorter(self, typeset: bytes, small: bytes) -> None:
        assert len(small) < len(typeset) * 0.6

    def test_says_the_same_line_by_line(self, typeset: bytes, small: bytes) -> None:
        assert lines_of(small) == lines_of(typeset)

    def test_packed_once_more_is_still_the_same(self, small: bytes) -> None:
        again = packed(small)
        assert lines_of(again) == lines_of(small)
        assert abs(len(again) - len(small)) < 200

    @pytest.mark.parametrize("page", [0, 1])
    def test_has_as_much_ink_on_every_half_centimetre(self, typeset: bytes, small: bytes, page: int) -> None:
        before, after = (
            picture_of(pdf, page, dpi=110).resize((42, 59), Image.Resampling.BOX) for pdf in (typeset, small)
        )
        difference = ImageChops.difference(before, after)
        assert max(ImageStat.Stat(difference).mean) < 0.5
        assert max(most for _, most in difference.getextrema()) <= 8


class TestLetters:
    def test_keep_their_widths_to_the_thousandth(self, small: bytes) -> None:
        with pikepdf.open(io.BytesIO(small)) as document:
            compared = 0
            for font in cid_fonts(document):
                glyphs = read(font)
                for number, width in widths_of(font).items():
                    letter = glyphs.CharStrings[glyphs.charset[number]]
                    letter.draw(ControlBoundsPen(None))
                    assert abs(letter.width * 1000 / GRID - width) <= 0.5
                    compared += 1
        assert compared > 300

    def test_move_by_a_unit_at_most(self, typeset: bytes, small: bytes) -> None:
        with pikepdf.open(io.BytesIO(typeset)) as one, pikepdf.open(io.BytesIO(small)) as other:
            for before, after in zip(map(read, cid_fonts(one)), map(read, cid_fonts(other)), strict=True):
                assert before.charset == after.charset
                for name in before.charset:
                    for old, new in zip(bounds(before, name), bounds(after, name), strict=True):
                        assert abs(old * GRID / 1000 - new) <= 1


def cid_fonts(document: pikepdf.Pdf) -> list[Any]:
    fonts = document.pages[0].Resources.Font
    return [fonts[name].DescendantFonts[0] for name in sorted(fonts.keys())]


def read(font: Any) -> Any:
    fonts = CFFFontSet()
    fonts.decompile(io.BytesIO(font.FontDescriptor.FontFile3.read_bytes()), None)
    return fonts[0]


def widths_of(font: Any) -> dict[int, float]:
    """The W array in its form of a first glyph and a list, or two ends and one width."""
    parts, found = list(font.W), {}
    while parts:
        first, second, *parts = parts
        if isinstance(second, pikepdf.Array):
            found |= {int(first) + place: float(width) for place, width in enumerate(second)}
        else:
            width, *parts = parts
            found |= dict.fromkeys(range(int(first), int(second) + 1), float(width))
    return found


def bounds(font: Any, name: str) -> tuple[float, ...]:
    pen = ControlBoundsPen(None)
    font.CharStrings[name].draw(pen)
    return pen.bounds or (0, 0, 0, 0)
