"""Exact look-ups: the versions of an article, the articles with the same content, and the events already answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from newswire.runtime.inverted_index import InvertedIndex
from schemas.topics import PARSED_ARTICLES

if TYPE_CHECKING:
    from pathlib import Path

    from consumers.dedupe.row_table import VersionRow
    from newswire.stage import Record
    from schemas.messages import ParsedArticle

# Mixed into the keys, so that the three kinds cannot collide systematically.
ARTICLE, CONTENT, EVENT = 0x9AE16A3B2F90404F, 0xC3A5C85C97CB3127, 0xB492B66FBE98F273
_OWN_EVENT = re.compile(r"[0-9a-f]{32}")


class KeyMatches(NamedTuple):
    """The rows found under an article's keys, oldest first."""

    versions: list[int]  # possibly of another article: only half of the id is looked up
    same_content: list[int]
    events: list[int]  # by the number of the row that came next


class KeyIndex:
    """One inverted index for three kinds of 64-bit keys; the row numbers also order events in time."""

    def __init__(self) -> None:
        self._keys = InvertedIndex(np.uint64, longest=50)

    def find(self, article: bytes, content: int, event: str) -> KeyMatches:
        """Look up all three keys at once."""
        found = self._keys.newest(_keys(_half(article) ^ ARTICLE, content ^ CONTENT, int(event[:16], 16) ^ EVENT))
        return KeyMatches(*(found.get(place, []) for place in range(3)))

    def versions(self, article: bytes) -> list[int]:
        """Return the rows of an article, oldest first."""
        return self._keys.newest(_keys(_half(article) ^ ARTICLE)).get(0, [])

    def add(self, event: str, number: int, row: VersionRow | None) -> None:
        """Add a record's event, and the row that it made; without a row, it expires with row `number`, the next one."""
        made = (_half(row.article) ^ ARTICLE, row.content ^ CONTENT) if row else ()
        self._keys.add(_keys(int(event[:16], 16) ^ EVENT, *made), number)

    def forget(self, oldest: int) -> None:
        """Forget rows before `oldest`."""
        self._keys.forget(oldest)

    def save(self, folder: Path) -> None:
        """Write the state into the folder."""
        self._keys.save(folder, "identity")

    def load(self, folder: Path, oldest: int) -> None:
        """Read what `save` wrote."""
        self._keys.load(folder, "identity")
        self._keys.forget(oldest)


def _keys(*keys: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(keys, np.uint64)


def _half(article: bytes) -> int:
    return int.from_bytes(article[:8], "big")


def event_id_of(record: Record[ParsedArticle]) -> str:
    """Return the id by which a redelivery of an article is known: 32 hex digits.

    It is the ce_id of our own writers, or the same made from the article: CloudEvents allows any text, and another
    writer may give every record the same.
    """
    given = record.headers.get("ce_id", "")
    if _OWN_EVENT.fullmatch(given) or record.value is None:
        return given
    return PARSED_ARTICLES.id_of(record.value)
