"""Hands out a host's turns: before a request the crawl waits here, and no two workers share a turn."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import anyio

from newswire.catalogue import Source
from newswire.crawl.database import Database, fetch_all
from newswire.settings import Settings
from newswire.urls import host_of

# A turn is a lease: while a request is under way nobody else may send to the host, and a worker that died
# blocks it no longer than a request may last. The clock is the database's, so machines need not agree on theirs.
_TAKE: Final = """
    WITH taken AS (
        INSERT INTO hosts (host, next_request_at) VALUES (%(host)s, clock_timestamp() + %(lease)s * interval '1 s')
        ON CONFLICT (host) DO UPDATE SET next_request_at = excluded.next_request_at
        WHERE hosts.next_request_at <= clock_timestamp()
        RETURNING 0::float8 AS wait
    )
    SELECT wait FROM taken
    UNION ALL
    SELECT extract(epoch FROM next_request_at - clock_timestamp())::float8 FROM hosts
    WHERE host = %(host)s AND NOT EXISTS (SELECT FROM taken)
"""
_GIVE_BACK: Final = """
    UPDATE hosts SET next_request_at = clock_timestamp() + %(delay)s * interval '1 s' WHERE host = %(host)s
"""
_SHORTEST_WAIT: Final = 0.005


class OutOfTimeError(Exception):
    """The host's next turn comes after the caller's deadline."""

    def __init__(self, host: str, wait_seconds: float) -> None:
        super().__init__(f"{host} may be asked again in {wait_seconds:.0f} s")
        self.wait_seconds = wait_seconds


class Turn:
    """The right to send one request; `delay_seconds` is how long the host then has its peace."""

    def __init__(self, delay_seconds: float) -> None:
        self.delay_seconds = delay_seconds


class Turns:
    """The queue before every host."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._lease_seconds = settings.fetch_timeout_seconds + 10.0

    @asynccontextmanager
    async def turn(self, host: str, delay_seconds: float, deadline: float) -> AsyncIterator[Turn]:
        """Wait for the host, hold it during the block, then leave it alone for the turn's delay.

        Raises OutOfTimeError when that would be after `deadline`, a time.monotonic().
        """
        while (wait := await self.take(host)) > 0:
            if time.monotonic() + wait >= deadline:
                raise OutOfTimeError(host, wait)
            await anyio.sleep(max(wait, _SHORTEST_WAIT))
        turn = Turn(delay_seconds)
        try:
            yield turn
        finally:
            with anyio.CancelScope(shield=True):
                await self._database.execute(_GIVE_BACK, {"host": host, "delay": turn.delay_seconds})

    async def take(self, host: str) -> float:
        """Take the turn if it is free and return 0, else the seconds until it may be."""
        rows = await fetch_all(self._database, _TAKE, {"host": host, "lease": self._lease_seconds})
        # No row: another worker has just taken the first turn of a host that nobody knew.
        return max(0.0, float(rows[0]["wait"])) if rows else _SHORTEST_WAIT


def host_delays(sources: Iterable[Source]) -> Mapping[str, float]:
    """Return the pace that sources ask for; of two that share a host, the slower."""
    delays: dict[str, float] = {}
    for source in sources:
        lists = (*source.feeds, *source.sitemaps, *source.front_pages)
        for host in {*source.hosts, *map(host_of, lists)} if source.delay_seconds is not None else ():
            delays[host] = max(delays.get(host, 0.0), source.delay_seconds or 0.0)
    return delays
