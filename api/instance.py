"""An embedded instance is a folder: the settings that it runs with are kept there for the operator's commands.

Database and keys are those in the folder as it lies now, moved or copied as it may be.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from api.no_instance import NoInstance
from api.settings import Settings

_SETTINGS, _DATABASE = "settings.json", "ashiato.sqlite3"


def keep_variables(data: Path, variables: Mapping[str, str]) -> None:
    """Write them where only their owner can read them."""
    draft = data / f"{_SETTINGS}.new"
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:  # noqa: PTH123
        json.dump(dict(variables), opened)
    draft.replace(data / _SETTINGS)


def own_database(data: Path) -> str:
    """The URL of an instance's database, which may not be there yet."""
    return f"sqlite://{data.resolve() / _DATABASE}"


def database_url(data: Path | None) -> str:
    """Of the embedded instance in a folder, or without one that of the environment. Raises NoInstance."""
    if data is None:
        return Settings().database_url.get_secret_value()
    if not (data / _DATABASE).is_file():
        raise NoInstance(data)
    return own_database(data)


def settings_of(data: Path | None) -> Settings:
    """Of the embedded instance in a folder, or without one those of the environment. Raises NoInstance."""
    if data is not None:
        os.environ.update(_variables(data))
    return Settings()


def _variables(data: Path) -> dict[str, str]:
    if not (data / _SETTINGS).is_file():
        raise NoInstance(data)
    kept: dict[str, str] = json.loads((data / _SETTINGS).read_text("utf-8"))
    files = {name: str(data.resolve() / Path(path).name) for name, path in kept.items() if name.endswith("_FILE")}
    return kept | files | {"ASHIATO_DATABASE_URL": own_database(data)}
