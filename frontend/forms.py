"""What a form sent, kept as it was typed. A field's name is its place in the input: "lodging/0/nights"."""

import unicodedata
from collections.abc import Collection, Mapping

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

LONGEST_VALUE = 2_000
# A calculator with long lists of rows has some thousands of fields.
MOST_FIELDS = 50_000
MOST_FILES = 100

Typed = dict[str, str]
Row = dict[str, str]


async def read_typed(request: Request, *, longest: int = LONGEST_VALUE) -> Typed:
    """Return name → text of every field that was sent; uploaded files are left out, absurdly long texts are cut."""
    form = await _form(request)
    return {name: value[:longest] for name, value in form.multi_items() if isinstance(value, str)}


async def uploaded(request: Request, name: str) -> UploadFile | None:
    """The file that was chosen in the field `name`; it lies on disk if it is large. None if none was chosen."""
    file = (await _form(request)).get(name)
    return file if isinstance(file, UploadFile) and file.filename else None


async def read_whole(request: Request, name: str) -> str:
    """One field at its full length, which the request's own bounds limit; "" if it was not sent."""
    value = (await _form(request)).get(name)
    return value if isinstance(value, str) else ""


async def _form(request: Request) -> FormData:
    return await request.form(max_fields=MOST_FIELDS, max_files=MOST_FILES)


def read_yen(text: str) -> int | None:
    """Whole yen as people type them: with commas, a sign of the currency, or in full-width digits. None if it is none."""
    digits = unicodedata.normalize("NFKC", text).strip().removeprefix("¥").removesuffix("円").replace(",", "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 13 else None


def rows_of(typed: Mapping[str, str], section: str, fields: Collection[str], *, most: int) -> list[Row]:
    """Return the rows typed under `section`, each with all `fields` as text, "" where nothing was sent.

    A gap in the row numbers stays an empty row, so that a problem found in row 2 points at the fields named row 2. Names
    that are not of this shape, or lie at or beyond row `most`, are not ours and are left out.
    """
    found: dict[int, Row] = {}
    for name, value in typed.items():
        parts = name.split("/")
        if len(parts) != 3 or parts[0] != section or parts[2] not in fields:
            continue
        number = _row_number(parts[1])
        if number is not None and number < most:
            found.setdefault(number, {})[parts[2]] = value
    count = max(found, default=-1) + 1
    return [{field: found.get(number, {}).get(field, "") for field in fields} for number in range(count)]


def _row_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
