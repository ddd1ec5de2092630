"""The parts of a panel: its measures, its groupings and the condition on its documents."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final, Literal

RECORDS: Final = "___records___"  # Lens' name for "no field: count documents"

Operation = Literal["count", "unique_count", "sum", "average", "min", "max", "percentile", "last_value"]


@dataclass(frozen=True, slots=True)
class Is:
    """Matches documents whose field has one of the values."""

    field: str
    values: tuple[str | bool, ...]

    def kuery(self) -> str:
        """Return the condition in Kibana's query language."""
        return f"{self.field} : ({' or '.join(json.dumps(value) for value in self.values)})"


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Matches documents whose field has this number or a greater one."""

    field: str
    number: int

    def kuery(self) -> str:
        """Return the condition in Kibana's query language."""
        return f"{self.field} >= {self.number}"


Condition = Is | AtLeast


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number computed from the documents in a group; the functions below create them.

    `where` restricts this measure alone; `percent` is for percentiles, `newest_by` for last values.
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
    """One group for each of a field's top values, ordered by a measure of the panel or, with None, by name."""

    label: str
    field: str
    size: int = 10
    by_measure: int | None = 0
    has_rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """One group for each time interval; `auto` lets Kibana choose it for the selected range.

    Intervals without documents are groups too, with zero, unless `has_empty` is false.
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
    """Count a field's distinct values."""
    return Measure(label=label, operation="unique_count", field=field, where=where)


def total(label: str, field: str) -> Measure:
    """Sum a field."""
    return Measure(label=label, operation="sum", field=field)


def average(label: str, field: str) -> Measure:
    """Average a field."""
    return Measure(label=label, operation="average", field=field)


def least(label: str, field: str) -> Measure:
    """Take a field's smallest number or earliest time."""
    return Measure(label=label, operation="min", field=field)


def most(label: str, field: str) -> Measure:
    """Take a field's greatest number or latest time."""
    return Measure(label=label, operation="max", field=field)


def percentile_seconds(label: str, field: str, percent: int) -> Measure:
    """Take a percentile of a field in seconds."""
    return Measure(label=label, operation="percentile", field=field, percent=percent, suffix=" s")


def newest(label: str, field: str, by: str) -> Measure:
    """Take a field of the newest document by a date field."""
    return Measure(label=label, operation="last_value", field=field, newest_by=by)
