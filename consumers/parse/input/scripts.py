"""Find the scripts of a page that hold data, without a tree and in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

MAX_SCRIPTS = 20
_MAX_MENTIONS = 100
_MAX_TAG_CHARS = 1_000
_CLOSING = re.compile(r"</script\s*>", re.IGNORECASE)


def read_scripts(text: str, kind: str) -> Iterator[str]:
    """Yield the contents of the scripts of a type; a pattern over the whole page would take far longer."""
    opening = re.compile(
        rf"""<script\b[^>]{{0,{_MAX_TAG_CHARS}}}?\btype\s*=\s*["']?{re.escape(kind)}\b[^>]{{0,{_MAX_TAG_CHARS}}}>""",
        re.IGNORECASE,
    )
    return islice(_between(text, kind, opening), MAX_SCRIPTS)


def _between(text: str, kind: str, opening: re.Pattern[str]) -> Iterator[str]:
    place = 0
    for _ in range(_MAX_MENTIONS):
        place = text.find(kind, place)
        if place < 0:
            return
        found = opening.match(text, max(0, text.rfind("<", max(0, place - _MAX_TAG_CHARS), place)))
        place += len(kind)
        if found:
            closing = _CLOSING.search(text, found.end())
            if closing is None:
                return
            yield text[found.end() : closing.start()]
            place = closing.end()
