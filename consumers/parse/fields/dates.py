"""Read times as sites write them, without guessing, and find those that are impossible for an article.

Forms: ISO 8601 and RFC 3339, loose and compact; Unix time; day first (17.04.2031); RFC 5322 and RFC 1123, as in mail.
Which of a page's times counts is decided in publication_time.py.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from html import escape
from urllib.parse import urlsplit

from htmldate import find_date

_OLDEST_YEAR = 1990
_AHEAD = dt.timedelta(days=2)  # clocks and zones of sites are wrong by hours, not by days
_ISO = re.compile(
    r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})"
    r"(?:[T\s,]+(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,]\d+)?)?\s*(?P<z>Z|UTC|GMT|[+-]\d{1,2}:?\d{2}|[+-]\d{1,2})?)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(Z|[+-]\d{4})?$")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:\D{1,4}(\d{1,2}):(\d{2}))?")
_IN_URL = re.compile(r"(?<!\d)(20\d\d)([-/_.]?)(\d\d)\2(\d\d)(?:(?!\d)|(?=\d{4}))")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?$")
_ZONE = re.compile(r"([+-])(\d{1,2}):?(\d{2})?")


def read_time(text: str | None) -> dt.datetime | None:
    """Return the time that a text gives: aware if it names a zone, else naive; None if it is not a time."""
    text = (text or "").strip()[:80]
    if len(text) < 8:
        return None
    for read in (_from_iso, _from_loose_iso, _from_compact, _from_epoch, _from_day_first, _from_mail):
        try:
            found = read(text)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        if found:
            return found
    return None


def read_url_date(url: str) -> dt.datetime | None:
    """Return the day in the path of a URL: /2031/04/17/, 2031-04-17 or 20310417."""
    found = _IN_URL.search(urlsplit(url).path)
    try:
        return dt.datetime(int(found[1]), int(found[3]), int(found[4])) if found else None  # noqa: DTZ001 - the page names no zone
    except ValueError:
        return None


def search_date(lines: Sequence[str], fetched_at: dt.datetime) -> dt.datetime | None:
    """Return the day that lines near the headline name: a guess, to be marked as such.

    Searching the whole page would take longer than everything else together, and find the days of other articles.
    """
    if not lines:
        return None
    page = f"<html><body>{''.join(f'<p>{escape(line)}</p>' for line in lines)}</body></html>"
    try:
        found = find_date(
            page,
            original_date=True,
            extensive_search=True,
            min_date=f"{_OLDEST_YEAR}-01-01",
            max_date=fetched_at.strftime("%Y-%m-%d"),
        )
    except (ValueError, OverflowError, RecursionError):
        return None
    # A copyright year is found as the first of January
    return None if not found or found.endswith("-01-01") else read_time(found)


def find_fault(when: dt.datetime, fetched_at: dt.datetime) -> str | None:
    """Return why a time is impossible for an article that was fetched then; None if it is possible."""
    if when.year < _OLDEST_YEAR:
        return f"{when.isoformat()} is before {_OLDEST_YEAR}"
    # Compared in its own zone: at the edges of the calendar, UTC may be out of range
    aware = when if when.tzinfo else when.replace(tzinfo=dt.UTC)
    if aware > fetched_at + _AHEAD:
        return f"{when.isoformat()} lies in the future"
    return None


def as_utc(when: dt.datetime) -> dt.datetime:
    """Return the time in UTC; a time without a zone is taken as UTC.

    Raises OverflowError at the edges of the calendar, which `find_fault` refuses.
    """
    return when.replace(tzinfo=dt.UTC) if when.tzinfo is None else when.astimezone(dt.UTC)


def _from_iso(text: str) -> dt.datetime | None:
    return None if text.isdigit() else dt.datetime.fromisoformat(text)


def _from_loose_iso(text: str) -> dt.datetime | None:
    found = _ISO.search(text)
    if not found:
        return None
    part = found.groupdict()
    when = dt.datetime(int(part["y"]), int(part["m"]), int(part["d"]), int(part["H"] or 0), int(part["M"] or 0))  # noqa: DTZ001 - the page names no zone
    return when.replace(second=int(part["S"] or 0), tzinfo=_zone(part["z"]))


def _from_compact(text: str) -> dt.datetime | None:
    found = _COMPACT.match(text)
    if not found:
        return None
    numbers = [int(number or 0) for number in found.groups()[:6]]
    return dt.datetime(*numbers, tzinfo=_zone(found[7]))  # type: ignore[misc,arg-type]


def _from_epoch(text: str) -> dt.datetime | None:
    return dt.datetime.fromtimestamp(int(text[:10]), dt.UTC) if _EPOCH.match(text) else None


def _from_day_first(text: str) -> dt.datetime | None:
    found = _DAY_FIRST.search(text)
    if not found:
        return None
    day, month, year, hour, minute = (int(number or 0) for number in found.groups())
    return dt.datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the page names no zone


def _from_mail(text: str) -> dt.datetime | None:
    return parsedate_to_datetime(text)


def _zone(text: str | None) -> dt.timezone | None:
    if not text:
        return None
    if found := _ZONE.match(text):
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        return dt.timezone(dt.timedelta(minutes=-minutes if found[1] == "-" else minutes))
    return dt.UTC
