"""Read text that a page holds only as data for its scripts, as single-page frameworks do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson

from consumers.parse.body.fragments import to_paragraphs
from consumers.parse.input.scripts import read_scripts
from consumers.parse.words import fold, measure

_KIND, _STREAM = "application/json", "__next_f"
_PUSHED = re.compile(r'__next_f\.push\(\[1,\s*("(?:[^"\\]|\\.)*+")')
_LONG_ROW = re.compile(rb"[0-9a-f]+:T([0-9a-f]+),")
_ROW = re.compile(rb"[0-9a-f]+:[A-Z]{0,2}([\[{\"].*)")
_TEXT_KEYS = frozenset({"text", "value", "content", "html", "children", "body", "data"})
_MAX_CHARS, _MAX_VALUES, _MAX_TEXTS = 3_000_000, 50_000, 200
_MIN_CHARS, _PARAGRAPH_CHARS = 300, 40
_PIECE_SHARE = 0.2
_MAIN_SHARE = 0.5  # of the longest text: the page's own article comes before those that it recommends


def read_hydration(text: str, titles: frozenset[str]) -> str:
    """Return the paragraphs of the first long text in a page's script data that is about one of its titles, or ""."""
    if len(text) > _MAX_CHARS or (_KIND not in text and _STREAM not in text):
        return ""
    long = (piece for value in _values(text) for piece in _texts(value) if measure(piece) >= _MIN_CHARS)
    found = [piece for piece in islice(long, _MAX_TEXTS) if _is_about(fold(piece), titles)]
    longest = max(map(len, found), default=0)
    return to_paragraphs(next((piece for piece in found if len(piece) >= _MAIN_SHARE * longest), ""))


def _is_about(text: str, titles: frozenset[str]) -> bool:
    """Return whether pieces of a title occur in a text (both folded): script data holds notices too."""
    for title in titles:
        chars = 3 if max(title) > "\u2fff" else 5  # a word or two in every script
        pieces = {title[start : start + chars] for start in range(max(1, len(title) - chars + 1))}
        if sum(piece in text for piece in pieces) >= _PIECE_SHARE * len(pieces):
            return True
    return False


def _values(text: str) -> Iterator[Any]:
    """Yield the values in data scripts, and in the rows of the stream that Next.js sends."""
    for script in read_scripts(text, _KIND):
        yield _load(script)
    stream = "".join(str(_load(pushed) or "") for pushed in _PUSHED.findall(text)).encode("utf-8", "replace")
    place = 0
    while place < len(stream):
        if row := _LONG_ROW.match(stream, place):
            place = row.end() + int(row[1], 16)
            yield stream[row.end() : place].decode("utf-8", "replace")
            continue
        if row := _ROW.match(stream, place):
            yield _load(row[1])
        place = (stream.find(b"\n", place) + 1) or len(stream)


def _load(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _texts(value: Any) -> Iterator[str]:
    """Yield every text below a value that may be an article: strings, and lists of paragraphs."""
    waiting = [value]
    for _ in range(_MAX_VALUES):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, str):
            if "{" not in value:  # otherwise it is code, or data again
                yield value
        elif isinstance(value, list):
            parts = [
                flat for item in value if measure(flat := _flatten(item)) >= _PARAGRAPH_CHARS and "</p>" not in flat
            ]
            if len(parts) > 1:
                yield "\n\n".join(parts)
            waiting += reversed(value)
        elif isinstance(value, dict):
            waiting += reversed(value.values())


def _flatten(item: Any, depth: int = 0) -> str:
    """Return the text of one item of a list, as editors' data nest it."""
    if isinstance(item, str):
        return "" if item.startswith("$") else item  # a reference to another row
    if depth > 6:
        return ""
    if isinstance(item, list):
        # An element of React is a list: a dollar, its name, its key, what it holds
        return "".join(_flatten(below, depth + 1) for below in (item[3:] if item[:1] == ["$"] else item))
    if isinstance(item, dict):
        return "".join(_flatten(below, depth + 1) for key, below in item.items() if key in _TEXT_KEYS)
    return ""
