"""The fields of a model as a flat table for readers: dotted names, plain types, what each is for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """`name` has dots for what lies inside an object and [] for each of a list."""

    name: str
    kind: str
    required: bool
    text: str


def fields_of(model: type[BaseModel]) -> list[Field]:
    """Of what callers send, down to the last level."""
    schema = model.model_json_schema()
    return list(_walk(schema, schema.get("$defs", {}), ""))


def _walk(schema: Schema, definitions: Schema, prefix: str) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, given in schema.get("properties", {}).items():
        described = _plain(given, definitions)
        text = given.get("description") or described.get("description", "")
        yield Field(prefix + name, _kind(described), name in required, text)
        inner, suffix = described, "."
        if described.get("type") == "array":
            inner, suffix = _plain(described["items"], definitions), "[]."
        yield from _walk(inner, definitions, f"{prefix}{name}{suffix}")


def _plain(schema: Schema, definitions: Schema) -> Schema:
    """What a reference or a nullable stands for."""
    if "$ref" in schema:
        return _plain(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        choices = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return _plain(choices[0], definitions) if len(choices) == 1 else {"type": "object"}
    return schema


def _kind(schema: Schema) -> str:
    if "enum" in schema:
        return " | ".join(str(choice) for choice in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    return str(schema.get("format") or schema.get("type", "object"))
