"""Building blocks of requests and answers: exact amounts, pages, and the bases of all models."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api.problems import FieldError, InputRefused

Currency = Literal["JPY"]
PageSize = Annotated[int, Field(ge=1, le=100, description="Rows per page.")]
Cursor = Annotated[
    str | None, Field(min_length=1, max_length=400, description="`next_cursor` of the page before; leave out to begin.")
]
# as long as the columns that ids are looked up in; nothing longer can exist
Id = Annotated[str, Field(min_length=1, max_length=64)]


class Wish(BaseModel):
    """Base of what callers send: nothing but the named fields, each of its own type."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class View(BaseModel):
    """Base of what callers get."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _whole(given: object) -> object:
    """JSON knows one kind of number: 3.0 is a whole one, "3" and true are none."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


WholeNumber = Annotated[int, BeforeValidator(_whole)]
Yen = Annotated[int, Field(ge=0, le=10**12, description="Whole yen."), BeforeValidator(_whole)]
Grams = Annotated[
    int,
    Field(ge=1, le=10**15, description="Grams of CO2e. What is no whole tonne comes out of a pool, if there is one."),
    BeforeValidator(_whole),
]

Row = TypeVar("Row", bound=BaseModel)


class Page(View, Generic[Row]):
    """One page of rows; `next_cursor` is null on the last one."""

    data: list[Row]
    next_cursor: str | None


def cursor_after(*place: str) -> str:
    """An opaque text from which `place_in` reads the same place again."""
    return urlsafe_b64encode("\n".join(place).encode()).decode().rstrip("=")


def place_in(cursor: str, parts: int) -> Sequence[str]:
    """Raises InputRefused for a text that no page of ours gave out."""
    try:
        place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("\n")
    except ValueError:
        place = []
    if len(place) != parts or "\x00" in "".join(place):
        raise malformed_cursor()
    return place


def malformed_cursor() -> InputRefused:
    error = FieldError(place="query", pointer="/cursor", code="malformed_cursor", detail="take it from the page before")
    return InputRefused("the query is not acceptable", errors=[error])
