"""What a person read off a registry's notice, as the form of the desk sends it; what was typed is never lost."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from frontend.forms import Typed
from frontend.locales import Locale
from frontend.problems import sentence
from marketplace.registries.desk.application import Application
from marketplace.registries.desk.entered_notice import EnteredNotice
from marketplace.registries.desk.serial_text import BlockNumbers, SerialsUnreadable, read_serials
from marketplace.registries.profiles import Act, Profile, Use

TEXTS = ("act", "use", "purpose_detail", "credit_user")
"""The irreversible words: each is ticked as being on the notice exactly so, or typed as the notice has it."""
LONGEST_NUMBER = 100
LONGEST_SERIALS = 200_000


class NoticeUnreadable(Exception):
    """Some entries cannot be read; `errors` by field name, as sentences."""

    code = "notice_unreadable"

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(", ".join(errors))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class NoticeForm:
    """The typed form beside the application that it is about."""

    typed: Typed
    application: Application
    profile: Profile
    numbers: Sequence[BlockNumbers]
    locale: Locale

    def read(self, document: bytes) -> EnteredNotice:
        """Raises NoticeUnreadable, naming every field that needs another look."""
        errors: dict[str, str] = {}
        values = {
            "number": self._number(errors),
            "recorded_on": self._day(errors),
            "tonnes": self._tonnes(errors),
            "lines": self._serials(errors),
        }
        texts = {name: self._text(name, errors) for name in TEXTS}
        if errors:
            raise NoticeUnreadable(errors)
        return EnteredNotice(**values, **texts, document=document)  # type: ignore[arg-type]  # none is missing by now

    def _of(self, name: str) -> str:
        return self.typed.get(name, "").strip()

    def _refuse(self, errors: dict[str, str], name: str, code: str, **params: object) -> None:
        errors[name] = sentence(code, params, self.locale)

    def _number(self, errors: dict[str, str]) -> str:
        number = self._of("number")
        if not number:
            self._refuse(errors, "number", "required")
        elif len(number) > LONGEST_NUMBER:
            self._refuse(errors, "number", "too_long", most=LONGEST_NUMBER)
        return number

    def _day(self, errors: dict[str, str]) -> date | None:
        return day_of(self._of("recorded_on"), "recorded_on", errors, self.locale)

    def _tonnes(self, errors: dict[str, str]) -> int | None:
        text = unicodedata.normalize("NFKC", self._of("tonnes")).replace(",", "")
        if not text:
            self._refuse(errors, "tonnes", "required")
        elif not (text.isascii() and text.isdigit() and len(text) <= 12):
            self._refuse(errors, "tonnes", "not_whole")
        else:
            return int(text)
        return None

    def _serials(self, errors: dict[str, str]) -> tuple[object, ...]:
        try:
            return read_serials(self.typed.get("serials", ""), self.numbers)
        except SerialsUnreadable as stopped:
            prefixes = "、".join(dict.fromkeys(block.prefix for block in self.numbers))
            params = {"line": stopped.line, "part": stopped.part, "prefixes": prefixes}
            self._refuse(errors, "serials", f"serials_{stopped.reason}", **params)
            return ()

    def _text(self, name: str, errors: dict[str, str]) -> str:
        asked = str(getattr(self.application, name))
        if self.typed.get(f"same/{name}") == "yes":
            return asked
        stated = self._of(f"stated/{name}")
        if not stated:
            self._refuse(errors, f"stated/{name}", "tick_or_type")
        return self._code_of(name, stated)

    def _code_of(self, name: str, stated: str) -> str:
        """Acts and uses are compared by code; a person types the registry's word for them."""
        known: Mapping[str, Sequence[Act | Use]] = {"act": self.profile.acts, "use": self.profile.uses}
        rows = known.get(name, ())
        return next((row.code for row in rows if stated in {row.name.ja, row.name.en}), stated)


def day_of(text: str, name: str, errors: dict[str, str], locale: Locale) -> date | None:
    """A day as YYYY-MM-DD, digits of any width; otherwise the field's error."""
    plain = unicodedata.normalize("NFKC", text)
    if not plain:
        errors[name] = sentence("required", {}, locale)
        return None
    try:
        return date.fromisoformat(plain)
    except ValueError:
        errors[name] = sentence("not_a_date", {}, locale)
        return None
