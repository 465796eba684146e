"""The same document in about half of the bytes: lighter letters, and small objects in compressed streams."""

import io
import re
import zlib
from typing import Final

import pikepdf
from pikepdf import Name, Pdf, Stream

from certificates.pdf_fonts import lighter_font

pikepdf.settings.set_flate_compression_level(9)

_UNUSED_METADATA: Final = re.compile(
    rb'<xmpMM:History>.*?</xmpMM:History>|  ?xmlns:stEvt="[^"]*"'
    # these two describe names that the standard itself describes
    rb'|<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>(?:XMP Media Management|Adobe PDF) schema<.*?</rdf:Seq></pdfaSchema:property></rdf:li>',
    re.DOTALL,
)
_LETTER: Final = re.compile(rb"^<([0-9A-F]{4})> <([0-9A-F]+)>$", re.MULTILINE)
_LETTERS: Final = re.compile(rb"\d+ beginbfchar\n.*?endbfchar\n", re.DOTALL)
_COMMENTS: Final = re.compile(rb"^%.*\n?", re.MULTILINE)
_AT_MOST: Final = 100
"""Entries of one table, and letters of one row."""


def packed(pdf: bytes) -> bytes:
    """The same input gives the same bytes; what is packed already stays readable as it is."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        save_packed(document, output, deterministic_id=True)
    return output.getvalue()


def save_packed(document: Pdf, output: io.BytesIO, *, deterministic_id: bool) -> None:
    """Write the document; a signed one differs each time and needs no deterministic id."""
    for found in list(document.objects):
        if isinstance(found, Stream):
            _lighten_stream(found)
        elif isinstance(found, pikepdf.Dictionary) and Name.CIDSet in found:
            # a list of the letters, which the standards of today do not ask for
            del found.CIDSet
    document.save(
        output,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        deterministic_id=deterministic_id,
        fix_metadata_version=False,
    )


def _lighten_stream(stream: Stream) -> None:
    if stream.get(Name.Subtype) == Name.CIDFontType0C:
        stream.write(zlib.compress(lighter_font(stream.read_bytes()), 9), filter=Name.FlateDecode)
    elif stream.get(Name.Type) == Name.CMap:
        stream.write(_shorter_character_map(stream.read_bytes()))
    elif stream.get(Name.Type) == Name.Metadata:
        stream.write(_UNUSED_METADATA.sub(b"", stream.read_bytes()))


def _shorter_character_map(character_map: bytes) -> bytes:
    """Rows of letters for glyphs that follow each other, instead of each glyph with its letter; no comments."""
    letters = {int(glyph, 16): letter for glyph, letter in _LETTER.findall(character_map)}
    if not letters:
        return character_map
    rows = [
        b"<%04X><%04X>[%b]" % (row[0], row[-1], b"".join(b"<%b>" % letters[glyph] for glyph in row))
        for row in _rows(sorted(letters))
    ]
    blocks = (rows[start : start + _AT_MOST] for start in range(0, len(rows), _AT_MOST))
    table = b"".join(b"%d beginbfrange\n%b\nendbfrange\n" % (len(block), b"\n".join(block)) for block in blocks)
    around = _LETTERS.split(_COMMENTS.sub(b"", character_map))
    return around[0] + table + around[-1]


def _rows(glyphs: list[int]) -> list[list[int]]:
    """Glyphs in a row may differ in their last byte only."""
    rows: list[list[int]] = []
    for glyph in glyphs:
        follows = rows and glyph == rows[-1][-1] + 1 and glyph % 256 != 0 and len(rows[-1]) < _AT_MOST
        if follows:
            rows[-1].append(glyph)
        else:
            rows.append([glyph])
    return rows
