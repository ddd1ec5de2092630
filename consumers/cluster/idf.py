"""Inverse document frequencies (idf) of words, from a frozen count of older articles (docs/decisions/0026)."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Final
from zlib import crc32

import msgspec
import numpy as np

from consumers.cluster.words import hash_word, read_article_words, split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

FEW_ARTICLES: Final = 200  # counts of fewer articles are supplemented by PRIOR
# The assumed share of articles that contain a word of 0, 1, 2 ... 5 or more letters; function words are short.
PRIOR: Final = np.array([0.5, 0.5, 0.4, 0.2, 0.05, 0.0])
# The word of rank r is assumed to be in 1 - exp(-30 / r) of the articles: this fits the 500 most frequent English words
# in the shipped English count (docs/decisions/0026).
RANKS: Final = 30.0


class Vocabulary(msgspec.Struct, frozen=True, eq=False):
    """Document frequencies: in how many of `total` articles each word occurs; `words` are sorted hashes."""

    total: int = 0
    words: NDArray[np.uint32] = np.zeros(0, np.uint32)
    articles: NDArray[np.uint32] = np.zeros(0, np.uint32)

    def idf(self, ids: NDArray[np.uint32], lengths: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the inverse document frequency of each word, shape (n,): -ln of the share of articles with it.

        Counts of fewer than FEW_ARTICLES articles are supplemented by assumptions about words of each length.
        """
        counted = np.zeros(len(ids))
        if len(self.words):
            place = np.minimum(np.searchsorted(self.words, ids), len(self.words) - 1)
            counted = np.where(self.words[place] == ids, self.articles[place], 0)
        guessed = max(0, FEW_ARTICLES - self.total)
        share = (counted + 0.5 + guessed * PRIOR[lengths]) / (self.total + 1 + guessed)
        idf: NDArray[np.float64] = -np.log(np.minimum(share, 1.0))
        return idf

    def save(self, path: Path) -> None:
        """Write the counts into a file; `total`, `words` and `articles` are part of its format."""
        np.savez_compressed(path, total=np.uint32(self.total), words=self.words, articles=self.articles)


def count_vocabulary(texts: Iterable[tuple[str, str]], language: str) -> Vocabulary:
    """Count in how many of the texts, (title, body), each word occurs; words in only one text are left out."""
    counts: Counter[int] = Counter()
    total = 0
    for title, body in texts:
        counts.update(read_article_words(title, body, language).ids.tolist())
        total += 1
    return _vocabulary(total, {word: count for word, count in counts.items() if count > 1})


def estimate_vocabulary(words: Iterable[str], language: str) -> Vocabulary:
    """Estimate from a language's words, the most frequent first, in how many of FEW_ARTICLES texts each occurs."""
    seed = crc32(language.encode())
    counts: dict[int, int] = {}
    for rank, text in enumerate(words, 1):
        share = 1 - math.exp(-RANKS / rank)
        for word in split_words(text, len(text))[0]:
            counts.setdefault(hash_word(word, seed), max(1, round(FEW_ARTICLES * share)))
    return _vocabulary(FEW_ARTICLES, counts)


def _vocabulary(total: int, counts: Mapping[int, int]) -> Vocabulary:
    words, articles = zip(*sorted(counts.items()), strict=True) if counts else ((), ())
    return Vocabulary(total, np.array(words, np.uint32), np.array(articles, np.uint32))


def read_vocabulary(path: Path) -> Vocabulary:
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as found:
        return Vocabulary(int(found["total"]), found["words"], found["articles"].astype(np.uint32))


@cache
def load_vocabulary(language: str, folder: Path | None = None) -> Vocabulary:
    """Return the newest counts of a language: from the folder, or else those that are shipped.

    A language without counts has an empty vocabulary, which goes by the lengths of words alone.
    """
    counted_here = sorted(folder.glob(f"{language}-*.npz")) if folder else []
    if counted_here:
        return read_vocabulary(counted_here[-1])
    with as_file(files("consumers.cluster") / "vocabularies") as shipped:
        found = sorted(shipped.glob(f"{language}-*.npz"))
        return read_vocabulary(found[-1]) if found else Vocabulary()
