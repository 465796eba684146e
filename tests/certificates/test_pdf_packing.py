"""A packed PDF is less than half as long, and shows, says and means the same."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pikepdf
import pytest
from fontTools.cffLib import CFFFontSet
from fontTools.pens.boundsPen import ControlBoundsPen
from PIL import Image, ImageChops, ImageStat

from certificates.pdf_fonts import GRID
from certificates.pdf_packing import packed
from certificates.pdf_pages import shortened
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
    def test_is_less_than_half_as_long(self, typeset: bytes, small: bytes) -> None:
        assert len(small) * 2 < len(typeset)

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


class TestTags:
    def test_every_sequence_of_a_page_belongs_to_one_element_that_names_it(self, small: bytes) -> None:
        with pikepdf.open(io.BytesIO(small)) as document:
            tree = list(document.Root.StructTreeRoot.ParentTree.Nums)
            for page, parents in zip(document.pages, tree[1::2], strict=True):
                content = page.Contents.read_bytes()
                numbers = [int(number) for number in re.findall(rb"/MCID (\d+)", content)]
                assert numbers == list(range(len(parents)))
                assert all(number in list(parent.K) and parent.Pg == page.obj for number, parent in enumerate(parents))
                assert content.count(b"BDC\n") + content.count(b" BMC\n") == content.count(b"EMC")

    def test_headings_table_and_figure_are_still_there(self, small: bytes) -> None:
        with pikepdf.open(io.BytesIO(small)) as document:
            elements = list(below(document.Root.StructTreeRoot.K[0]))
            kinds = [str(element.S) for element in elements]
            assert [kinds.count(kind) for kind in ("/H1", "/H2", "/Table", "/TH", "/Figure")] == [1, 3, 1, 2, 1]
            cells = [element for element in elements if str(element.S) == "/TD"]
            assert all(len(cell.A.Headers) == 1 for cell in cells)
            figure = next(element for element in elements if str(element.S) == "/Figure")
            assert str(figure.Alt)
            assert len(figure.A.BBox) == 4


class TestPages:
    RUN = b"q 1 0 0 -1 10.12345 20 cm/c0 cs 0.1 0.2 0.3 scn\nBT 0 Tr/f0 8 Tf 1 0 0 -1 0 0 Tm%b\nET\nQ\n"

    def test_runs_that_follow_each_other_name_font_and_colour_once(self) -> None:
        content = (
            b"/Span<</MCID 0>>BDC\n" + self.RUN % b"(\\000\\101)Tj" + self.RUN % b"[<0042>22(\\000\\()]TJ" + b"EMC"
        )
        assert shortened(content, set()).content == (
            b"/Span<</MCID 0>>BDC\nBT/f0 8 Tf/c0 cs 0.1 0.2 0.3 scn 10.12 20 Td(\0A)Tj ET\nBT 10.12 20 Td[(\0B)22(\0\\()]TJ ET\nEMC"
        )

    def test_whatever_stands_between_them_makes_them_say_both_again(self) -> None:
        line = b"q 1 w 0 0 m 5 0 l S Q\n"
        run = self.RUN % b"<0042>Tj"
        assert shortened(run + line + run, set()).content.count(b"/f0 8 Tf/c0 cs") == 2

    def test_sequences_are_joined_only_where_the_tags_allow_it(self) -> None:
        content = b"/Span<</MCID 0>>BDC\naEMC/Span<</MCID 1>>BDC\nbEMC/Span<</MCID 2>>BDC\ncEMC"
        done = shortened(content, {1})
        assert done.content == b"/Span<</MCID 0>>BDC\nabEMC/Span<</MCID 1>>BDC\ncEMC"
        assert done.numbers == {0: 0, 1: 0, 2: 1}

    def test_an_ornament_between_two_keeps_them_apart(self) -> None:
        content = b"/Span<</MCID 0>>BDC\naEMC/Artifact BMC\nxEMC/Span<</MCID 1>>BDC\nbEMC"
        assert shortened(content, {1}).numbers == {0: 0, 1: 1}

    @pytest.mark.parametrize(
        "unknown",
        [
            b"q 1 0 0 1 10 20 cm BT /f0 8 Tf (a) Tj ET Q",
            RUN % b"[(\\000A" + b"1 " * 2_000 + b"]TJ",
            b"/Span<<" + b"/K (a" * 300 + b">>BDC",
        ],
    )
    def test_what_is_not_known_stays_as_it_is(self, unknown: bytes) -> None:
        assert shortened(unknown, set()).content == unknown


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


def below(element: Any) -> Iterator[Any]:
    yield element
    for kid in element.K:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield from below(kid)
