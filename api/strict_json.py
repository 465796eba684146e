"""JSON as strictly as signatures, idempotency and databases need it: one meaning, no surprises."""

import json
from typing import NoReturn

from pydantic import JsonValue

from api.problems import DuplicateName, MalformedJson

DEEPEST = 32
# sys.set_int_max_str_digits guards against longer ones anyway; no amount of ours comes near
_LONGEST_NUMBER = 400


def read_json(body: bytes) -> JsonValue:
    """Parse a body. Raises MalformedJson (not_utf8, not_json, not_finite, too_deep, null_character), DuplicateName."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedJson("the body is not valid UTF-8", reason="not_utf8") from None
    try:
        parsed: JsonValue = json.loads(
            text, object_pairs_hook=_unambiguous, parse_constant=_not_finite, parse_int=_integer, parse_float=_finite
        )
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise MalformedJson(f"the body is not JSON{where}", reason="not_json") from None
    _check(parsed, DEEPEST)
    return parsed


def _unambiguous(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for name, value in pairs:
        if name in found:
            raise DuplicateName(f"the name {name[:60]!r} occurs twice in one object", name=name[:60])
        found[name] = value
    return found


def _not_finite(_: str) -> NoReturn:
    raise MalformedJson("NaN and Infinity are not JSON", reason="not_finite")


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise MalformedJson("a number has too many digits", reason="not_finite")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise MalformedJson("a number is beyond all bounds", reason="not_finite")
    return number


def _check(value: JsonValue, levels: int) -> None:
    """At most `levels` of lists and objects, and no text that cannot be stored: null characters, halves of surrogates."""
    match value:
        case str():
            _check_text(value)
        case list() | dict() if levels == 0:
            raise _too_deep()
        case list():
            for item in value:
                _check(item, levels - 1)
        case dict():
            for name, item in value.items():
                _check_text(name)
                _check(item, levels - 1)


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise MalformedJson("a text holds a null character", reason="null_character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise MalformedJson("a text holds half of a surrogate pair", reason="not_utf8") from None


def _too_deep() -> MalformedJson:
    return MalformedJson(f"the body nests more than {DEEPEST} levels deep", reason="too_deep")
