"""The responses that are not articles: gone, refused, behind a wall, hostile, too large."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from http import HTTPStatus

from newswire.demo.press.content import OddResponse, Outlet
from newswire.demo.press.pages import PageFrame, frame_fields, layout
from newswire.demo.press.reply import Reply

FORBIDDEN = "http://169.254.169.254/latest/meta-data/"  # link-local: where clouds keep their secrets
NESTED_DIVS = 20_000
TOO_LARGE_BYTES = 12_000_000
BOMB_BYTES = 40_000_000


@dataclass(frozen=True, slots=True)
class OddPage:
    """An odd response with its outlet and the frame of its page."""

    outlet: Outlet
    frame: PageFrame
    entry: OddResponse


def shell(outlet: Outlet, frame: PageFrame, title: str, main: str) -> bytes:
    """Return a page of the outlet that is not an article."""
    fields = frame_fields(outlet, frame) | {"title": escape(title), "main": main}
    return layout("shell").substitute(fields).encode()


def not_found(outlet: Outlet, frame: PageFrame, status: HTTPStatus = HTTPStatus.NOT_FOUND) -> Reply:
    """Return a response for a missing page."""
    number = str(int(status))
    return Reply(shell(outlet, frame, number, f"<h1>{number}</h1>"), status=status)


def listing(page: OddPage) -> Reply:
    """Return a section front: many headlines, no text."""
    links = [f'<a href="{path}"><h3>{escape(title)}</h3></a>' for path, title in page.frame.others]
    cards = "".join(f'<li class="card">{link}</li>' for link in links)
    title = page.entry.title
    return Reply(shell(page.outlet, page.frame, title, f"<h1>{escape(title)}</h1>\n<ul>{cards}</ul>"))


def cookie_wall(page: OddPage) -> Reply:
    """Return a page with status 200 that contains only a request for consent."""
    words = page.frame.boilerplate
    demand = "".join(f"<p>{escape(line)}</p>" for line in words.wall)
    wall = layout("wall").substitute(accept=escape(words.accept), demand=demand)
    return Reply(shell(page.outlet, page.frame, page.entry.title, wall))


def private_page(page: OddPage) -> Reply:
    """Return a page that robots.txt disallows, so that no crawler should request it."""
    title = page.entry.title
    return Reply(shell(page.outlet, page.frame, title, f"<h1>{escape(title)}</h1><p>Not for publication.</p>"))


@cache
def nested() -> bytes:
    """Return a page nested so deeply that it breaks parsers without a limit."""
    return b"<!DOCTYPE html><html><head><title>Down</title></head><body>" + b"<div>" * NESTED_DIVS


@cache
def too_large() -> bytes:
    """Return a page larger than a crawler should accept."""
    line = b"<p>All the small print of the parish, read out loud and written down once more.</p>\n"
    return b"<!DOCTYPE html><html><body>" + line * (TOO_LARGE_BYTES // len(line) + 1) + b"</body></html>"


@cache
def bomb() -> bytes:
    """Return a small body that unpacks to a very large one."""
    return gzip.compress(b"<p>" + b" " * BOMB_BYTES, mtime=0)


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

RESPONSES_BY_KIND: dict[str, Callable[[OddPage], Reply]] = {
    "listing": listing,
    "cookie wall": cookie_wall,
    "missing": lambda page: not_found(page.outlet, page.frame),
    "gone": lambda page: not_found(page.outlet, page.frame, HTTPStatus.GONE),
    "private page": private_page,
    "forbidden redirect": lambda _: Reply(b"", status=HTTPStatus.FOUND, headers={"Location": FORBIDDEN}),
    "pdf": lambda _: Reply(PDF, content_type="application/pdf"),
    "nested": lambda _: Reply(nested()),
    "too large": lambda _: Reply(too_large()),
    "gzip bomb": lambda _: Reply(bomb(), headers={"Content-Encoding": "gzip"}),
}
