"""A paper for somebody else's form: entries, each with where its value comes from."""

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """The reports and declarations of the Japanese guideline and laws that a certificate can be put to."""

    CLIMATE_LAW = "climate_law"
    ENERGY_LAW = "energy_law"
    CDP = "cdp"
    DECLARATION = "declaration"
    LABEL = "label"


class Origin(StrEnum):
    """Where a value comes from. `filer` is left empty for whoever files; `open` is something that nobody confirmed."""

    CERTIFICATE = "certificate"
    TABLE = "table"
    FILER = "filer"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `group` and `key` name it in words.<language>.toml, `number` tells several of a group apart (0: only one).

    `value` is plain: dates by ISO 8601, amounts as decimals without separators; `unit` is that of the amount. `note` is a
    key of its own, "" for none.
    """

    group: str
    key: str
    value: str
    origin: Origin
    unit: str = ""
    number: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """`edition` names the state of the form's description, `uses_edition` that of the table of uses it quotes."""

    form: Form
    number: str
    sandbox: bool
    edition: str
    uses_edition: str
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
