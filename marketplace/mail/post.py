"""How a mail leaves the house: who words it, who carries it, and whether a copy stays for the mailbox page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

JSON = str | int | bool | None | list["JSON"] | dict[str, "JSON"]


@dataclass(frozen=True, slots=True)
class Worded:
    """Subject (one line) and text of a mail in its reader's language."""

    subject: str
    text: str


class Wording(Protocol):
    def __call__(self, message: str, locale: str, params: Mapping[str, JSON]) -> Worded: ...


@dataclass(frozen=True, slots=True)
class Letter:
    """`id` becomes the Message-ID, so that a mail handed over twice after a crash can be recognised as one."""

    id: str
    recipient: str
    written_at: datetime
    subject: str = field(repr=False)
    text: str = field(repr=False)


class CarrierUnreachable(Exception):
    """The mail server did not take the mail now; it may take it later."""

    code = "mail_carrier_unreachable"


class LetterRefused(Exception):
    """The mail server refused this mail or its recipient for good."""

    code = "mail_refused"


class Carrier(Protocol):
    """Raises CarrierUnreachable or LetterRefused."""

    async def carry(self, letter: Letter) -> None: ...


@dataclass(frozen=True, slots=True)
class Post:
    """`carrier` is None where no mail leaves; `keeps_copies` only in an embedded instance. `operators` are the addresses
    that hear of what a person has to look at."""

    wording: Wording
    carrier: Carrier | None = None
    keeps_copies: bool = False
    operators: tuple[str, ...] = ()
