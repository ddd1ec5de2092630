"""The frontier: discover adds addresses, fetch claims those that are due, and each has exactly one state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from newswire.crawl.database import Database, fetch_all
from newswire.settings import Settings
from newswire.text.ids import url_id
from newswire.text.urls import host_of, without_trackers
from schemas.messages import FeedEntry, FetchedPage

End = Literal["gone", "refused", "failed"]
MAX_ATTEMPTS: Final = 5
PATIENCE: Final = dt.timedelta(days=3)  # with an address whose site always asks to try again later
_FIRST_BACKOFF_SECONDS: Final = 120.0

# A known address is due again when its list shows that it changed: by a later date or, in the list that named it
# first, by another title. Two lists may word a title differently, so only the first one counts.
# An address on a host that the source did not name becomes due once the source names it. One that is taken down never
# does, not even if it is new to us. Rows are locked in one order.
_RECORD: Final = """
    WITH found AS (
        SELECT f.*, EXISTS (SELECT 1 FROM takedowns t
                            WHERE t.undone_at IS NULL AND t.url_ids @> ARRAY[f.url_id]) AS is_taken_down
        FROM jsonb_to_recordset(%(found)s) AS f(
            url_id text, url text, host text, entry jsonb, changed_at timestamptz, refused text)
    ), recorded AS (
        INSERT INTO urls AS u (url_id, url, host, source, state, reason, found_in, entry, changed_at, next_attempt_at)
        SELECT url_id, url, host, %(source)s,
               CASE WHEN is_taken_down THEN 'taken-down' WHEN refused IS NULL THEN 'discovered' ELSE 'refused' END,
               CASE WHEN is_taken_down THEN 'on-request' ELSE refused END, %(found_in)s, entry, changed_at,
               CASE WHEN refused IS NULL AND NOT is_taken_down THEN now() END
        FROM found ORDER BY url_id
        ON CONFLICT (url_id) DO UPDATE SET
            state = CASE WHEN u.reason = 'other-host' THEN 'discovered' ELSE u.state END,
            reason = CASE WHEN u.reason = 'other-host' THEN NULL ELSE u.reason END,
            entry = CASE WHEN u.found_in = excluded.found_in THEN excluded.entry ELSE u.entry END,
            changed_at = greatest(u.changed_at, excluded.changed_at),
            next_attempt_at = greatest(now(), u.fetched_at + %(revisit_min)s * interval '1 s'),
            is_changed = true
        WHERE u.state NOT IN ('discovered', 'taken-down') AND excluded.state = 'discovered' AND (
            %(fresh)s
            OR u.reason = 'other-host'
            OR u.changed_at < excluded.changed_at
            OR u.found_in = excluded.found_in AND u.entry ->> 'title' <> excluded.entry ->> 'title')
        RETURNING (xmax = 0) AS is_new, state
    )
    SELECT count(*) FILTER (WHERE is_new AND state = 'discovered') AS new,
           count(*) FILTER (WHERE is_new AND state = 'refused') AS refused,
           count(*) FILTER (WHERE NOT is_new) AS due_again
    FROM recorded
"""
# New addresses come before revisits, and the newest first: after a pause, the latest news is fetched first.
_CLAIM: Final = """
    WITH due AS (
        SELECT url_id FROM urls
        WHERE host = %(host)s AND state <> 'taken-down' AND next_attempt_at <= now()
          AND (lease_until IS NULL OR lease_until < now())
          AND (%(sources)s::text[] IS NULL OR source = ANY(%(sources)s))
        ORDER BY fetched_at IS NOT NULL, first_seen_at DESC, url_id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    )
    UPDATE urls u SET lease_until = now() + %(lease)s * interval '1 s', attempts = attempts + 1
    FROM due WHERE u.url_id = due.url_id
    RETURNING u.url_id, u.url, u.source, u.entry, u.first_seen_at, u.first_fetched_at, u.fetched_at, u.attempts,
              u.is_changed, u.etag, u.last_modified, u.body_sha256
"""
# An address taken down while it was fetched stays so: here, and in the next three statements.
# The ledger may have recorded this fetch before us; its state is then further along and is kept.
_FETCHED: Final = """
    UPDATE urls SET
        state = CASE WHEN fetched_at IS NULL OR fetched_at < %(fetched_at)s THEN 'fetched' ELSE state END,
        reason = CASE WHEN fetched_at IS NULL OR fetched_at < %(fetched_at)s THEN NULL ELSE reason END,
        fetched_at = greatest(fetched_at, %(fetched_at)s),
        first_fetched_at = coalesce(first_fetched_at, %(fetched_at)s),
        status = %(status)s, etag = %(etag)s, last_modified = %(last_modified)s, body_sha256 = %(body_sha256)s,
        next_attempt_at = %(next)s, lease_until = NULL, attempts = 0, is_changed = false
    WHERE url_id = %(url_id)s AND state <> 'taken-down'
"""
_UNCHANGED: Final = """
    UPDATE urls SET next_attempt_at = %(next)s, lease_until = NULL, attempts = 0, is_changed = false
    WHERE url_id = %(url_id)s AND state <> 'taken-down'
"""
# A page that was fetched before and fails now keeps its state.
_ENDED: Final = """
    UPDATE urls SET
        state = CASE WHEN %(state)s = 'failed' AND fetched_at IS NOT NULL THEN state ELSE %(state)s END,
        reason = CASE WHEN %(state)s = 'failed' AND fetched_at IS NOT NULL THEN reason ELSE %(reason)s END,
        status = %(status)s, next_attempt_at = %(next)s, lease_until = NULL, attempts = 0, is_changed = false
    WHERE url_id = %(url_id)s AND state <> 'taken-down'
