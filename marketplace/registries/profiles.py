"""Registry profiles: what each linked registry calls things, asks for, offers and leaves unsaid, as dated data.

The data are profiles/<code>.toml, each row with the source it rests on. What is not known is an operator setting with a
note, never a guess. Names in Japanese and English are the registry's own; they are data, not our sentences.
"""

import tomllib
from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from marketplace.projects.kinds import CreditKind

PROFILES = Path(__file__).with_name("profiles")
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Seen(StrEnum):
    """How a fact was seen: on the publisher's own page, on a copy of it, or in somebody else's account of it."""

    PUBLISHED = "published"
    COPY = "copy"
    SECONDARY = "secondary"


class Source(_Row):
    id: str
    publisher: str
    page: str
    as_of: str
    seen: Seen


class Names(_Row):
    ja: str
    en: str


class Unit(_Row):
    """`tonnes` per unit; None for an energy unit, which has no tonne value by itself."""

    name: Names
    tonnes: int | None = None
    source: str


class Act(_Row):
    """An irreversible act on serials. Only an `offered` one can be asked for."""

    code: Code
    name: Names
    meaning: Names
    offered: bool
    source: str


class Use(_Row):
    """One entry of the registry's list of uses; `purposes` are the market's purposes it serves, `act` the default act and
    `act_reason` the code of why."""

    code: Code
    name: Names
    purposes: tuple[Code, ...]
    act: Code
    act_reason: Code
    source: str


class FormField(_Row):
    """A text that nobody can change after the act. `max_length` is None while the form's limit is not known."""

    code: Code
    name: Names
    max_length: Annotated[int, Field(gt=0)] | None = None
    source: str


class Designation(StrEnum):
    """How an application points at the units: the registry picks an amount, or the applicant names the serials."""

    QUANTITY = "quantity"
    SERIALS = "serials"


class Proof(_Row):
    name: Names
    source: str


class Publicity(_Row):
    """`single_acts`: whether a stranger can look up one cancellation at the registry."""

    single_acts: bool
    lists: Names
    source: str


class Rhythm(StrEnum):
    """Any time (a machine decides), on business days, or in a weekly run after a cut-off."""

    ANY_TIME = "any_time"
    BUSINESS_DAYS = "business_days"
    WEEKLY = "weekly"


class Closure(_Row):
    """Days of every year without processing, both included; may run over the turn of the year."""

    first: MonthDay = Field(alias="from")
    last: MonthDay = Field(alias="until")


class Calendar(_Row):
    """When applications are dealt with, Japan time. `cut_off` on `cut_off_weekday` (Monday = 0) closes the intake of the
    weekly run, which takes the first `run_days` business days of the next week. `source` is None where an operator's own
    hours stand in for unpublished ones."""

    rhythm: Rhythm
    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = (0, 1, 2, 3, 4)
    opens: time = time(10)
    closes: time = time(17)
    japanese_holidays: bool = True
    closures: tuple[Closure, ...] = ()
    cut_off_weekday: Annotated[int, Field(ge=0, le=6)] = 3
    cut_off: time = time(12)
    run_days: Annotated[int, Field(ge=1, le=5)] = 1
    source: str | None = None

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if not self.weekdays or self.opens >= self.closes:
            raise ValueError("a calendar has weekdays, and a day opens before it closes")
        return self


class OperatorSetting(_Row):
    """Something nobody publishes: what we assume until the operator has asked, and what to ask."""

    code: Code
    preset: str
    note: Names


class ActNotOffered(Exception):
    """The registry offers no act for this purpose, or its units cannot be sold here now."""

    code = "act_not_offered"

    def __init__(self, registry: str, purpose: str) -> None:
        super().__init__(f"{registry} offers no act for the purpose {purpose}")
        self.registry, self.purpose = registry, purpose


class Profile(_Row):
    """One registry. No act of any of them can be undone."""

    code: Code
    name: Names
    operator: Names
    kinds: tuple[CreditKind, ...]
    sellable: bool
    not_sellable_because: Code | None = None
    designations: tuple[Designation, ...]
    designations_source: str | None = None
    unit: Unit
    acts: tuple[Act, ...] = Field(alias="act")
    uses: tuple[Use, ...] = Field(alias="use", default=())
    fields: tuple[FormField, ...] = Field(alias="field", default=())
    proof: Proof | None = None
    public: Publicity
    calendar: Calendar | None = None
    settings: tuple[OperatorSetting, ...] = Field(alias="setting", default=())
    sources: tuple[Source, ...] = Field(alias="source")

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        rows = (self.unit, *self.acts, *self.uses, *self.fields, self.proof, self.public, self.calendar)
        cited = {row.source for row in rows if row is not None} | {self.designations_source}
        if (disputed := (cited - {None}) ^ {source.id for source in self.sources}) != set():
            raise ValueError(f"every cited source is listed, and every listed one cited: {disputed}")
        offered = {act.code for act in self.acts if act.offered}
        if any(use.act not in offered for use in self.uses):
            raise ValueError("a use names an act that is offered")
        if self.sellable != (self.not_sellable_because is None) or (self.sellable and self.calendar is None):
            raise ValueError("what is sold has a calendar, and what is not has a reason")
        return self

    def act(self, code: str) -> Act:
        """Raises KeyError for a code this registry does not have."""
        return {act.code: act for act in self.acts}[code]

    def use(self, code: str) -> Use:
        """Raises KeyError for a code this registry does not have."""
        return {use.code: use for use in self.uses}[code]

    def use_for(self, purpose: str) -> Use:
        """The registry's use, with its default act and the reason for it, for one of the market's purposes. Raises:
        ActNotOffered."""
        for use in self.uses:
            if self.sellable and purpose in use.purposes:
                return use
        raise ActNotOffered(self.code, purpose)

    def with_settings(self, calendar: Calendar | None = None, limits: Mapping[str, int] | None = None) -> Self:
        """The profile as an operator has set it: another calendar, and the form's limits by field code."""
        limits = limits or {}
        if unknown := set(limits) - {field.code for field in self.fields}:
            raise ValueError(f"{self.code} has no fields {sorted(unknown)}")
        fields = tuple(
            field.model_copy(update={"max_length": limits.get(field.code, field.max_length)}) for field in self.fields
        )
        return self.model_copy(update={"calendar": calendar or self.calendar, "fields": fields})


@cache
def load_profiles() -> Mapping[str, Profile]:
    """All profiles by code. Raises pydantic.ValidationError on a defect in our own data."""
    profiles = {}
    for path in sorted(PROFILES.glob("*.toml")):
        with path.open("rb") as file:
            profile = Profile.model_validate(tomllib.load(file))
        if profile.code != path.stem:
            raise ValueError(f"{path.name} describes {profile.code}")
        profiles[profile.code] = profile
    return profiles
