"""What a panel measures, by what it groups and which documents it takes: the words that panels are made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, Literal

RECORDS: Final = "___records___"  # Lens' name for "no field: count documents"

Operation = Literal["count", "unique_count", "sum", "average", "min", "max", "percentile", "last_value"]


@dataclass(frozen=True, slots=True)
class Is:
    """Takes documents whose field has one of the values."""

    field: str
    values: tuple[str | bool, ...]

    def kuery(self) -> str:
        """Return the condition in Kibana's query language."""
        return f"{self.field} : ({' or '.join(json.dumps(value) for value in self.values)})"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Takes documents whose field has this number or a greater one."""

    field: str
    number: int

    def kuery(self) -> str:
        """Return the condition in Kibana's query language."""
        return f"{self.field} >= {self.number}"


Condition = Is | AtLeast


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number of the documents in a group; the functions below make them.

    `where` restricts this one measure; `percent` belongs to percentiles, `newest_by` to last values.
    """

    label: str
    operation: Operation
    field: str = RECORDS
    where: Condition | None = None
    percent: int | None = None
    newest_by: str | None = None
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One group for each of a field's foremost values, by a measure of the panel or, with None, by name."""

    label: str
    field: str
    size: int = 10
    by_measure: int | None = 0
    has_rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """One group for each span of time; `auto` lets Kibana choose the span for the range on show.

    Spans without documents are groups too, with zero in them, unless `has_empty` is false.
    """

    label: str
    field: str
    interval: Literal["auto", "h"] = "auto"
    has_empty: bool = True


Grouping = Terms | Time


def count(label: str, where: Condition | None = None) -> Measure:
    """Count documents."""
    return Measure(label=label, operation="count", where=where)


def unique(label: str, field: str, where: Condition | None = None) -> Measure:
    """Count a field's different values."""
    return Measure(label=label, operation="unique_count", field=field, where=where)


def total(label: str, field: str) -> Measure:
    """Add a field up."""
    return Measure(label=label, operation="sum", field=field)


def average(label: str, field: str) -> Measure:
    """Take a field's mean."""
    return Measure(label=label, operation="average", field=field)


def least(label: str, field: str) -> Measure:
    """Take a field's smallest number or first moment."""
    return Measure(label=label, operation="min", field=field)


def most(label: str, field: str) -> Measure:
    """Take a field's greatest number or last moment."""
    return Measure(label=label, operation="max", field=field)


def percentile_seconds(label: str, field: str, percent: int) -> Measure:
    """Take the seconds that this share of the documents stays below."""
    return Measure(label=label, operation="percentile", field=field, percent=percent, suffix=" s")


def newest(label: str, field: str, by: str) -> Measure:
    """Take the field of the newest document by a date."""
    return Measure(label=label, operation="last_value", field=field, newest_by=by)
