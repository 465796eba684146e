"""Reads the provider's form encoding (`line_items[0][price_data][currency]=jpy`) and checks it against what a call knows."""

import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from marketplace.payments.sandbox.errors import ApiError, invalid

NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
MOST_FIELDS = 1000

P = TypeVar("P", bound=BaseModel)


def parse(text: str) -> dict[str, Any]:
    """Nested dictionaries and lists of strings. Raises: ApiError if a name or the encoding is malformed."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise invalid(f"Invalid request body: {error}") from error
    tree: dict[str, Any] = {}
    for name, value in pairs:
        match = NAME.fullmatch(name)
        if match is None:
            raise invalid(f"Invalid parameter name: {name}", param=name)
        steps = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        place = tree
        for step in steps[:-1]:
            place = place.setdefault(step or str(len(place)), {})
            if not isinstance(place, dict):
                raise invalid(f"Invalid parameter: {name} is both a value and an object", param=name)
        place[steps[-1] or str(len(place))] = value
    return {name: _with_lists(value) for name, value in tree.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(name.isdecimal() for name in value):
        return [_with_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _with_lists(inner) for name, inner in value.items()}


def check(model: type[P], tree: dict[str, Any]) -> P:
    """`tree` as the parameters of a call. Raises: ApiError about the first thing that does not fit."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise _refusal(error) from error


def _refusal(error: ValidationError) -> ApiError:
    # an unknown name is told before a missing one: it is usually the missing one, misspelt
    first = min(error.errors(), key=lambda detail: detail["type"] != "extra_forbidden")
    param = _bracketed(first["loc"])
    match first["type"]:
        case "extra_forbidden":
            return invalid(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)
        case "missing":
            return invalid(f"Missing required param: {param}.", code="parameter_missing", param=param)
        case "string_too_short":
            return invalid(f"You passed an empty string for '{param}'.", code="parameter_invalid_empty", param=param)
        case "parameter_invalid_integer" | "url_invalid" as code:
            return invalid(first["msg"], code=code, param=param)
        case _:
            return invalid(f"Invalid {param}: {first['msg']}", param=param)


def _bracketed(location: tuple[int | str, ...]) -> str:
    head, *rest = location
    return str(head) + "".join(f"[{step}]" for step in rest)
