"""The state of every list between polls: its validators, content hash and failures."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any, Final

from newswire.crawl.database import Database, fetch_all
from newswire.crawl.http_client import SiteResponse
from newswire.settings import Settings

# A single failure may be chance, and Airflow retries at once; a list that keeps failing is polled less and less often,
# but never dropped: feeds come back after weeks.
_TOLERATED_ERRORS: Final = 2
_FIRST_PAUSE_SECONDS: Final = 60.0  # doubled with every error, tolerated ones included
_MAX_PAUSE_SECONDS: Final = 6 * 3_600.0

_BEGIN: Final = """
    INSERT INTO feeds AS f (url, source) VALUES (%(url)s, %(source)s)
    ON CONFLICT (url) DO UPDATE SET source = excluded.source
    RETURNING etag, last_modified, content_sha256, polls, errors, status, polled_at,
              greatest(0, extract(epoch FROM next_poll_at - now()))::float8 AS pause_seconds
"""
_SAVE_GOOD: Final = """
    UPDATE feeds SET etag = %(etag)s, last_modified = %(last_modified)s,
        content_sha256 = %(sha256)s, polls = polls + 1, polled_at = now(), status = %(status)s,
        error = NULL, errors = 0, next_poll_at = '-infinity', entries = coalesce(%(entries)s, entries),
        new_entries = %(new)s, changed_at = CASE WHEN %(new)s > 0 THEN now() ELSE changed_at END
    WHERE url = %(url)s
"""
_SAVE_BAD: Final = """
    UPDATE feeds SET polls = polls + 1, polled_at = now(), status = %(status)s, error = %(error)s, errors = errors + 1,
        new_entries = 0, next_poll_at = now() + %(pause)s * interval '1 s', etag = NULL, last_modified = NULL
    WHERE url = %(url)s
"""


@dataclass(frozen=True, slots=True)
class ListPoll:
    """What is known of a list before it is polled."""

    url: str
    pause_seconds: float
    errors: int
    polled_at: dt.datetime | None
    content_sha256: str | None
    validators: dict[str, str]

    def is_known(self, body: bytes) -> bool:
        """Return whether the body is the same as at the last poll."""
        return self.content_sha256 == hashlib.sha256(body).hexdigest()

    def has_seen(self, changed_at: dt.datetime | None) -> bool:
        """Return whether the list was read without error after `changed_at`, its time of change in the index."""
        return bool(changed_at and self.polled_at and not self.errors and self.polled_at > changed_at)


class ListStates:
    """The table `feeds`, one row per list."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._every = settings.feed_unconditional_every

    async def begin(self, url: str, source: str, *, fresh: bool) -> ListPoll:
        """Return what is known of a list before it is polled; `fresh` polls it as if for the first time."""
        (row,) = await fetch_all(self._database, _BEGIN, {"url": url, "source": source})
        pairs = {"If-None-Match": row["etag"], "If-Modified-Since": row["last_modified"]}
        # Some servers respond 304 although there is news, so every few polls the validators are left out.
        is_unconditional = fresh or (row["polls"] + 1) % self._every == 0
        return ListPoll(
            url=url,
            pause_seconds=0.0 if fresh and row["status"] != 429 else row["pause_seconds"],
            errors=row["errors"],
            polled_at=None if fresh else row["polled_at"],
            content_sha256=None if fresh else row["content_sha256"],
            validators={} if is_unconditional else {name: value for name, value in pairs.items() if value},
        )

    async def save_good(
        self,
        poll: ListPoll,
        response: SiteResponse,
        *,
        entries: int | None = None,
        new: int = 0,
        is_remembered: bool = True,
    ) -> None:
        """Store a successful poll; `entries` is None if the list is unchanged."""
        old = poll.validators if response.status == 304 else {}
        sha256 = poll.content_sha256 if response.status == 304 else hashlib.sha256(response.body).hexdigest()
        etag = response.headers.get("ETag") or old.get("If-None-Match")
        last_modified = response.headers.get("Last-Modified") or old.get("If-Modified-Since")
        values: dict[str, Any] = {"url": poll.url, "status": response.status, "entries": entries, "new": new}
        kept = {"etag": etag, "last_modified": last_modified, "sha256": sha256}
        await self._database.execute(_SAVE_GOOD, values | (kept if is_remembered else dict.fromkeys(kept)))

    async def save_bad(self, poll: ListPoll, error: str, status: int | None, retry_after: float | None) -> None:
        """Store a failed poll: the reason, and when the next one is due."""
        pause = pause_after_failure(poll.errors, retry_after)
        values: dict[str, Any] = {"url": poll.url, "error": error.replace("\0", ""), "status": status, "pause": pause}
        await self._database.execute(_SAVE_BAD, values)


def pause_after_failure(errors_before: int, retry_after: float | None) -> float:
    """Return the seconds until a list that failed again is polled: doubled each time, and never before Retry-After."""
    doubled = _FIRST_PAUSE_SECONDS * 2 ** min(errors_before, 20) if errors_before >= _TOLERATED_ERRORS else 0.0
    return max(min(doubled, _MAX_PAUSE_SECONDS), retry_after or 0.0)
