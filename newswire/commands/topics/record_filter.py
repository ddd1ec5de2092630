"""Chooses records by what stands in them, for `newswire topics tail --filter`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import click
import msgspec

from newswire.errors import ConfigError
from newswire.kafka.protocols import Raw
from newswire.kafka.reader import as_document

_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Filter:
    """Keeps records in which every `path=value` holds; a path leads into the value, or begins with key or headers."""

    def __init__(self, conditions: Iterable[str]) -> None:
        self._conditions = [condition.partition("=")[::2] for condition in conditions]
        if wrong := [path for path, value in self._conditions if not path]:
            raise ConfigError(f"a filter reads path=value, such as language=en or headers.ce_type=…; not {wrong[0]!r}")

    def __call__(self, raw: Raw) -> bool:
        """Tell whether all conditions hold."""
        document = as_document(raw)
        return all(_holds(document, path, wanted) for path, wanted in self._conditions)


def parse_ago(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    """Return a length of time such as 90s, 10m, 6h or 2d in milliseconds: a callback of click."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d+)([smhd])", value)
    if not found:
        raise click.BadParameter(f"{value!r} is no time; write 90s, 10m, 6h or 2d")
    return int(found[1]) * _UNIT_MS[found[2]]


def _holds(document: dict[str, Any], path: str, wanted: str) -> bool:
    first, *rest = path.split(".")
    node = document["key"] if path == "key" else document["headers"] if first == "headers" else document["value"]
    for name in [] if path == "key" else rest if first == "headers" else [first, *rest]:
        node = node.get(name) if isinstance(node, dict) else None
    return wanted in map(_text, node if isinstance(node, list) else [node])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
