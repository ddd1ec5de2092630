"""Probes against servers that answer, refuse, or only hold the connection open."""

from __future__ import annotations

import asyncio
import socket
import struct

from newswire.stack import probes
from newswire.stack.probes import speaking_kafka


def test_a_broker_that_only_accepts_connections_is_not_live(monkeypatch):
    """The kernel goes on accepting for a broker that hangs; only an answer to the request counts."""
    monkeypatch.setattr(probes, "PROBE_TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not asyncio.run(speaking_kafka(server.getsockname()[1])())
    assert not asyncio.run(speaking_kafka(9)())


def test_a_broker_that_answers_is_live():
    """The answer begins with its size and the number of the request."""

    async def answer(reader, writer) -> None:
        size, key, version, number, client = struct.unpack(">ihhih", await reader.readexactly(14))
        assert (size, key, version, client) == (10, 18, 0, -1)
        writer.write(struct.pack(">iih", 6, number, 0))
        await writer.drain()
        writer.close()

    async def ask() -> bool:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            return await speaking_kafka(server.sockets[0].getsockname()[1])()

    assert asyncio.run(ask())
