"""Finds boilerplate sentences: those that an outlet repeats in its articles, and stock phrases of all outlets."""

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

MIN_HOST_ARTICLES: Final = 3  # of one host, the current one included
MIN_STOCK_ARTICLES: Final = 6  # of any host, not copies of one another: agency text is not boilerplate
MAX_POSTINGS: Final = 250  # newest articles kept for a sentence


class Boilerplate:
    """The articles in the window that contain each sentence; copies do not count towards stock phrases."""

    def __init__(self) -> None:
        self._articles = InvertedIndex(np.uint32, MAX_POSTINGS)

    def find(self, sentences: U64, host: int, rows: RowTable, oldest: int, counted: frozenset[int]) -> Mask:
        """Return a mask of the sentences, shape (n,), that is True for boilerplate.

        `sentences` are their hashes, shape (n,); `counted` are those already counted for this article.
        """
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
            already = [sentence in counted for sentence in sentences.tolist()]
            of_host -= already
            fresh -= already
        is_boilerplate = (of_host >= MIN_HOST_ARTICLES) | (fresh >= MIN_STOCK_ARTICLES)
        return np.asarray(is_boilerplate & (sentences != 0))

    def add(self, sentences: U64, number: int) -> None:
        """Count the sentences of row `number`."""
        self._articles.add(_keys(sentences[sentences != 0]), number)

    def forget(self, oldest: int) -> None:
        """Forget rows before `oldest`."""
        self._articles.forget(oldest)

    def save(self, folder: Path) -> None:
        """Write the state into the folder."""
        self._articles.save(folder, "sentences")

    def load(self, folder: Path, oldest: int) -> None:
        """Read what `save` wrote."""
        self._articles.load(folder, "sentences")
        self._articles.forget(oldest)


def _keys(sentences: U64) -> NDArray[np.uint32]:
    return (sentences >> np.uint64(32)).astype(np.uint32)
