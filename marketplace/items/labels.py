"""Codes of a batch for printing: a table of all of them, written as it is read, or sheets of labels as PDF."""

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from certificates.qr import qr_svg
from marketplace.items import codes
from marketplace.items.errors import LabelsRefused
from marketplace.items.models import ItemBatch
from marketplace.products.models import Product
from marketplace.registries.drawing import draw
from offset_calc.tabular import safe_cell

HEAD = ("item", "code", "address", "product", "batch")
# A second or two of drawing, and a file that every printer takes.
MOST_LABELS = 500
_ROWS_AT_ONCE = 1_000
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sheet:
    """One A4 page of labels, in millimetres; `code` is the width of the QR code with its quiet zone."""

    columns: int
    rows: int
    width: float
    height: float
    left: float
    top: float
    gap_x: float
    gap_y: float
    code: float

    @property
    def labels(self) -> int:
        return self.columns * self.rows


@cache
def sheets() -> Mapping[str, Sheet]:
    """The layouts by name."""
    return {
        name: Sheet(**measures)
        for name, measures in tomllib.loads((_FOLDER / "sheets.toml").read_text("utf-8")).items()
    }


@cache
def _sandbox_words() -> Mapping[str, str]:
    return tomllib.loads((_FOLDER / "words.toml").read_text("utf-8"))


def code_of(batch: ItemBatch, item: int, secret: bytes) -> str:
    """`secret` is the batch's, opened (batches.secret_of)."""
    return codes.write(batch.tag, item, secret)


def table(product: Product, batch: ItemBatch, *, secret: bytes, origin: str) -> Iterator[bytes]:
    """All codes as CSV in UTF-8 with a mark for spreadsheets, piece by piece, so that a million rows need no memory.

    No cell begins like a formula, and codes stand in groups, so that none is taken for a number.
    """
    names = (safe_cell(product.name), safe_cell(batch.name))
    for first in range(0, batch.items + 1, _ROWS_AT_ONCE):
        piece = io.StringIO()
        writer = csv.writer(piece, lineterminator="\r\n")
        if first == 0:
            piece.write("\ufeff")
            writer.writerow(HEAD)
        for item in range(first + 1, min(first + _ROWS_AT_ONCE, batch.items) + 1):
            code = code_of(batch, item, secret)
            writer.writerow((item, codes.grouped(code), codes.address_of(origin, code), *names))
        yield piece.getvalue().encode()


def pdf(
    product: Product,
    batch: ItemBatch,
    sheet: Sheet,
    *,
    secret: bytes,
    first: int,
    count: int,
    origin: str,
    locale: str,
) -> bytes:
    """Labels `first` to `first + count - 1`. Those of a sandbox say so, in the language of `locale` ("ja" or "en").

    Some milliseconds for each label. Raises LabelsRefused.
    """
    if not (0 < first <= batch.items and 0 < count <= MOST_LABELS and first + count - 1 <= batch.items):
        raise LabelsRefused(f"labels {first} to {first + count - 1} of {batch.items}", most=MOST_LABELS)
    labels = [_label(batch, item, secret, origin) for item in range(first, first + count)]
    data = {
        "title": f"{product.name} / {batch.name}",
        "name": product.name,
        "line": origin.partition("://")[2],
        "sandbox": _sandbox_words()[locale] if product.environment == "sandbox" else "",
        "sheet": asdict(sheet),
        "pages": [labels[place : place + sheet.labels] for place in range(0, count, sheet.labels)],
    }
    return draw(_FOLDER / "labels.typ", data, dated=batch.created_at)


def _label(batch: ItemBatch, item: int, secret: bytes, origin: str) -> dict[str, object]:
    code = code_of(batch, item, secret)
    return {"qr": qr_svg(codes.address_of(origin, code)), "code": codes.grouped(code).split()}
