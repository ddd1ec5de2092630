"""Adds up the crawl state: where every address stands, by source, and what is on its way for too long."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from newswire.crawl.database import open_reader
from newswire.settings import Settings

IN_FLIGHT: Final = ("discovered", "fetched", "parsed")
ENDS: Final = ("indexed", "unchanged", "rejected", "dead-lettered", "gone", "refused", "failed")

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
_LISTS: Final = """
    SELECT source, url, polled_at, changed_at, status, error, errors, entries FROM feeds ORDER BY source, url
"""


@dataclass(slots=True)
class Account:
    """The addresses of one source by state, and the reasons of those that did not come through."""

    source: str
    states: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def discovered(self) -> int:
        """Return how many addresses are known; always `ended` and `in_flight` together."""
        return self.states.total()

    @property
    def ended(self) -> int:
        """Return how many have come to an end, good or bad."""
        return sum(self.states[state] for state in ENDS)

    @property
    def in_flight(self) -> int:
        """Return how many are on their way."""
        return sum(self.states[state] for state in IN_FLIGHT)


@dataclass(frozen=True, slots=True)
class Overdue:
    """An address that should have come to an end long ago."""

    url_id: str
    url: str
    source: str
    state: str
    reason: str | None
    attempts: int
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class ListState:
    """A feed or sitemap: when it was last read and changed, and what went wrong how many times in a row."""

    url: str
    polled_at: dt.datetime | None
    changed_at: dt.datetime | None
    status: int | None
    error: str | None
    errors: int
    entries: int


def account(settings: Settings, *, since: dt.datetime | None = None) -> dict[str, Account]:
    """Return the account of every source that has addresses, or of the addresses first seen since a moment."""
    accounts: dict[str, Account] = {}
    with open_reader(settings) as connection:
        for row in connection.execute(_COUNT, {"since": since}):
            one = accounts.setdefault(row["source"], Account(row["source"]))
            one.states[row["state"]] += row["number"]
            if row["reason"]:
                one.reasons.setdefault(row["state"], Counter())[row["reason"]] += row["number"]
    return accounts


def overdue(settings: Settings, older_than: dt.timedelta, *, limit: int = 100) -> list[Overdue]:
    """Return what is in flight for longer than it may be, the oldest first."""
    with open_reader(settings) as connection:
        rows = connection.execute(_OVERDUE, {"age": older_than, "limit": limit}).fetchall()
    return [Overdue(**row) for row in rows]


def count_overdue(settings: Settings, older_than: dt.timedelta) -> dict[str, int]:
    """Return for each source how many addresses are in flight for longer than they may be; only where there are any."""
    with open_reader(settings) as connection:
        return {row["source"]: row["number"] for row in connection.execute(_COUNT_OVERDUE, {"age": older_than})}


def read_lists(settings: Settings) -> dict[str, tuple[ListState, ...]]:
    """Return the lists of each source that were ever read."""
    lists: dict[str, tuple[ListState, ...]] = {}
    with open_reader(settings) as connection:
        for row in connection.execute(_LISTS):
            source = row.pop("source")
            lists[source] = (*lists.get(source, ()), ListState(**row))
    return lists