"""
_DEFERRED: Final = """
    UPDATE urls SET
        reason = CASE WHEN state = 'discovered' THEN %(reason)s ELSE reason END,
        next_attempt_at = now() + %(delay)s * interval '1 s', lease_until = NULL, attempts = attempts - %(forgiven)s
    WHERE url_id = %(url_id)s AND state <> 'taken-down'
"""


@dataclass(frozen=True, slots=True)
class ListedUrl:
    """An address in a list; `refused` is the reason if it is recorded but never fetched."""

    url: str
    entry: FeedEntry
    changed_at: dt.datetime | None = None
    refused: str | None = None

    def as_row(self) -> dict[str, Any]:
        """Return the values for the statement that records it."""
        return {
            "url_id": url_id(self.url),
            "url": without_trackers(self.url),
            "host": host_of(self.url),
            "entry": self.entry,
            "changed_at": self.changed_at,
            "refused": self.refused,
        }


class ClaimedUrl(msgspec.Struct, frozen=True, kw_only=True):
    """An address that only this worker may fetch until its claim expires."""

    url_id: str
    url: str
    source: str
    entry: FeedEntry
    first_seen_at: dt.datetime
    first_fetched_at: dt.datetime | None
    fetched_at: dt.datetime | None
    attempts: int
    is_changed: bool
    etag: str | None
    last_modified: str | None
    body_sha256: str | None

    def validators(self) -> dict[str, str]:
        """Return the headers of a conditional request; none if the list has announced a change."""
        if self.is_changed:
            return {}
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


class Frontier:
    """The table `urls`."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    async def record(
        self, source: str, found_in: str, found: Sequence[ListedUrl], *, fresh: bool = False
    ) -> dict[str, int]:
        """Record addresses, each once; return the counts `new`, `refused` and `due_again`."""
        unique = {row["url_id"]: row for row in (entry.as_row() for entry in found)}
        rows = await fetch_all(self._database, _RECORD, {
            "found": msgspec.json.encode(list(unique.values())).decode(), "source": source, "found_in": found_in,
            "fresh": fresh, "revisit_min": 0 if fresh else self._settings.revisit_min_seconds,
        })  # fmt: skip
        return dict(rows[0])

    async def claim(
        self, host: str, limit: int, lease_seconds: float, sources: Sequence[str] | None
    ) -> list[ClaimedUrl]:
        """Return up to `limit` due addresses of a host; no other worker gets them before the lease ends."""
        rows = await fetch_all(self._database, _CLAIM, {
            "host": host, "limit": limit, "lease": lease_seconds, "sources": None if sources is None else list(sources),
        })  # fmt: skip
        claims = [msgspec.convert(row, ClaimedUrl) for row in rows]
        return sorted(claims, key=lambda claim: (claim.fetched_at is not None, -claim.first_seen_at.timestamp()))

    async def mark_fetched(self, claim: ClaimedUrl, page: FetchedPage) -> None:
        """Record that Kafka has acknowledged the page."""
        await self._database.execute(_FETCHED, {
            "url_id": claim.url_id, "next": self._next_visit(claim.first_fetched_at or page.fetched_at),
            "fetched_at": page.fetched_at, "status": page.status, "etag": page.etag,
            "last_modified": page.last_modified, "body_sha256": page.body_sha256,
        })  # fmt: skip

    async def mark_unchanged(self, claim: ClaimedUrl) -> None:
        """Record that the page has not changed since it was last fetched."""
        await self._database.execute(
            _UNCHANGED, {"url_id": claim.url_id, "next": self._next_visit(claim.first_fetched_at)}
        )

    async def mark_ended(self, claim: ClaimedUrl, state: End, reason: str, status: int | None) -> None:
        """Record a final state; only a page that was fetched before and failed now is visited again."""
        next_visit = self._next_visit(claim.first_fetched_at) if state == "failed" else None
        values = {"url_id": claim.url_id, "state": state, "reason": reason, "status": status, "next": next_visit}
        await self._database.execute(_ENDED, values)

    async def defer(
        self, claim: ClaimedUrl, reason: str, delay_seconds: float | None = None, *, is_forgiven: bool
    ) -> None:
        """Make an address due again later; an attempt that `is_forgiven`, as not its fault, does not count."""
        delay = backoff_seconds(claim.attempts) if delay_seconds is None else delay_seconds
        values = {"url_id": claim.url_id, "reason": reason, "forgiven": int(is_forgiven), "delay": delay}
        await self._database.execute(_DEFERRED, values)

    def _next_visit(self, first_fetched_at: dt.datetime | None) -> dt.datetime | None:
        """Return when a page is due for a revisit: most corrections come within hours. None: never again."""
        if first_fetched_at is None:
            return None
        soonest = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=min(self._settings.revisit_min_seconds, 1.0))
        visits = (first_fetched_at + dt.timedelta(seconds=after) for after in self._settings.revisit_after_seconds)
        return next((visit for visit in sorted(visits) if visit > soonest), None)


def backoff_seconds(attempts: int) -> float:
    """Return the seconds until an address is due again after so many failed attempts: two minutes, then four-fold."""
    return _FIRST_BACKOFF_SECONDS * 4.0 ** (attempts - 1)
