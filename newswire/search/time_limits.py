"""Reads the time limits of a search: days, times and ages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from newswire.search.request import SearchRequest

_AGE = re.compile(r"(\d{1,5})(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_moment(text: str, *, is_end: bool = False) -> datetime:
    """Return the time for a day, a time or an age; without a zone it is UTC.

    A day (`2026-03-02`) means its beginning, or with `is_end` its end; an age (`90m`, `12h`, `7d`, `2w`) counts
    back from now. Raises ValueError for anything else.
    """
    if age := _AGE.fullmatch(text):
        return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
    try:
        moment = datetime.fromisoformat(text)
        is_day = "T" not in text and " " not in text
        if is_end and is_day:
            moment += timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"{text!r} is not a time; write 2026-03-02, 2026-03-02T08:30 or an age such as 12h or 7d"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def time_field(request: SearchRequest) -> str:
    """Return the field that a request's time limits and timeline refer to."""
    return "dated_at" if request.by == "published" else "first_seen_at"
