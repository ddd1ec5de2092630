"""Reads a JSON Schema as a flat table of fields, which is what people compare and look up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LIMITS = (
    *("pattern", "format", "contentEncoding", "const", "uniqueItems", "multipleOf"),
    *("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"),
    *("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `path` is `title`, `feed.title`, `tags[]` for an element or `scores.*` for a value."""

    path: str
    types: tuple[str, ...]
    is_required: bool
    values: tuple[Any, ...] = ()
    limits: dict[str, Any] = field(default_factory=dict)
    default: Any = None
    has_default: bool = False
    description: str = ""


def fields_of(schema: dict[str, Any]) -> dict[str, Field]:
    """Return all fields of a message's schema by path, in the schema's order."""
    return {found.path: found for found in _walk(schema, schema.get("$defs", {}), "", is_required=True) if found.path}


def _walk(node: dict[str, Any], definitions: dict[str, Any], path: str, *, is_required: bool) -> Iterator[Field]:
    nodes = [_resolve(each, definitions) for each in node.get("anyOf", [node])]
    yield Field(
        path=path,
        types=tuple(dict.fromkeys(_type(each) for each in nodes)),
        is_required=is_required,
        values=tuple(value for each in nodes for value in each.get("enum", ())),
        limits={name: each[name] for each in nodes for name in LIMITS if name in each},
        default=node.get("default"),
        has_default="default" in node,
        description=next((each["description"] for each in (node, *nodes) if "description" in each), ""),
    )
    for each in nodes:
        for name, inner in each.get("properties", {}).items():
            yield from _walk(
                inner, definitions, f"{path}.{name}".strip("."), is_required=name in each.get("required", ())
            )
        if isinstance(values := each.get("additionalProperties"), dict):
            yield from _walk(values, definitions, f"{path}.*", is_required=False)
        if "items" in each:
            yield from _walk(each["items"], definitions, f"{path}[]", is_required=False)


def _resolve(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = node.get("$ref")
    return {**definitions[reference.rsplit("/", 1)[1]], **node} if reference else node


def _type(node: dict[str, Any]) -> str:
    if "type" in node:
        return str(node["type"])
    kinds = {type(value) for value in node.get("enum", ())}
    return "string" if kinds == {str} else "integer" if kinds == {int} else "any"
