"""Which documents hold a key: log-structured sorted arrays, for the stages that remember a window of their log.

The newest keys stand in a small dict; full, it becomes a sorted block, and blocks of like size are merged. Answers do
not depend on where the blocks happen to end, so a replay from any snapshot answers the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Keys = NDArray[np.unsignedinteger]
    Docs = NDArray[np.uint32]

FRESH_POSTINGS: Final = 16_000
MAX_BLOCK_POSTINGS: Final = 12_000_000  # bounds what a merge holds twice: about 100 MB
SIZE_RATIO: Final = 3


class Block(NamedTuple):
    """Postings sorted by key; of one key, in the order in which they came."""

    keys: Keys
    docs: Docs
    newest: int


class Postings:
    """Lists of documents by key. The newest `longest + 1` of a list are kept: enough to know that it is too long."""

    def __init__(self, key_type: type[np.unsignedinteger], longest: int) -> None:
        self._key_type = key_type
        self._longest = longest
        self._fresh: dict[int, list[int]] = {}
        self._fresh_postings = 0
        self._blocks: list[Block] = []
        self._oldest = 0

    def add(self, keys: Keys, doc: int) -> None:
        """Note that the document holds the keys."""
        fresh = self._fresh
        for key in keys.tolist():
            if key in fresh:
                fresh[key].append(doc)
            else:
                fresh[key] = [doc]
        self._fresh_postings += len(keys)
        if self._fresh_postings >= FRESH_POSTINGS:
            self._freeze()

    def newest(self, keys: Keys, oldest: int = 0) -> dict[int, list[int]]:
        """Return the documents from `oldest` on by the place of the key: the newest `longest + 1` of each, in order."""
        found: dict[int, list[int]] = {}
        for place, docs in self._find(keys):
            kept = docs if docs[0] >= oldest else [doc for doc in docs if doc >= oldest]
            found[place] = [*found[place], *kept] if place in found else kept
        return {place: docs[-self._longest - 1 :] for place, docs in found.items() if docs}

    def lists(self, keys: Keys, oldest: int = 0) -> dict[int, list[int]]:
        """Return the same without the lists that are too long to tell anything."""
        return {place: docs for place, docs in self.newest(keys, oldest).items() if len(docs) <= self._longest}

    def forget(self, oldest: int) -> None:
        """Give back memory that documents before `oldest` hold; the rest of it goes with the next merge."""
        self._oldest = oldest
        while self._blocks and self._blocks[0].newest < oldest:
            del self._blocks[0]

    def save(self, folder: Path, name: str) -> None:
        """Write all blocks into the folder."""
        self._freeze()
        for number, block in enumerate(self._blocks):
            np.save(folder / f"{name}-{number:03d}-keys.npy", block.keys)
            np.save(folder / f"{name}-{number:03d}-docs.npy", block.docs)

    def load(self, folder: Path, name: str) -> None:
        """Read what `save` wrote."""
        for path in sorted(folder.glob(f"{name}-*-keys.npy")):
            docs = path.with_name(path.name.replace("-keys", "-docs"))
            self._blocks.append(Block(np.load(path), found := np.load(docs), int(found.max())))

    def _find(self, keys: Keys) -> Iterator[tuple[int, list[int]]]:
        """Yield the places of known keys with documents, oldest first; a place may come more than once."""
        for block in self._blocks:
            left = np.searchsorted(block.keys, keys)
            here = np.flatnonzero(block.keys[np.minimum(left, len(block.keys) - 1)] == keys)
            if len(here):
                right = np.searchsorted(block.keys, keys[here], side="right")
                for place, low, high in zip(here.tolist(), left[here].tolist(), right.tolist(), strict=True):
                    yield place, block.docs[low:high].tolist()
        fresh = self._fresh
        for place, key in enumerate(keys.tolist()):
            if key in fresh:
                yield place, fresh[key]

    def _freeze(self) -> None:
        if not self._fresh:
            return
        keys = np.fromiter(self._fresh, self._key_type, len(self._fresh))
        lengths = np.fromiter(map(len, self._fresh.values()), np.intp, len(self._fresh))
        docs = np.fromiter((doc for docs in self._fresh.values() for doc in docs), np.uint32, int(lengths.sum()))
        self._fresh, self._fresh_postings = {}, 0
        self._append(np.repeat(keys, lengths), docs)
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
        before_end = np.repeat(ends, np.diff(ends, prepend=0)) - np.arange(len(keys))
        kept = before_end <= self._longest + 1
        if not kept.all():
            keys, docs = keys[kept], docs[kept]
        if len(keys):
            self._blocks.append(Block(keys, docs, int(docs.max())))
