"""How the supervisor learns that a service is ready and live: an open port, or a request that is answered."""

from __future__ import annotations

import asyncio
import base64
import struct
from contextlib import suppress
from urllib.parse import urlsplit

import psycopg

from newswire.stack.service import Probe

PROBE_TIMEOUT_SECONDS = 2.0
API_VERSIONS = 18  # the key of the request
CORRELATION_ID = 11


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


def speaking_kafka(port: int, host: str = "127.0.0.1") -> Probe:
    """Return a probe that is true while a broker answers requests.

    An open port proves little: the kernel accepts connections for a broker that hangs. ApiVersions is answered before
    any login (https://kafka.apache.org/protocol.html#The_Messages_ApiVersions).
    """

    async def probe() -> bool:
        try:
            return await asyncio.wait_for(_ask_api_versions(host, port), PROBE_TIMEOUT_SECONDS)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return False

    return probe


async def _ask_api_versions(host: str, port: int) -> bool:
    request = struct.pack(">hhih", API_VERSIONS, 0, CORRELATION_ID, -1)  # version 0, no client id
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(struct.pack(">i", len(request)) + request)
        _size, correlation_id = struct.unpack(">ii", await reader.readexactly(8))
        return bool(correlation_id == CORRELATION_ID)
    finally:
        writer.close()


def answering(url: str, login: tuple[str, str] | None = None) -> Probe:
    """Return a probe that is true while the page answers with status 200; `login` is user and password."""

    async def probe() -> bool:
        return await fetch_page(url, login=login) is not None

    return probe


async def fetch_page(
    url: str, timeout_seconds: float = PROBE_TIMEOUT_SECONDS, login: tuple[str, str] | None = None
) -> bytes | None:
    """Return the body of a page on loopback that answers with status 200.

    By hand, because a probe asks ten times a second, and a client that could do more takes 30 ms to be made.
    """
    try:
        answer = await asyncio.wait_for(_exchange(url, login), timeout_seconds)
    except (OSError, TimeoutError):
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    return body if head.split(b" ")[1:2] == [b"200"] else None


async def _exchange(url: str, login: tuple[str, str] | None) -> bytes:
    parts = urlsplit(url)
    token = base64.b64encode(":".join(login).encode()).decode() if login else ""
    authorization = f"Authorization: Basic {token}\r\n" if login else ""
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        # HTTP/1.0: the server sends the body as it is, and closes.
        writer.write(f"GET {parts.path or '/'} HTTP/1.0\r\nHost: {parts.netloc}\r\n{authorization}\r\n".encode())
        return await reader.read()
    finally:
        writer.close()
