"""Hands out a host's turns: before a request the crawl waits here, and no two workers share a turn."""

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

# A turn is a lease: while a request is under way nobody else may send to the host, and a worker that died
# blocks it no longer than a request may last. The clock is the database's, so machines need not agree on theirs.
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
_GIVE_BACK: Final = """
    UPDATE hosts SET next_request_at = clock_timestamp() + %(delay)s * interval '1 s', held_by = NULL
    WHERE host = %(host)s AND held_by = %(holder)s
"""
_SHORTEST_WAIT: Final = 0.005
_LOOK_AGAIN_SECONDS: Final = 0.25  # while another worker's request is under way: it may end at any moment


class OutOfTimeError(Exception):
    """The host's next turn comes after the caller's deadline."""

    def __init__(self, host: str, wait_seconds: float) -> None:
        super().__init__(f"{host} may be asked again in {wait_seconds:.0f} s")
        self.wait_seconds = wait_seconds


class Lease:
    """The right to send one request; `delay_seconds` is how long the host then has its peace."""

    def __init__(self, delay_seconds: float) -> None:
        self.delay_seconds = delay_seconds


@dataclass(frozen=True, slots=True)
class _Answer:
    """Whether the turn is ours; else when to ask again, and how long the host surely wants its peace."""

    wait_seconds: float
    pause_seconds: float
    is_ours: bool = False


class RateLimiter:
    """The queue before every host."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._lease_seconds = settings.fetch_timeout_seconds + 10.0

    @asynccontextmanager
    async def turn(self, host: str, delay_seconds: float, deadline: float) -> AsyncIterator[Lease]:
        """Wait for the host, hold it during the block, then leave it alone for the turn's delay.

        Raises OutOfTimeError when that would be after `deadline`, a time.monotonic().
        """
        holder = secrets.token_hex(8)  # one whose lease ran out may not give back what has become another's turn
        while not (answer := await self._take(host, holder)).is_ours:
            if time.monotonic() + answer.wait_seconds >= deadline:
                raise OutOfTimeError(host, answer.pause_seconds)
            await anyio.sleep(max(answer.wait_seconds, _SHORTEST_WAIT))
        turn = Lease(delay_seconds)
        try:
            yield turn
        finally:
            with anyio.CancelScope(shield=True):
                await self._database.execute(_GIVE_BACK, {"host": host, "delay": turn.delay_seconds, "holder": holder})

    async def _take(self, host: str, holder: str) -> _Answer:
        values = {"host": host, "holder": holder, "lease": self._lease_seconds}
        rows = await fetch_all(self._database, _TAKE, values)
        if not rows:  # another worker has just taken the first turn of a host that nobody knew
            return _Answer(wait_seconds=_SHORTEST_WAIT, pause_seconds=0.0)
        row = rows[0]
        if row["is_held"] and not row["is_ours"]:
            return _Answer(wait_seconds=min(row["wait"], _LOOK_AGAIN_SECONDS), pause_seconds=0.0)
        # A wait of nothing is not yet a turn: the pause has ended since the statement looked.
        return _Answer(wait_seconds=row["wait"], pause_seconds=row["wait"], is_ours=row["is_ours"])


def host_delays(sources: Iterable[Source]) -> Mapping[str, float]:
    """Return the pace that sources ask for; of two that share a host, the slower."""
    delays: dict[str, float] = {}
    for source in sources:
        lists = (*source.feeds, *source.sitemaps, *source.front_pages)
        for host in {*source.hosts, *map(host_of, lists)} if source.delay_seconds is not None else ():
            delays[host] = max(delays.get(host, 0.0), source.delay_seconds or 0.0)
    return delays
