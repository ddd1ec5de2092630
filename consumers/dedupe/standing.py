"""Which sentences say nothing about a text: an outlet's standing text, and the stock text of the trade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from newswire.postings import Postings

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    U64 = NDArray[np.uint64]

EPOCH_MS: Final = 6 * 24 * 3600 * 1000
EPOCHS: Final = 5  # with the running one: up to 30 days
OUTLET_ARTICLES: Final = 3  # of one host, with the one at hand
STOCK_ARTICLES: Final = 6  # of any host that are not copies of one another, so that agency text is none


class StandingText:
    """Counts the articles that hold a sentence, in epochs of record time that are forgotten whole.

    Articles that repeat another count under a key of their own, or a much copied one would hide the others.
    """

    def __init__(self) -> None:
        self._epochs: dict[int, Postings] = {}

    def find(self, sentences: U64, host: int, counted: frozenset[int] = frozenset()) -> NDArray[np.bool_]:
        """Tell which sentences are standing text; this article has itself been counted for `counted`."""
        keys, size = _keys(sentences), len(sentences)
        both = np.concatenate((keys, ~keys))
        of_host, fresh = np.ones((2, size), np.intp)  # this article is one of them
        for epoch in self._epochs.values():
            for place, hosts in epoch.newest(both).items():
                of_host[place % size] += hosts.count(host)
                fresh[place % size] += len(hosts) if place < size else 0
        if counted:
            again = [sentence in counted for sentence in sentences.tolist()]
            of_host -= again
            fresh -= again
        is_standing = (of_host >= OUTLET_ARTICLES) | (fresh >= STOCK_ARTICLES)
        return np.asarray(is_standing & (sentences != 0))

    def add(self, sentences: U64, host: int, clock_ms: int, *, is_linked: bool) -> None:
        """Count an article's sentences; one that repeats another article makes no stock text."""
        epoch = clock_ms // EPOCH_MS
        if epoch not in self._epochs:
            self._epochs[epoch] = Postings(np.uint32, longest=50)
            for old in [number for number in self._epochs if number <= epoch - EPOCHS]:
                del self._epochs[old]
        keys: Any = np.unique(_keys(sentences[sentences != 0]))
        self._epochs[epoch].add(~keys if is_linked else keys, host)

    def save(self, folder: Path) -> None:
        """Write all epochs."""
        for number, epoch in self._epochs.items():
            (folder / f"standing-{number}").mkdir()
            epoch.save(folder / f"standing-{number}", "sentences")

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        for path in sorted(folder.glob("standing-*"), key=lambda path: int(path.name[9:])):
            self._epochs[int(path.name[9:])] = epoch = Postings(np.uint32, longest=50)
            epoch.load(path, "sentences")


def _keys(sentences: U64) -> NDArray[np.uint32]:
    return (sentences >> np.uint64(32)).astype(np.uint32)
