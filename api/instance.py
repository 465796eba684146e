"""The settings of an embedded instance, kept in its data folder for the operator's commands."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from api.settings import Settings

_FILE = "settings.json"


def keep_variables(data: Path, variables: Mapping[str, str]) -> None:
    """Write them where only their owner can read them."""
    draft = data / f"{_FILE}.new"
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:  # noqa: PTH123
        json.dump(dict(variables), opened)
    draft.replace(data / _FILE)


def settings_of(data: Path | None) -> Settings:
    """Of the embedded instance in a folder, or without one those of the environment. Raises FileNotFoundError."""
    if data is not None:
        os.environ.update(json.loads((data / _FILE).read_text("utf-8")))
    return Settings()
