"""The texts that go into a registry's form and stay there for ever, held against the lengths that its fields take."""

from dataclasses import dataclass
from typing import Protocol

from marketplace.registries.profiles import Profile


class FormTexts(Protocol):
    """An application, or an order's instruction."""

    @property
    def purpose_detail(self) -> str: ...

    @property
    def credit_user(self) -> str: ...


@dataclass(frozen=True, slots=True)
class FieldTooLong:
    """A text that the registry's form cannot take, with the limit the operator has confirmed; lengths in characters."""

    field: str
    limit: int
    length: int
    code: str = "field_too_long"


def too_long(texts: FormTexts, profile: Profile) -> tuple[FieldTooLong, ...]:
    """Every text beyond a limit that is known; an unknown limit refuses nothing."""
    lengths = {"purpose_detail": len(texts.purpose_detail), "credit_user": len(texts.credit_user)}
    limits = {field.code: field.max_length for field in profile.fields}
    return tuple(
        FieldTooLong(field, limit, length)
        for field, length in lengths.items()
        if (limit := limits.get(field)) is not None and length > limit
    )
