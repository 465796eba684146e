"""The schema of activity data, made from the calculators' own declarations, which also check it."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from api.input_errors import Misplaced
from offset_calc.calculators import CALCULATORS
from offset_calc.calculators.base import Calculator
from offset_calc.declarations import Category, Field, Kind

TYPES = tuple(calculator.type for calculator in CALCULATORS)


def _rows(given: Any) -> Any:
    """Only the shape: categories of rows of texts and numbers. The calculator judges names and values."""
    if not isinstance(given, dict):
        raise ValueError("not_an_object")
    for category, rows in given.items():
        if not isinstance(rows, list):
            raise Misplaced("not_a_list_of_rows", (category,))
        for number, row in enumerate(rows):
            if not isinstance(row, dict):
                raise Misplaced("not_an_object", (category, number))
            for name, value in row.items():
                _check_entry(name, value, (category, number, name))
    return given


def _check_entry(name: str, value: object, where: tuple[int | str, ...]) -> None:
    """A text or a number, or the parts of a factor of the caller's own, which the calculator judges."""
    if name == "factor" and isinstance(value, dict):
        for part, stated in value.items():
            _check_entry("", stated, (*where, part))
    elif not _is_entry(value):
        raise Misplaced("not_a_text_or_number", where)


def _subject(given: Any) -> Any:
    if not isinstance(given, dict):
        raise ValueError("not_an_object")
    for name, value in given.items():
        if not _is_entry(value):
            raise Misplaced("not_a_text_or_number", (name,))
    return given


def _is_entry(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def inputs_schema() -> dict[str, Any]:
    """One alternative per type of footprint."""
    schemas = [_calculator_schema(calculator) for calculator in CALCULATORS]
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _calculator_schema(calculator: Calculator) -> dict[str, Any]:
    return {
        "type": "object",
        "title": f"Inputs of type {calculator.type}",
        "additionalProperties": False,
        "properties": {category.id: _category_schema(category) for category in calculator.categories},
    }


def subject_schema() -> dict[str, Any]:
    """The name, and what any calculator wants to know about the subject besides; each takes its own fields only."""
    properties: dict[str, Any] = {"name": {"type": "string", "minLength": 1, "maxLength": 200}}
    for calculator in CALCULATORS:
        for field in calculator.subject_fields:
            schema = dict(_field_schema(field))
            need = "required" if field.required else "optional"
            properties[field.name] = schema | {"title": f"{field.name} (type {calculator.type}, {need})"}
    return {"type": "object", "additionalProperties": False, "required": ["name"], "properties": properties}


def _category_schema(category: Category) -> dict[str, Any]:
    return {
        "type": "array",
        "description": f"The guidance says this category {category.requirement} be counted. One object per row.",
        "maxItems": category.max_rows,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "properties": {field.name: _field_schema(field) for field in category.fields} | _own_factor(category),
        },
    }


def _own_factor(category: Category) -> dict[str, Any]:
    if "factor_id" not in category.fields_by_name:
        return {}
    text = {"type": "string", "maxLength": 200}
    properties = {
        "value": {"type": ["string", "number"]},
        "unit": text,
        "source": text,
        "name": text,
        "publisher": text,
    }
    properties |= {"year": text, "url": text, "region": text}
    described = "A factor of your own instead of factor_id; it travels in full with the footprint."
    return {
        "factor": {
            "type": "object",
            "description": described,
            "required": ["value", "unit", "source"],
            "additionalProperties": False,
            "properties": properties,
        }
    }


def _field_schema(field: Field) -> Mapping[str, Any]:
    described: dict[str, Any] = {"title": f"{field.name} [{field.unit}]" if field.unit else field.name}
    if field.default is not None:
        described["default"] = field.default
    return described | _SCHEMAS[field.kind](field)


def _number(field: Field) -> dict[str, Any]:
    kind = "whole number" if field.kind is Kind.INTEGER else "decimal, best as text"
    bounds = f"{field.minimum} to {field.maximum}"
    return {"type": ["string", "number"], "description": f"A {kind}, {bounds}."}


_SCHEMAS: Mapping[Kind, Callable[[Field], dict[str, Any]]] = {
    Kind.DECIMAL: _number,
    Kind.INTEGER: _number,
    Kind.CHOICE: lambda field: {"type": "string", "enum": list(field.choices)},
    Kind.FACTOR: lambda _: {"type": "string", "description": "Id of an emission factor, see /v1/factors."},
    Kind.TEXT: lambda _: {"type": "string"},
    Kind.PLACE: lambda _: {"type": "string", "description": "Name or key of a place."},
}


Inputs = Annotated[dict[str, Any], AfterValidator(_rows), WithJsonSchema(inputs_schema())]
Subject = Annotated[dict[str, Any], AfterValidator(_subject), WithJsonSchema(subject_schema())]
