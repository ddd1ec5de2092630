"""Who is who: the newest version of an article, the holders of a content, and the events that were answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from newswire.postings import Postings

if TYPE_CHECKING:
    from pathlib import Path

    from consumers.dedupe.rows import Row

ARTICLE, CONTENT, EVENT = 0x9AE16A3B2F90404F, 0xC3A5C85C97CB3127, 0xB492B66FBE98F273
MASK: Final = 2**64 - 1


class Identity:
    """One index for three kinds of 64-bit keys; rows are the documents, and stand for the time of events too."""

    def __init__(self) -> None:
        self._keys = Postings(np.uint64, longest=50)

    def add(self, row: Row, number: int) -> None:
        """Note the row under its article and its content."""
        self._keys.add(_keys(_half(row.article) ^ ARTICLE, row.content ^ CONTENT), number)

    def versions(self, article: bytes, oldest: int) -> list[int]:
        """Return the rows of an article, newest first."""
        return self._find(_half(article) ^ ARTICLE, oldest)[::-1]

    def same_content(self, content: int, oldest: int) -> list[int]:
        """Return the rows that hold a content, oldest first."""
        return self._find(content ^ CONTENT, oldest)

    def is_known_event(self, event: str, oldest: int) -> bool:
        """Tell whether a record has been answered, under this offset or another."""
        return bool(self._find(int(event[:16], 16) ^ EVENT, oldest))

    def add_event(self, event: str, number: int) -> None:
        """Note a record; it is forgotten with row `number`, the next to come."""
        self._keys.add(_keys(int(event[:16], 16) ^ EVENT), number)

    def forget(self, oldest: int) -> None:
        """Leave out rows before `oldest`."""
        self._keys.forget(oldest)

    def save(self, folder: Path) -> None:
        """Write everything."""
        self._keys.save(folder, "identity")

    def load(self, folder: Path, oldest: int) -> None:
        """Read what `save` wrote."""
        self._keys.load(folder, "identity")
        self._keys.forget(oldest)

    def _find(self, key: int, oldest: int) -> list[int]:
        return self._keys.newest(_keys(key), oldest).get(0, [])


def _keys(*keys: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(keys, np.uint64)


def _half(article: bytes) -> int:
    return int.from_bytes(article[:8], "big")
