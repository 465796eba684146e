"""The notice as a PDF document. The same facts always give the same bytes."""

import json
import threading
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import noto_cjk_sans_jp_regular
import pylopdf_fonts_jp
import typst

from marketplace.registries.sandbox.schedule import JAPAN

TEMPLATE = Path(__file__).with_name("notice.typ")
MEDIA_TYPE = "application/pdf"
_one_at_a_time = threading.Lock()


def draw_notice(facts: dict[str, Any], *, title: str, serial_prefix: str) -> bytes:
    """`facts` are the notice's own words; `title` and `serial_prefix` belong to the block. Some 10 ms of work."""
    serial_text = [f"{serial_prefix}{span['first']} – {serial_prefix}{span['last']}" for span in facts["serials"]]
    shown = facts | {"title": title or facts["block"], "serial_text": serial_text}
    midnight = datetime.combine(date.fromisoformat(facts["recorded_on"]), time.min, JAPAN)
    with _one_at_a_time:
        pdf = _compiler().compile(
            format="pdf", sys_inputs={"notice": json.dumps(shown, ensure_ascii=False)}, timestamp=midnight
        )
    if not isinstance(pdf, bytes):
        raise TypeError("typst returned no single document")
    return pdf


@cache
def _compiler() -> typst.Compiler:
    """Reading the fonts is slow, so one compiler serves all notices. The second font has the rare characters of names."""
    fonts = (pylopdf_fonts_jp.sans_path(), noto_cjk_sans_jp_regular.FONT_PATH)
    return typst.Compiler(TEMPLATE, font_paths=[Path(font).parent for font in fonts], ignore_system_fonts=True)
