"""Reads what was typed into the card form, as people type it: full-width digits, spaces and hyphens are understood."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from starlette.datastructures import FormData

from marketplace.payments.sandbox.cards import TEST_CARDS

FIELDS = ("email", "number", "expiry", "cvc")
EXAMPLES: Mapping[str, str] = {
    "email": "buyer@example.com",
    "number": "4242 4242 4242 4242",
    "expiry": "12 / 34",
    "cvc": "123",
}


@dataclass(frozen=True, slots=True)
class CardEntry:
    """`number` has digits only and is one of the test cards."""

    email: str
    number: str


def read_card_form(typed: Mapping[str, str], *, today: date) -> tuple[CardEntry | None, Mapping[str, str]]:
    """The entry, or the code of what is wrong with each field that is."""
    entered = {name: plain(typed.get(name, "")) for name in FIELDS}
    number = re.sub(r"[\s-]", "", entered["number"])
    problems = {
        "email": email_problem(entered["email"]),
        "number": None if number in TEST_CARDS else "number_unknown" if number else "number_missing",
        "expiry": _expiry_problem(entered["expiry"], today),
        "cvc": None if re.fullmatch(r"[0-9]{3}", entered["cvc"]) else "cvc_invalid",
    }
    found = {name: problem for name, problem in problems.items() if problem is not None}
    return (None if found else CardEntry(entered["email"], number)), found


def typed_fields(form: FormData) -> Mapping[str, str]:
    """What was typed into each field, and `method`, the way to pay that was chosen; files are not looked at."""
    return {name: value if isinstance(value := form.get(name, ""), str) else "" for name in (*FIELDS, "method")}


def plain(typed: str) -> str:
    """Half-width, without spaces around it."""
    return unicodedata.normalize("NFKC", typed).strip()


def email_problem(entered: str) -> str | None:
    return None if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", entered) else "email_invalid"


def _expiry_problem(typed: str, today: date) -> str | None:
    match = re.fullmatch(r"(0?[1-9]|1[0-2])\s*[/.\-]?\s*(?:20)?([0-9]{2})", typed)
    if match is None:
        return "expiry_invalid"
    year, month = 2000 + int(match[2]), int(match[1])
    return "expiry_past" if (year, month) < (today.year, today.month) else None
