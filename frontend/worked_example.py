"""The conference in Sapporo that the first page works through and that fills the event form on request."""

import json
from importlib.resources import files
from typing import Any

EXAMPLE = "sapporo"


def example_inputs() -> dict[str, Any]:
    """Its entries as a visitor would type them, in the nested form that the calculator reads."""
    source = files("offset_calc") / "examples" / "sapporo_conference.json"
    inputs: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return inputs
