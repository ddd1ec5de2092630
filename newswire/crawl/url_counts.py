"""Count the addresses in the crawl state by source and state, and find those in flight for too long."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from newswire.crawl.database import open_reader
from newswire.settings import Settings

IN_FLIGHT: Final = ("discovered", "fetched", "parsed")
ENDS: Final = ("indexed", "unchanged", "rejected", "dead-lettered", "gone", "refused", "failed", "taken-down")

_COUNT: Final = """
    SELECT source, state, coalesce(reason, '') AS reason, count(*) AS number FROM urls
    WHERE %(since)s::timestamptz IS NULL OR first_seen_at >= %(since)s
    GROUP BY source, state, reason ORDER BY source, state, reason
"""
_OVERDUE: Final = """
    SELECT url_id, url, source, state, reason, attempts, coalesce(fetched_at, first_seen_at) AS since FROM urls
    WHERE state IN ('discovered', 'fetched', 'parsed') AND coalesce(fetched_at, first_seen_at) < now() - %(age)s
    ORDER BY since, url_id LIMIT %(limit)s
"""
_COUNT_OVERDUE: Final = """
    SELECT source, count(*) AS number FROM urls
    WHERE state IN ('discovered', 'fetched', 'parsed') AND coalesce(fetched_at, first_seen_at) < now() - %(age)s
    GROUP BY source
"""
_COUNT_QUARANTINED: Final = """
    SELECT source, count(*) AS number FROM urls WHERE state = 'dead-lettered' AND reason = 'quarantined' GROUP BY source
"""
_LISTS: Final = """
    SELECT source, url, polled_at, changed_at, status, error, errors, entries FROM feeds ORDER BY source, url
"""


@dataclass(slots=True)
class UrlCounts:
    """The number of addresses of one source by state, and by reason for those that ended without an article."""

    source: str
    states: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def discovered(self) -> int:
        """Return how many addresses are known: the sum of `ended` and `in_flight`."""
        return self.states.total()

    @property
    def ended(self) -> int:
        """Return how many are in a final state, successful or not."""
        return sum(self.states[state] for state in ENDS)

    @property
    def in_flight(self) -> int:
        """Return how many are not yet in a final state."""
        return sum(self.states[state] for state in IN_FLIGHT)


@dataclass(frozen=True, slots=True)
class Overdue:
    """An address that should have reached a final state long ago."""

    url_id: str
    url: str
    source: str
    state: str
    reason: str | None
    attempts: int
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class ListState:
    """A list: when it was last polled and changed, its last error and the number of errors in a row."""

    url: str
    polled_at: dt.datetime | None
    changed_at: dt.datetime | None
    status: int | None
    error: str | None
    errors: int
    entries: int


def count_urls(settings: Settings, *, since: dt.datetime | None = None) -> dict[str, UrlCounts]:
    """Return the counts of every source that has addresses; `since` limits them to addresses first seen after it."""
    counts: dict[str, UrlCounts] = {}
    with open_reader(settings) as connection:
        for row in connection.execute(_COUNT, {"since": since}):
            one = counts.setdefault(row["source"], UrlCounts(row["source"]))
            one.states[row["state"]] += row["number"]
            if row["reason"]:
                one.reasons.setdefault(row["state"], Counter())[row["reason"]] += row["number"]
    return counts


def find_overdue(settings: Settings, older_than: dt.timedelta, *, limit: int = 100) -> list[Overdue]:
    """Return the addresses in flight for longer than `older_than`, oldest first."""
    with open_reader(settings) as connection:
        rows = connection.execute(_OVERDUE, {"age": older_than, "limit": limit}).fetchall()
    return [Overdue(**row) for row in rows]


def count_overdue(settings: Settings, older_than: dt.timedelta) -> dict[str, int]:
    """Return how many addresses of each source are in flight for longer than `older_than`, if there are any."""
    with open_reader(settings) as connection:
        return {row["source"]: row["number"] for row in connection.execute(_COUNT_OVERDUE, {"age": older_than})}


def count_quarantined(settings: Settings) -> dict[str, int]:
    """Return how many pages of each source parse left out because others of it overran, if there are any."""
    with open_reader(settings) as connection:
        return {row["source"]: row["number"] for row in connection.execute(_COUNT_QUARANTINED)}


def read_lists(settings: Settings) -> dict[str, tuple[ListState, ...]]:
    """Return the lists of each source that were ever polled."""
    lists: dict[str, tuple[ListState, ...]] = {}
    with open_reader(settings) as connection:
        for row in connection.execute(_LISTS):
            source = row.pop("source")
            lists[source] = (*lists.get(source, ()), ListState(**row))
    return lists
