"""Clients that send half a request, or open connections without end, on a real socket."""

from __future__ import annotations

import socket
import threading

import pytest
import uvicorn

from newswire.web.platform import bounded_protocol
from newswire.web.platform.bounded_protocol import BoundedProtocol

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
PATIENCE_SECONDS = 20.0


async def hello(_scope, _receive, send):
    """Answer every request."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
def address(monkeypatch):
    """A server with a short time for requests."""
    monkeypatch.setattr(bounded_protocol, "REQUEST_SECONDS", 0.3)
    config = uvicorn.Config(hello, http=BoundedProtocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


def connect(address):
    return socket.create_connection(address, PATIENCE_SECONDS)


def read_response(connection):
    received = b""
    while not received.endswith(b"hello"):
        received += connection.recv(1_000) or pytest.fail(f"closed after {received!r}")
    return received


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf",
    ],
    ids=["nothing", "half the headers", "half the body"],
)
def test_half_a_request_is_not_waited_for(address, beginning):
    """The server closes the connection once the time is over."""
    with connect(address) as connection:
        connection.sendall(beginning)
        while connection.recv(1_000):
            pass  # an early answer; then comes the end


def test_half_a_second_request_is_not_waited_for_either(address):
    """A connection that has served one request has no more rights than a new one."""
    with connect(address) as connection:
        connection.sendall(REQUEST)
        read_response(connection)
        connection.sendall(REQUEST[:-2])
        while connection.recv(1_000):
            pass


def test_whole_requests_are_answered_on_one_connection(address):
    """The time is that of a request, not of a connection."""
    with connect(address) as connection:
        for _ in range(3):
            connection.sendall(REQUEST)
            assert read_response(connection).startswith(b"HTTP/1.1 200")


def test_connections_beyond_the_bound_are_closed(address, monkeypatch):
    """Those that are open go on."""
    monkeypatch.setattr(bounded_protocol, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(bounded_protocol, "REQUEST_SECONDS", PATIENCE_SECONDS)
    with connect(address) as one, connect(address) as two:
        for connection in (one, two):
            connection.sendall(REQUEST)
            read_response(connection)
        with connect(address) as third:
            assert third.recv(1_000) == b""
        one.sendall(REQUEST)
        assert read_response(one).startswith(b"HTTP/1.1 200")
