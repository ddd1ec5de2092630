"""Serve the outlets on loopback, each at its own address and all on one port, so that links open in a browser."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import json
import threading
import time
from collections.abc import Iterator
from email.utils import format_datetime, parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from newswire.demo.press.content import Press, read_press
from newswire.demo.press.reply import Reply
from newswire.demo.press.site import OutletSite, open_sites
from newswire.demo.press.state import AccessLog, PressState
from newswire.errors import StackError

CONTROL = "/__press/phase"
PORT_TRIES = 20
MAX_CONTROL_BYTES = 100


class Newsroom:
    """What all outlets' servers share: state, sites and the access log."""

    def __init__(self, press: Press, state: PressState) -> None:
        self.press = press
        self.state = state
        self.log = AccessLog(state.access_log)
        self.port = 0
        self.epoch = state.epoch()
        self._refused_at: dict[str, float] = {}

    @cached_property
    def sites(self) -> dict[str, OutletSite]:
        """Return the sites by address; first read when the port is known."""
        return open_sites(self.press, self.epoch, self.port)

    def is_busy(self, place: str, wait_seconds: float) -> bool:
        """Return whether to respond 429: for the time of Retry-After from the first request on."""
        now = time.monotonic()
        return now - self._refused_at.setdefault(place, now) < wait_seconds


class OutletServer(ThreadingHTTPServer):
    """The HTTP server of one outlet."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: str, port: int, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.host = address
        super().__init__((address, port), OutletHandler)


class OutletHandler(BaseHTTPRequestHandler):
    """Handles GET and HEAD with conditional requests, and POST to set the phase."""

    server: OutletServer
    protocol_version = "HTTP/1.1"
    server_version = "Press/1"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """Send the resource, or 304 if the client has it."""
        newsroom = self.server.newsroom
        if self.path == CONTROL:
            self._send(self._phase_reply())
            return
        reply = newsroom.sites[self.server.host].answer(self.path, newsroom.state.phase())
        if reply.retry_after_seconds and newsroom.is_busy(self.server.host + self.path, reply.retry_after_seconds):
            wait = {"Retry-After": str(reply.retry_after_seconds)}
            reply = Reply(b"busy\n", content_type="text/plain", status=HTTPStatus.TOO_MANY_REQUESTS, headers=wait)
        elif reply.status == HTTPStatus.OK and self._has(reply):
            reply = Reply(b"", status=HTTPStatus.NOT_MODIFIED, declared_etag=reply.etag, modified=reply.modified)
        agent = self.headers.get("User-Agent", "")
        fields = {
            "host": f"{self.server.host}:{newsroom.port}",
            "method": self.command,
            "path": self.path,
            "agent": agent,
        }
        newsroom.log.add(**fields, status=int(reply.status))
        self._send(reply)

    do_HEAD = do_GET  # noqa: N815 - the base class's name

    def do_POST(self) -> None:
        """Set the phase to the number in the body."""
        body = self.rfile.read(min(int(self.headers.get("Content-Length", "0")), MAX_CONTROL_BYTES)).strip()
        if self.path != CONTROL or not body.isdigit():
            self._send(Reply(b"", status=HTTPStatus.BAD_REQUEST))
            return
        self.server.newsroom.state.set_phase(int(body))
        self._send(self._phase_reply())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Print nothing: requests are in the access log."""

    def _phase_reply(self) -> Reply:
        return Reply(
            json.dumps({"phase": self.server.newsroom.state.phase()}).encode(), content_type="application/json"
        )

    def _has(self, reply: Reply) -> bool:
        """Return whether the client's copy is current; the ETag has priority over the date."""
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return tags.strip() == "*" or reply.etag in {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        since = self.headers.get("If-Modified-Since")
        if since is None or reply.modified is None:
            return False
        with contextlib.suppress(ValueError):
            return reply.modified <= parsedate_to_datetime(since)
        return False

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        has_body = reply.status != HTTPStatus.NOT_MODIFIED
        if has_body:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
        if reply.status in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
            self.send_header("ETag", reply.etag)
            if reply.modified:
                self.send_header("Last-Modified", format_datetime(reply.modified.astimezone(dt.UTC), usegmt=True))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if has_body and self.command != "HEAD":
            with contextlib.suppress(ConnectionError):  # a careful client hangs up if the body is too large
                self.wfile.write(reply.body)


def bind(newsroom: Newsroom, port: int) -> list[OutletServer]:
    """Bind every outlet's address on one port, or on any free one for 0, and return the servers.

    Raises:
        StackError: the port is taken, or the machine lacks the loopback addresses.
    """
    addresses = [outlet.address for outlet in newsroom.press.outlets.values()]
    for _ in range(PORT_TRIES if port == 0 else 1):
        servers: list[OutletServer] = []
        try:
            for address in addresses:
                servers.append(OutletServer(address, servers[0].server_address[1] if servers else port, newsroom))
        except OSError as error:
            for server in servers:
                server.server_close()
            if error.errno != errno.EADDRINUSE:
                raise StackError(
                    f"the demo press cannot listen on {address}: {error}; it needs the addresses of 127.0.0.0/8"
                ) from error
        else:
            return servers
    raise StackError(
        f"port {port} of the demo press is taken; stop the process that uses it, or remove {newsroom.state.folder} "
        "and start again"
    )


@contextlib.contextmanager
def serve(state: PressState, port: int = 0, press: Press | None = None) -> Iterator[Newsroom]:
    """Serve all outlets in threads; `port` 0 takes that of the last start."""
    newsroom = Newsroom(press or read_press(), state)
    with contextlib.closing(newsroom.log):
        servers = bind(newsroom, port or state.port())
        newsroom.port = servers[0].server_address[1]
        state.set_port(newsroom.port)
        for server in servers:
            threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        try:
            yield newsroom
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()
