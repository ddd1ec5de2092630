"""Durations in words, for the pages and the terminal."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import Final, Literal

from babel.dates import format_timedelta

Unit = Literal["day", "hour", "minute", "second"]
SECONDS_IN: Final[dict[Unit, int]] = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
SMALLER_UNIT: Final[dict[Unit, Unit]] = {"day": "hour", "hour": "minute"}  # nobody needs the seconds of a minute


def short_duration(length: timedelta | float) -> str:
    """Return a duration, or seconds, in its one or two largest units: 45s, 3m, 2h 5m, 4d 3h; the sign is dropped."""
    seconds = round(abs(length.total_seconds() if isinstance(length, timedelta) else length))
    large: Unit = next((unit for unit, size in SECONDS_IN.items() if seconds >= size), "second")
    whole, rest = divmod(seconds, SECONDS_IN[large])
    small = SMALLER_UNIT.get(large)
    part = rest // SECONDS_IN[small] if small else 0
    return _in_unit(whole, large) + (f" {_in_unit(part, small)}" if small and part else "")


def _in_unit(count: int, unit: Unit) -> str:
    length = timedelta(seconds=count * SECONDS_IN[unit])
    # An infinite threshold keeps babel from choosing a larger unit, or rounding to it.
    return format_timedelta(length, granularity=unit, threshold=inf, format="narrow", locale="en")
