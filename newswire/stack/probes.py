"""How the supervisor learns that a service is ready: an open port, or a page that answers as it should."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import httpx
import psycopg

from newswire.stack.service import Probe

PROBE_TIMEOUT_SECONDS = 2.0


def listening(port: int, host: str = "127.0.0.1") -> Probe:
    """Return a probe that is true while something accepts connections on the port."""

    async def probe() -> bool:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), PROBE_TIMEOUT_SECONDS)
        except (OSError, TimeoutError):
            return False
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True

    return probe


def accepting(dsn: str) -> Probe:
    """Return a probe that is true once PostgreSQL lets us in; while it recovers it listens and refuses."""

    async def probe() -> bool:
        try:
            connection = await psycopg.AsyncConnection.connect(dsn, connect_timeout=int(PROBE_TIMEOUT_SECONDS))
        except psycopg.OperationalError:
            return False
        await connection.close()
        return True

    return probe


def answering(url: str, is_ready: Callable[[httpx.Response], bool] = lambda response: response.is_success) -> Probe:
    """Return a probe that is true while the page answers and `is_ready` accepts the answer."""

    async def probe() -> bool:
        async with httpx.AsyncClient(timeout=PROBE_TIMEOUT_SECONDS, trust_env=False) as client:
            try:
                return is_ready(await client.get(url))
            except (httpx.HTTPError, ValueError, KeyError):
                return False

    return probe
