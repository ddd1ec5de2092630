"""A SOCKS proxy on loopback that can fail: an outage of a real server for the clients that go through it."""

from __future__ import annotations

import select
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_IPV4 = 1
_CHUNK_BYTES = 1 << 16


class Line:
    """The connections through the proxy; when cut, all break and new ones fail."""

    def __init__(self) -> None:
        self.is_cut = False
        self.port = 0
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """Return the proxy's URL for Kafka's client."""
        return f"socks5://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break all connections, and reject new ones."""
        self.is_cut = True
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def restore(self) -> None:
        """Accept connections again."""
        self.is_cut = False

    def carry(self, near: socket.socket) -> None:
        """Do the handshake with a client (RFC 1928, no authentication), then copy bytes both ways."""
        near.recv(near.recv(2)[1])
        near.sendall(b"\x05\x00")
        *_, kind = near.recv(4)
        address = near.recv(4) if kind == _IPV4 else near.recv(near.recv(1)[0])
        (port,) = struct.unpack("!H", near.recv(2))
        host = socket.inet_ntoa(address) if kind == _IPV4 else address.decode()
        with socket.create_connection((host, port), timeout=5) as far:
            near.sendall(b"\x05\x00\x00\x01" + bytes(6))
            self._open |= {near, far}
            try:
                self._move(near, far)
            finally:
                self._open -= {near, far}

    def _move(self, near: socket.socket, far: socket.socket) -> None:
        while not self.is_cut:
            readable, _, _ = select.select([near, far], [], [], 0.2)
            for one in readable:
                if not (data := one.recv(_CHUNK_BYTES)):
                    return
                (far if one is near else near).sendall(data)


@contextmanager
def open_line() -> Iterator[Line]:
    """Yield a line whose proxy is served during the block."""
    line = Line()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError, IndexError):
                if not line.is_cut:
                    line.carry(self.request)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    line.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, name="proxy", daemon=True).start()
    try:
        yield line
    finally:
        line.cut()
        server.shutdown()
        server.server_close()
