"""Which sentences say nothing about a text: an outlet's standing text, and the stock text of the trade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from newswire.runtime.inverted_index import InvertedIndex

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from consumers.dedupe.row_table import RowTable

    Mask = NDArray[np.bool_]
    U64 = NDArray[np.uint64]

OUTLET_ARTICLES: Final = 3  # of one host, with the one at hand
STOCK_ARTICLES: Final = 6  # of any host that are not copies of one another, so that agency text is none
LONGEST_LIST: Final = 250


class Boilerplate:
    """Knows which articles in the window hold a sentence; one that repeats another article makes no stock text."""

    def __init__(self) -> None:
        self._articles = InvertedIndex(np.uint32, LONGEST_LIST)

    def find(self, sentences: U64, host: int, rows: RowTable, oldest: int, counted: frozenset[int]) -> Mask:
        """Tell which sentences are standing text; this article has itself been counted for `counted`."""
        size = len(sentences)
        places, numbers = self._articles.find(_keys(sentences), oldest)
        if not len(places):
            return np.zeros(size, np.bool_)
        numbers = numbers - np.uint32(rows.begin)
        is_of_host = np.frombuffer(rows.hosts, np.uint32)[numbers] == host
        is_fresh = np.frombuffer(rows.tiers, np.uint8)[numbers] == 0
        of_host = np.bincount(places[is_of_host], minlength=size) + 1  # this article is one of them
        fresh = np.bincount(places[is_fresh], minlength=size) + 1
        if counted:
            again = [sentence in counted for sentence in sentences.tolist()]
            of_host -= again
            fresh -= again
        is_standing = (of_host >= OUTLET_ARTICLES) | (fresh >= STOCK_ARTICLES)
        return np.asarray(is_standing & (sentences != 0))

    def add(self, sentences: U64, number: int) -> None:
        """Count the sentences of a row."""
        self._articles.add(_keys(sentences[sentences != 0]), number)

    def forget(self, oldest: int) -> None:
        """Leave out rows before `oldest`."""
        self._articles.forget(oldest)

    def save(self, folder: Path) -> None:
        """Write everything."""
        self._articles.save(folder, "sentences")

    def load(self, folder: Path, oldest: int) -> None:
        """Read what `save` wrote."""
        self._articles.load(folder, "sentences")
        self._articles.forget(oldest)


def _keys(sentences: U64) -> NDArray[np.uint32]:
    return (sentences >> np.uint64(32)).astype(np.uint32)
