"""A news site on loopback whose pages a test sets, and whose visits show how politely the crawl behaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class SitePage:
    """A response; with an `etag`, clients that have it get 304."""

    body: bytes | str = b""
    status: int = 200
    content_type: str | None = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None


@dataclass(slots=True)
class Visit:
    """One request as the site saw it; times are time.monotonic()."""

    path: str
    headers: dict[str, str]
    began: float
    ended: float = 0.0
    status: int = 0


# A callable gets the request's handler, and returns a page, or None if it has written the response itself.
Content = SitePage | Callable[[BaseHTTPRequestHandler], SitePage | None]


class FakeSite:
    """One host: `pages` by path (with query), and the visits so far."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.pages: dict[str, Content] = {}
        self.visits: list[Visit] = []
        self._server = _Server((address, 0), _handler_of(self))
        self.host = f"{address}:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"

    def paths(self) -> list[str]:
        """Return the requested paths in order."""
        return [visit.path for visit in self.visits]

    def gaps(self) -> list[float]:
        """Return the seconds between the end of each visit and the beginning of the next."""
        return [after.began - before.ended for before, after in zip(self.visits, self.visits[1:], strict=False)]

    def set_feed(self, *paths: str, path: str = "/feed.xml", **page: Any) -> None:
        """Publish an RSS feed of articles, and a page for each that has none."""
        items = "".join(f"<item><title>About {p}</title><link>{self.url}{p}</link></item>" for p in paths)
        body = f"<rss version='2.0'><channel><title>Feed</title>{items}</channel></rss>"
        self.pages[path] = SitePage(body, content_type="application/rss+xml", **page)
        for article in paths:
            self.pages.setdefault(
                article, SitePage(f"<html><title>About {article}</title><p>Text of {article}.</p></html>")
            )

    def start(self) -> None:
        """Start serving."""
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def open_site(address: str = "127.0.0.1") -> Iterator[FakeSite]:
    """Run a site during the block."""
    site = FakeSite(address)
    site.start()
    try:
        yield site
    finally:
        site.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Print nothing: a client that disconnects early is part of the test."""


def _handler_of(site: FakeSite) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            visit = Visit(self.path, {name.lower(): value for name, value in self.headers.items()}, time.monotonic())
            site.visits.append(visit)
            content = site.pages.get(self.path, SitePage("not found", 404))
            page = content if isinstance(content, SitePage) else content(self)
            if page is not None:
                visit.status = self._respond(page, visit.headers.get("if-none-match"))
            visit.ended = time.monotonic()

        def _respond(self, page: SitePage, known: str | None) -> int:
            is_known = page.etag is not None and known == page.etag
            body = b"" if is_known else page.body.encode() if isinstance(page.body, str) else page.body
            status = 304 if is_known else page.status
            self.send_response(status)
            standard = {"Content-Length": str(len(body)), "Content-Type": page.content_type, "ETag": page.etag}
            for name, value in ({n: v for n, v in standard.items() if v is not None} | page.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            return status

        def log_message(self, *_: object) -> None:
            """Print nothing: the visits are recorded."""

    return Handler
