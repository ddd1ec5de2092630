"""Bounds on what a message may hold, checked when it is decoded: no record of anybody's reaches a stage beyond them.

They are not part of the JSON Schemas: every record that a release has ever written is far inside.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

EARLIEST: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LATEST: Final = dt.datetime(2201, 1, 1, tzinfo=dt.UTC)  # the first moment that is out of bounds
MAX_VALUE_BYTES: Final = 1 << 20  # of a record's value, unpacked: the broker's limit for a record of ours
MAX_HEADER_BYTES: Final = 64 << 10
MAX_URL_CHARS: Final = 8_192
MAX_NAME_CHARS: Final = 1_000
MAX_ITEMS: Final = 10_000
MAX_INT: Final = 2**53  # what JSON readers in other languages keep exactly
MAX_COUNTER: Final = 2**31 - 1  # version and revision: `version << 20 | story_revision` fits a signed 64-bit integer
MAX_STORY_REVISION: Final = 2**20 - 1
ID_CHARS: Final = 32

COUNTERS: Final = {"version": MAX_COUNTER, "revision": MAX_COUNTER, "story_revision": MAX_STORY_REVISION}
URL_FIELDS: Final = frozenset({"url", "final_url", "canonical_url"})
NAME_FIELDS: Final = frozenset(
    {"source", "outlet", "host", "request_id", "requested_by", "index", "query_name", "reason", "language", "country"}
)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

Check = Callable[[Any, str], None]


def check_bounds(value: msgspec.Struct) -> None:
    """Raise msgspec.ValidationError where a field of a message is out of bounds; the text names the field."""
    _check_struct(value, "$")


def is_in_time(moment: dt.datetime) -> bool:
    """Tell whether an aware time is inside the years that every part of the pipeline can count with."""
    return EARLIEST <= moment < LATEST


def _check_struct(value: Any, path: str) -> None:
    kind: type[msgspec.Struct] = type(value)
    for name, check in _checks_of(kind):
        found = getattr(value, name)
        if found is not None:
            check(found, f"{path}.{name}")


@cache
def _checks_of(kind: type[msgspec.Struct]) -> tuple[tuple[str, Check], ...]:
    described = inspect.type_info(kind)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{kind} is not a message")
    found = ((field.name, _check_of(field.name, field.type)) for field in described.fields)
    return tuple((name, check) for name, check in found if check)


def _check_of(name: str, kind: inspect.Type) -> Check | None:
    """Return the check of a field; None where its type leaves nothing to check."""
    for part in _parts(kind):
        if isinstance(part, inspect.DateTimeType):
            return _check_time
        if isinstance(part, inspect.IntType):
            return _at_most(COUNTERS.get(name, MAX_INT))
        if isinstance(part, inspect.StructType):
            return _check_struct
        if isinstance(part, inspect.StrType):
            return _text_check(name, part)
        if isinstance(part, inspect.CollectionType | inspect.VarTupleType | inspect.DictType):
            return _check_length
    return None


def _parts(kind: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(kind, inspect.Metadata):
        yield from _parts(kind.type)
    elif isinstance(kind, inspect.UnionType):
        for part in kind.types:
            yield from _parts(part)
    else:
        yield kind


def _text_check(name: str, kind: inspect.StrType) -> Check | None:
    if kind.pattern == "^[0-9a-f]{32}$":
        return _check_id
    if name in URL_FIELDS:
        return _plain(MAX_URL_CHARS)
    return _plain(MAX_NAME_CHARS) if name in NAME_FIELDS else None


def _check_time(value: dt.datetime, path: str) -> None:
    if not is_in_time(value):
        raise msgspec.ValidationError(f"Expected a time of the years 1970 to 2200 - at `{path}`")


def _check_id(value: str, path: str) -> None:
    if len(value) != ID_CHARS:  # `$` of the pattern lets a line end follow
        raise msgspec.ValidationError(f"Expected {ID_CHARS} hex digits - at `{path}`")


def _check_length(value: Any, path: str) -> None:
    if len(value) > MAX_ITEMS:
        raise msgspec.ValidationError(f"Expected at most {MAX_ITEMS} items - at `{path}`")


def _at_most(limit: int) -> Check:
    def check(value: int, path: str) -> None:
        if not -limit <= value <= limit:
            raise msgspec.ValidationError(f"Expected an integer of at most {limit} - at `{path}`")

    return check


def _plain(max_chars: int) -> Check:
    def check(value: str, path: str) -> None:
        if len(value) > max_chars:
            raise msgspec.ValidationError(f"Expected at most {max_chars} characters - at `{path}`")
        if _CONTROL.search(value):
            raise msgspec.ValidationError(f"Expected no control characters - at `{path}`")

    return check
