"""What pydantic found wrong, as pointers and codes of our own that do not change with its version."""

from collections.abc import Mapping
from typing import Literal

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from api.problems import FieldError

Place = Literal["body", "query", "path"]

_CODES: Mapping[str, str] = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "string_type": "not_a_text",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "string_pattern_mismatch": "wrong_form",
    "int_type": "not_a_whole_number",
    "int_from_float": "not_a_whole_number",
    "int_parsing": "not_a_whole_number",
    "int_parsing_size": "too_large",
    "bool_type": "not_a_boolean",
    "bool_parsing": "not_a_boolean",
    "greater_than": "too_small",
    "greater_than_equal": "too_small",
    "less_than": "too_large",
    "less_than_equal": "too_large",
    "multiple_of": "not_a_multiple",
    "enum": "unknown_choice",
    "literal_error": "unknown_choice",
    "date_type": "not_a_date",
    "date_parsing": "not_a_date",
    "date_from_datetime_parsing": "not_a_date",
    "date_from_datetime_inexact": "not_a_date",
    "list_type": "not_a_list",
    "tuple_type": "not_a_list",
    "too_long": "too_many",
    "too_short": "too_few",
    "model_type": "not_an_object",
    "dict_type": "not_an_object",
    "dataclass_type": "not_an_object",
}


class Misplaced(ValueError):
    """A validator of ours found `code` wrong somewhere inside its value, at `within`."""

    def __init__(self, code: str, within: tuple[int | str, ...]) -> None:
        super().__init__(code)
        self.within = within


def of(error: ValidationError, place: Place) -> list[FieldError]:
    """Every finding, in the order of the fields."""
    return [
        FieldError(
            place=place,
            pointer=pointer((*found["loc"], *_within(found))),
            code=_code(found["type"], found["msg"]),
            detail=found["msg"].removeprefix("Value error, "),
        )
        for found in error.errors(include_url=False, include_input=False)
    ]


def repeated(parameter: str) -> FieldError:
    return FieldError(place="query", pointer=pointer((parameter,)), code="repeated", detail="send it once")


def null_character(parameter: str) -> FieldError:
    return FieldError(
        place="query", pointer=pointer((parameter,)), code="null_character", detail="null characters are not taken"
    )


def unknown(parameter: str) -> FieldError:
    return FieldError(place="query", pointer=pointer((parameter,)), code="unknown_field", detail="no such parameter")


def pointer(parts: tuple[int | str, ...]) -> str:
    """RFC 6901; the whole document is the empty text."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _within(found: ErrorDetails) -> tuple[int | str, ...]:
    raised = found.get("ctx", {}).get("error")
    return raised.within if isinstance(raised, Misplaced) else ()


def _code(kind: str, message: str) -> str:
    """A validator of ours raises ValueError with its code as the message."""
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    return _CODES.get(kind, kind)
