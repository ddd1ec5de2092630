"""An inverted index from keys to documents: sorted arrays, for the stages that remember a window of their log.

A log-structured merge (O'Neil et al. 1996): the newest keys are in a small dict; once it is full it becomes a sorted
segment, and segments of similar size are merged. Answers do not depend on where segments happen to end, so a replay
from any snapshot gives the same answers.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from newswire.runtime.snapshots import Frozen, freeze

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Keys = NDArray[np.unsignedinteger]
    Docs = NDArray[np.uint32]

FRESH_POSTINGS: Final = 16_000
MAX_BLOCK_POSTINGS: Final = 12_000_000  # bounds what a merge holds twice: about 100 MB
SIZE_RATIO: Final = 8


class Segment(NamedTuple):
    """Postings sorted by key; of one key, in the order in which they came."""

    keys: Keys
    docs: Docs
    newest: int
    file: Frozen | None = None  # where a snapshot has it


class Hits(NamedTuple):
    """Pairs of the place of a key, among those asked for, and a document that holds it; older documents first."""

    places: NDArray[np.intp]
    docs: Docs


NOTHING: Final = Hits(np.zeros(0, np.intp), np.zeros(0, np.uint32))


class InvertedIndex:
    """Lists of documents by key. The newest `longest + 1` of a list are kept: enough to know that it is too long."""

    def __init__(self, key_type: type[np.unsignedinteger], longest: int) -> None:
        self._key_type = key_type
        self._longest = longest
        self._fresh: dict[int, tuple[int, ...]] = {}
        self._fresh_postings = 0
        self._blocks: list[Segment] = []
        self._oldest = 0

    def add(self, keys: Keys, doc: int) -> None:
        """Note that the document holds the keys."""
        alone: tuple[int, ...] = (doc,)
        fresh, new = self._fresh, dict.fromkeys(keys.tolist(), alone)
        for key in fresh.keys() & new.keys():
            new[key] = (*fresh[key], doc)
        fresh.update(new)
        self._fresh_postings += len(new)
        if self._fresh_postings >= FRESH_POSTINGS:
            self._freeze()

    def find(self, keys: Keys, oldest: int = 0) -> Hits:
        """Return the documents from `oldest` on: the newest `longest + 1` of each key."""
        found = [*self._find_frozen(keys), *self._find_fresh(keys)]
        if not found:
            return NOTHING
        places, docs = found[0]
        if len(found) > 1:
            places, docs = (
                np.concatenate([hits.places for hits in found]),
                np.concatenate([hits.docs for hits in found]),
            )
        if oldest:
            is_known = docs >= oldest
            places, docs = places[is_known], docs[is_known]
        if len(places) > self._longest and (counts := np.bincount(places)).max() > self._longest + 1:
            order = places.argsort(kind="stable")
            places, docs = places[order], docs[order]
            is_newest = _count_to_end(places, counts.cumsum()[places]) <= self._longest + 1
            places, docs = places[is_newest], docs[is_newest]
        return Hits(places, docs)

    def find_rare(self, keys: Keys, oldest: int = 0) -> Hits:
        """Return the same without the lists that are too long to mean anything."""
        hits = self.find(keys, oldest)
        if len(hits.places) <= self._longest:
            return hits
        is_rare = np.bincount(hits.places)[hits.places] <= self._longest
        return Hits(hits.places[is_rare], hits.docs[is_rare])

    def newest(self, keys: Keys, oldest: int = 0) -> dict[int, list[int]]:
        """Return what `find` does, by the place of the key."""
        lists: dict[int, list[int]] = defaultdict(list)
        for place, doc in zip(*(column.tolist() for column in self.find(keys, oldest)), strict=True):
            lists[place].append(doc)
        return lists

    def forget(self, oldest: int) -> None:
        """Give back memory that documents before `oldest` hold; the rest of it goes with the next merge."""
        self._oldest = oldest
        while self._blocks and self._blocks[0].newest < oldest:
            del self._blocks[0]

    def save(self, folder: Path, name: str) -> None:
        """Write all blocks into the folder."""
        self._freeze()
        for number, block in enumerate(self._blocks):
            file = freeze((block.keys, block.docs), block.file, folder / f"{name}-{number:03d}.npy")
            self._blocks[number] = block._replace(file=file)

    def load(self, folder: Path, name: str) -> None:
        """Read what `save` wrote."""
        for path in sorted(folder.glob(f"{name}-*.npy")):
            with path.open("rb") as file:
                keys, docs = np.load(file), np.load(file)
            self._blocks.append(Segment(keys, docs, int(docs.max()), Frozen.open(path)))

    def _find_frozen(self, keys: Keys) -> Iterator[Hits]:
        for block in self._blocks:
            low = block.keys.searchsorted(keys)
            here = (block.keys.take(low, mode="clip") == keys).nonzero()[0]
            if len(here):
                low = low[here]
                counts = block.keys.searchsorted(keys[here], side="right") - low
                ends = counts.cumsum()
                yield Hits(here.repeat(counts), block.docs[np.arange(ends[-1]) + (low - ends + counts).repeat(counts)])

    def _find_fresh(self, keys: Keys) -> Iterator[Hits]:
        fresh = self._fresh
        if here := [(place, fresh[key]) for place, key in enumerate(keys.tolist()) if key in fresh]:
            places = [place for place, docs in here for _ in docs]
            yield Hits(np.array(places, np.intp), np.array([doc for _, docs in here for doc in docs], np.uint32))

    def _freeze(self) -> None:
        if not self._fresh:
            return
        fresh, self._fresh, self._fresh_postings = self._fresh, {}, 0
        keys = np.fromiter(fresh, self._key_type, len(fresh))
        docs = np.fromiter(chain.from_iterable(fresh.values()), np.uint32)
        self._append(keys.repeat(np.fromiter(map(len, fresh.values()), np.intp, len(fresh))), docs)
        while self._is_merge_due():
            newer, older = self._blocks.pop(), self._blocks.pop()
            self._append(np.concatenate((older.keys, newer.keys)), np.concatenate((older.docs, newer.docs)))

    def _is_merge_due(self) -> bool:
        if len(self._blocks) < 2:
            return False
        older, newer = len(self._blocks[-2].keys), len(self._blocks[-1].keys)
        return older < SIZE_RATIO * newer and older + newer <= MAX_BLOCK_POSTINGS

    def _append(self, keys: Keys, docs: Docs) -> None:
        """Add a block, without what is forgotten and what no answer can use."""
        order = np.argsort(keys, kind="stable")
        keys, docs = keys[order], docs[order]
        if self._oldest:
            known = docs >= self._oldest
            keys, docs = keys[known], docs[known]
        ends = np.append(np.flatnonzero(keys[1:] != keys[:-1]) + 1, len(keys))
        kept = _count_to_end(keys, ends.repeat(np.diff(ends, prepend=0))) <= self._longest + 1
        if not kept.all():
            keys, docs = keys[kept], docs[kept]
        if len(keys):
            self._blocks.append(Segment(keys, docs, int(docs.max())))


def _count_to_end(sorted_: NDArray[Any], ends: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each item how many of its like are left, itself included, when those before `ends` are alike."""
    return ends - np.arange(len(sorted_))
