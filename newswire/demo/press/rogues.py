"""The answers that no article stands behind: gone, refused, walled, hostile, too large."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html import escape
from http import HTTPStatus

from newswire.demo.press.content import Outlet, Rogue
from newswire.demo.press.pages import Setting, frame_fields, layout
from newswire.demo.press.reply import Reply

FORBIDDEN = "http://169.254.169.254/latest/meta-data/"  # link-local: where clouds keep their secrets
NESTED_DIVS = 20_000
TOO_LARGE_BYTES = 12_000_000
BOMB_BYTES = 40_000_000


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a rogue stands."""

    outlet: Outlet
    setting: Setting
    rogue: Rogue


def shell(outlet: Outlet, setting: Setting, title: str, main: str) -> bytes:
    """Return a page of the outlet that is no article."""
    fields = frame_fields(outlet, setting) | {"title": escape(title), "main": main}
    return layout("shell").substitute(fields).encode()


def not_found(outlet: Outlet, setting: Setting, status: HTTPStatus = HTTPStatus.NOT_FOUND) -> Reply:
    """Answer that there is no such page."""
    number = str(int(status))
    return Reply(shell(outlet, setting, number, f"<h1>{number}</h1>"), status=status)


def listing(scene: Scene) -> Reply:
    """Answer with a section front: many headlines, no text."""
    links = [f'<a href="{path}"><h3>{escape(title)}</h3></a>' for path, title in scene.setting.others]
    cards = "".join(f'<li class="card">{link}</li>' for link in links)
    title = scene.rogue.title
    return Reply(shell(scene.outlet, scene.setting, title, f"<h1>{escape(title)}</h1>\n<ul>{cards}</ul>"))


def cookie_wall(scene: Scene) -> Reply:
    """Answer 200 with nothing but a demand for consent."""
    words = scene.setting.furniture
    demand = "".join(f"<p>{escape(line)}</p>" for line in words.wall)
    wall = layout("wall").substitute(accept=escape(words.accept), demand=demand)
    return Reply(shell(scene.outlet, scene.setting, scene.rogue.title, wall))


def private_page(scene: Scene) -> Reply:
    """Answer a page that robots.txt forbids; nobody should ask."""
    title = scene.rogue.title
    return Reply(shell(scene.outlet, scene.setting, title, f"<h1>{escape(title)}</h1><p>Not for publication.</p>"))


@cache
def nested() -> bytes:
    """Return a page that breaks careless parsers."""
    return b"<!DOCTYPE html><html><head><title>Down</title></head><body>" + b"<div>" * NESTED_DIVS


@cache
def too_large() -> bytes:
    """Return more than a crawler should take."""
    line = b"<p>All the small print of the parish, read out loud and written down once more.</p>\n"
    return b"<!DOCTYPE html><html><body>" + line * (TOO_LARGE_BYTES // len(line) + 1) + b"</body></html>"


@cache
def bomb() -> bytes:
    """Return little that unpacks to much."""
    return gzip.compress(b"<p>" + b" " * BOMB_BYTES, mtime=0)


PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

ROGUES: dict[str, Callable[[Scene], Reply]] = {
    "listing": listing,
    "cookie wall": cookie_wall,
    "missing": lambda scene: not_found(scene.outlet, scene.setting),
    "gone": lambda scene: not_found(scene.outlet, scene.setting, HTTPStatus.GONE),
    "private page": private_page,
    "forbidden redirect": lambda _: Reply(b"", status=HTTPStatus.FOUND, headers={"Location": FORBIDDEN}),
    "pdf": lambda _: Reply(PDF, content_type="application/pdf"),
    "nested": lambda _: Reply(nested()),
    "too large": lambda _: Reply(too_large()),
    "gzip bomb": lambda _: Reply(bomb(), headers={"Content-Encoding": "gzip"}),
}
