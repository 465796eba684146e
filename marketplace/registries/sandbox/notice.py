"""The notice as a PDF document."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from marketplace.registries.drawing import draw
from marketplace.registries.sandbox.schedule import JAPAN

TEMPLATE = Path(__file__).with_name("notice.typ")
MEDIA_TYPE = "application/pdf"


def draw_notice(facts: dict[str, Any], *, title: str, serial_prefix: str) -> bytes:
    """`facts` are the notice's own words; `title` and `serial_prefix` belong to the block."""
    serial_text = [f"{serial_prefix}{span['first']} – {serial_prefix}{span['last']}" for span in facts["serials"]]
    shown = facts | {"title": title or facts["block"], "serial_text": serial_text}
    return draw(TEMPLATE, shown, dated=datetime.combine(date.fromisoformat(facts["recorded_on"]), time.min, JAPAN))
