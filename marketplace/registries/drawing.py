"""Sheets and notices as PDF: a Typst template and JSON data in, bytes out. The same input always gives the same bytes."""

import json
import threading
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import noto_cjk_sans_jp_regular
import pylopdf_fonts_jp
import typst

_one_at_a_time = threading.Lock()


def draw(template: Path, data: dict[str, Any], *, dated: datetime) -> bytes:
    """`data` reaches the template as JSON text in `sys.inputs.data`, never as markup. Some 10 ms of work."""
    with _one_at_a_time:
        pdf = _compiler(template).compile(
            format="pdf",
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
            timestamp=dated.replace(microsecond=0),
        )
    if not isinstance(pdf, bytes):
        raise TypeError("typst returned no single document")
    return pdf


@cache
def _compiler(template: Path) -> typst.Compiler:
    """Reading the fonts is slow, so one compiler serves a template for ever. The first font is small, the second has the
    rare characters of names."""
    fonts = (pylopdf_fonts_jp.sans_path(), noto_cjk_sans_jp_regular.FONT_PATH)
    return typst.Compiler(template, font_paths=[Path(font).parent for font in fonts], ignore_system_fonts=True)
