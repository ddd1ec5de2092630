"""Limit the rate of requests to each host: a worker waits here for a lease, and no two workers hold one at a time."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import anyio

from newswire.crawl.database import Database, fetch_all
from newswire.settings import Settings
from newswire.sources.catalogue import Source
from newswire.text.urls import host_of

# While a worker holds the lease nobody else may send to the host, and a worker that died blocks it no longer than
# a request may last. The clock is the database's, so machines need not agree on theirs.
_TAKE: Final = """
    WITH taken AS (
        INSERT INTO hosts (host, next_request_at, held_by)
        VALUES (%(host)s, clock_timestamp() + %(lease)s * interval '1 s', %(holder)s)
        ON CONFLICT (host) DO UPDATE SET next_request_at = excluded.next_request_at, held_by = excluded.held_by
        WHERE hosts.next_request_at <= clock_timestamp()
        RETURNING true AS is_ours
    )
    SELECT is_ours, 0::float8 AS wait, true AS is_held FROM taken
    UNION ALL
    SELECT false, greatest(0, extract(epoch FROM next_request_at - clock_timestamp()))::float8, held_by IS NOT NULL
    FROM hosts WHERE host = %(host)s AND NOT EXISTS (SELECT FROM taken)
"""
_RELEASE: Final = """
    UPDATE hosts SET next_request_at = clock_timestamp() + %(delay)s * interval '1 s', held_by = NULL
    WHERE host = %(host)s AND held_by = %(holder)s
"""
_MIN_WAIT_SECONDS: Final = 0.005
_POLL_SECONDS: Final = 0.25  # while another worker holds the lease: it may be released at any moment


class OutOfTimeError(Exception):
    """The host's rate limit allows the next request only after the caller's deadline."""

    def __init__(self, host: str, wait_seconds: float) -> None:
        super().__init__(f"the next request to {host} is allowed in {wait_seconds:.0f} s")
        self.wait_seconds = wait_seconds


class Lease:
    """The right to send one request; `delay_seconds` is the pause after it, before the next worker's lease."""

    def __init__(self, delay_seconds: float) -> None:
        self.delay_seconds = delay_seconds


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Whether the lease is ours; if not, when to try again, and how long the host's pause certainly lasts."""

    wait_seconds: float
    pause_seconds: float
    is_ours: bool = False


class RateLimiter:
    """The leases of all hosts, shared by all workers through PostgreSQL."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._lease_seconds = settings.fetch_timeout_seconds + 10.0

    @asynccontextmanager
    async def lease(self, host: str, delay_seconds: float, deadline: float) -> AsyncIterator[Lease]:
        """Wait for the host's lease, hold it during the block, then keep the host free for the lease's delay.

        Raises:
            OutOfTimeError: the lease would begin after `deadline`, a time.monotonic().
        """
        holder = secrets.token_hex(8)  # one whose lease expired must not release the lease of another
        while not (attempt := await self._take(host, holder)).is_ours:
            if time.monotonic() + attempt.wait_seconds >= deadline:
                raise OutOfTimeError(host, attempt.pause_seconds)
            await anyio.sleep(max(attempt.wait_seconds, _MIN_WAIT_SECONDS))
        lease = Lease(delay_seconds)
        try:
            yield lease
        finally:
            with anyio.CancelScope(shield=True):
                await self._database.execute(_RELEASE, {"host": host, "delay": lease.delay_seconds, "holder": holder})

    async def _take(self, host: str, holder: str) -> _Attempt:
        values = {"host": host, "holder": holder, "lease": self._lease_seconds}
        rows = await fetch_all(self._database, _TAKE, values)
        if not rows:  # another worker has just taken the first lease of a host that was not in the table
            return _Attempt(wait_seconds=_MIN_WAIT_SECONDS, pause_seconds=0.0)
        row = rows[0]
        if row["is_held"] and not row["is_ours"]:
            return _Attempt(wait_seconds=min(row["wait"], _POLL_SECONDS), pause_seconds=0.0)
        # A wait of zero is not yet a lease: the pause has ended since the statement read it.
        return _Attempt(wait_seconds=row["wait"], pause_seconds=row["wait"], is_ours=row["is_ours"])


def request_delay(source_seconds: float | None, default_seconds: float, robots_seconds: float) -> float:
    """Return the pace of a host, in seconds between two requests: its source's or the default, and never below its own.

    robots.txt can only slow us down.
    """
    return max(default_seconds if source_seconds is None else source_seconds, robots_seconds)


def host_delays(sources: Iterable[Source]) -> Mapping[str, float]:
    """Return the seconds between requests that sources set, by host; of two that share a host, the longer."""
    delays: dict[str, float] = {}
    for source in sources:
        lists = (*source.feeds, *source.sitemaps, *source.front_pages)
        for host in {*source.hosts, *map(host_of, lists)} if source.delay_seconds is not None else ():
            delays[host] = max(delays.get(host, 0.0), source.delay_seconds or 0.0)
    return delays
