"""Applications of the desk as the pages show them: registry words, serials as printed, and differences a person can find."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from frontend.locales import Locale
from frontend.market_words import MarketWords
from frontend.wording import words
from marketplace.audit.models import AuditEntry
from marketplace.desk.errors import NoticeDiffers
from marketplace.inventory.serials import SerialRange
from marketplace.registries.desk.application import Application
from marketplace.registries.desk.sheets import BlockFacts, in_fours
from marketplace.registries.desk.states import DeskState
from marketplace.registries.form_limits import FieldTooLong, too_long
from marketplace.registries.matching import Difference, DifferenceCode
from marketplace.registries.profiles import Act, Profile, Use

TABLE = "desk"
KINDS = {
    DeskState.PREPARED: "waiting",
    DeskState.TAKEN: "waiting",
    DeskState.EXECUTED: "waiting",
    DeskState.NOTICED: "waiting",
    DeskState.CONFIRMED: "cancelled",
    DeskState.PARTLY_CONFIRMED: "cancelled",
    DeskState.REFUSED: "refused",
    DeskState.WITHDRAWN: "plain",
}
_OF_SERIALS = frozenset(
    {DifferenceCode.SERIALS_MISSING, DifferenceCode.SERIALS_NOT_ASKED, DifferenceCode.SERIALS_TWICE}
)


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of the registry's form, with the text in the form's own language. `meaning` is that text in the reader's
    language where it differs; `problem` a sentence where the form cannot take it."""

    name: str
    label: str
    text: str
    meaning: str
    problem: str


@dataclass(frozen=True, slots=True)
class SpanView:
    project: str
    certification_number: str
    serials: str
    tonnes: int


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """What was applied for and what the notice says, under the name of the field."""

    label: str
    asked: str
    stated: str


@dataclass(frozen=True, slots=True)
class SerialsView:
    """One block compared; each text is empty where there is nothing to say."""

    block: str
    asked: str
    stated: str
    missing: str
    not_asked: str
    twice: str
    agrees: bool


@dataclass(frozen=True, slots=True)
class HistoryLine:
    at: datetime
    who: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeskWords:
    """Everything about one application in one language."""

    application: Application
    profile: Profile
    blocks: Mapping[str, BlockFacts]
    locale: Locale

    @property
    def fingerprint(self) -> str:
        return in_fours(self.application.fingerprint())

    def fields(self) -> list[FieldView]:
        """In the order of the form, with what the registry calls them."""
        faults = {fault.field: fault for fault in too_long(self.application, self.profile)}
        own = {field.code: MarketWords(self.locale).name(field.name) for field in self.profile.fields}
        act, use = self.profile.act(self.application.act).name, self.profile.use(self.application.use).name
        texts = {
            "account": self.application.account,
            "act": act.ja,
            "use": use.ja,
            "purpose_detail": self.application.purpose_detail,
            "credit_user": self.application.credit_user,
        }
        meanings = {"act": act.en, "use": use.en} if self.locale is Locale.EN else {}
        return [
            FieldView(
                name,
                own.get(name) or self._of(f"field.{name}"),
                text,
                meanings.get(name, ""),
                self._problem(faults.get(name)),
            )
            for name, text in texts.items()
        ]

    def spans(self) -> list[SpanView]:
        return [
            SpanView(
                self.blocks[line.block].project,
                self.blocks[line.block].certification_number,
                self.written(line.block, [span]),
                len(span),
            )
            for line in self.application.lines
            for span in line.serials
        ]

    def differences(self, refused: NoticeDiffers) -> list[DifferenceView]:
        """Everything but the serials, which are compared block by block."""
        return [self._difference(one) for one in refused.differences if one.code not in _OF_SERIALS]

    def compared(self, refused: NoticeDiffers) -> list[SerialsView]:
        return [
            SerialsView(
                row.block,
                self.written(row.block, row.asked),
                self.written(row.block, row.stated),
                self.written(row.block, row.missing),
                self.written(row.block, row.not_asked),
                self.written(row.block, row.twice),
                row.agrees,
            )
            for row in refused.rows
        ]

    def written(self, block: str, spans: Sequence[SerialRange]) -> str:
        """Ranges as the registry prints them; those of a block that is not ours stand with what was typed before them."""
        facts = self.blocks.get(block)
        text = facts.serial_text if facts else str
        until = self._of("until")
        return self._of("and").join(
            text(span.first) if len(span) == 1 else f"{text(span.first)}{until}{text(span.last)}" for span in spans
        )

    def example(self) -> str:
        """How the serials of this application's kind are typed; never its own numbers, which are to be read off the notice."""
        prefix = next((facts.serial_prefix for facts in self.blocks.values()), "")
        return f"{prefix}12-{prefix}15{self._of('and')}{prefix}18"

    def _difference(self, one: Difference) -> DifferenceView:
        if one.code is DifferenceCode.TONNES:
            stated = self._of("tonnes_and_serials", stated=one.stated, counted=one.asked)
            return DifferenceView(self._of(f"difference.{one.code}"), str(self.application.tonnes), stated)
        named: tuple[Act | Use, ...] = (*self.profile.acts, *self.profile.uses)
        names = {row.code: MarketWords(self.locale).name(row.name) for row in named}
        coded = one.code in {DifferenceCode.ACT, DifferenceCode.PURPOSE}
        asked, stated = (names.get(text, text) if coded else text for text in (one.asked, one.stated))
        return DifferenceView(self._of(f"difference.{one.code}"), asked, stated)

    def _problem(self, fault: FieldTooLong | None) -> str:
        return "" if fault is None else self._of("too_long", limit=fault.limit, length=fault.length)

    def _of(self, key: str, **params: object) -> str:
        return words(TABLE, key, self.locale, params)


def age(duration: timedelta, locale: Locale) -> str:
    """How long something has waited, in the unit that says most."""
    hours = max(0, int(duration.total_seconds() // 3600))
    if hours < 1:
        return words(TABLE, "age.minutes", locale, {"n": max(0, int(duration.total_seconds() // 60))})
    if hours < 48:
        return words(TABLE, "age.hours", locale, {"n": hours})
    return words(TABLE, "age.days", locale, {"n": hours // 24})


def history(entries: Sequence[AuditEntry], names: Mapping[str, str], locale: Locale) -> list[HistoryLine]:
    """Who did what when; a person whose name was erased keeps the id."""
    return [
        HistoryLine(
            entry.at,
            names.get(entry.actor, entry.actor),
            words(TABLE, f"act.{entry.act[5:]}", locale),
            entry.reason or "",
        )
        for entry in entries
    ]
