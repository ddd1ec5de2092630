"""Candidate articles: those of the last days, indexed by their words of highest weight."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from consumers.cluster.similarity import Profile
from newswire.runtime.inverted_index import InvertedIndex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_POSTINGS: Final = 64  # newest articles kept for a word
MAX_CANDIDATES: Final = 40
NAME: Final = "words"


class Doc(Struct):
    """An article that others are compared with; numbers follow the order of the log."""

    number: int
    article_id: str
    host: str
    time_ms: int  # publication time, or when it was first seen if that is not plausible
    seen_ms: int  # the time of its record
    profile: Profile


class PackedDoc(Struct):
    """A Doc in a snapshot."""

    number: int
    article_id: str
    host: str
    time_ms: int
    seen_ms: int
    profile: list[bytes]


class Candidates:
    """Finds the articles that share their words of highest weight with another one."""

    def __init__(self) -> None:
        self.docs: dict[int, Doc] = {}
        self._order: deque[int] = deque()
        self._postings = InvertedIndex(np.uint32, MAX_POSTINGS)

    def add(self, doc: Doc) -> None:
        """Add a document."""
        self.docs[doc.number] = doc
        self._order.append(doc.number)
        self._postings.add(doc.profile.keys(), doc.number)

    def find(self, profile: Profile) -> list[int]:
        """Return the numbers of the documents that share most, best first; of equal ones the older first."""
        keys = profile.keys()
        weights = profile.body[np.searchsorted(profile.ids, keys)] ** 2
        shared: dict[int, float] = {}
        for place, numbers in sorted(self._postings.newest(keys, self._oldest()).items()):
            weight = float(weights[place])
            for number in numbers:
                shared[number] = shared.get(number, 0.0) + weight
        known = [number for number in shared if number in self.docs]
        return sorted(known, key=lambda number: (-shared[number], number))[:MAX_CANDIDATES]

    def drop(self, number: int) -> None:
        """Forget one document."""
        self.docs.pop(number, None)

    def forget(self, oldest_ms: int) -> Iterator[int]:
        """Forget and yield the documents that were seen before `oldest_ms`."""
        before = len(self._order)
        while self._order and self._is_old(self._order[0], oldest_ms):
            number = self._order.popleft()
            if self.docs.pop(number, None):
                yield number
        if len(self._order) < before:
            self._postings.forget(self._oldest())

    def save(self, folder: Path) -> list[PackedDoc]:
        """Write the inverted index into the folder, and return the documents."""
        self._postings.save(folder, NAME)
        return [
            PackedDoc(doc.number, doc.article_id, doc.host, doc.time_ms, doc.seen_ms, doc.profile.pack())
            for doc in self.docs.values()
        ]

    def load(self, folder: Path, docs: list[PackedDoc]) -> None:
        """Take over what `save` wrote."""
        self._postings.load(folder, NAME)
        for doc in docs:
            profile = Profile.unpack(doc.profile)
            self.docs[doc.number] = Doc(doc.number, doc.article_id, doc.host, doc.time_ms, doc.seen_ms, profile)
        self._order = deque(self.docs)
        self._postings.forget(self._oldest())

    def _oldest(self) -> int:
        return self._order[0] if self._order else 0

    def _is_old(self, number: int, oldest_ms: int) -> bool:
        doc = self.docs.get(number)
        return doc is None or doc.seen_ms < oldest_ms
