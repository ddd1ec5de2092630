"""How rare a word is: a frozen count of older articles, blended with what the week's articles say."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumers.cluster.terms import Counts

VERSION: Final = 1
WEEK_MS: Final = 7 * 24 * 3600 * 1000
BACKGROUND_WEIGHT: Final = 150.0  # articles of the week that count as much as the whole background


class Background(msgspec.Struct, frozen=True):
    """In how many of `total` articles a word stands."""

    total: int
    articles: dict[int, int]


@cache
def load_background(language: str) -> Background:
    """Return the frozen counts of a language; without any, every word counts as rare until the week knows better."""
    file = files("consumers.cluster") / "frequencies" / f"{language}-{VERSION}.npz"
    if not file.is_file():
        return Background(10_000, {})
    with as_file(file) as path, np.load(path) as found:
        articles = dict(zip(found["terms"].tolist(), found["articles"].tolist(), strict=True))
        return Background(int(found["total"]), articles)


class Week(msgspec.Struct):
    """The words of the articles of the last seven days of record time, oldest first."""

    articles: list[tuple[int, list[int]]] = []


class Rarity:
    """Weighs words: what every other article of a crowded week says tells no stories apart."""

    def __init__(self, language: str, week: Week | None = None) -> None:
        self._background = load_background(language)
        self.week = week or Week()
        self._counts: dict[int, int] = {}
        for _, terms in self.week.articles:
            self._count(terms, 1)

    def weigh(self, counts: Counts, longest: int) -> dict[int, float]:
        """Return the heaviest words with their TF-IDF weights, of length 1."""
        known, week, all_ = self._background.articles.get, self._counts.get, self._background.total + 1
        size, log = len(self.week.articles) + BACKGROUND_WEIGHT, math.log
        weights = {
            term: (1 + log(count)) * log(size / (week(term, 0) + BACKGROUND_WEIGHT * (known(term, 0) + 0.5) / all_))
            for term, count in counts.items()
        }
        if len(weights) > longest:
            weights = dict(heaviest(weights, longest))
        length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
        return {term: weight / length for term, weight in weights.items()}

    def learn(self, terms: Iterable[int], clock_ms: int) -> None:
        """Count an article in."""
        known = list(terms)
        self.week.articles.append((clock_ms, known))
        self._count(known, 1)

    def forget(self, clock_ms: int) -> None:
        """Leave out what is older than a week."""
        articles = self.week.articles
        old = 0
        while old < len(articles) and articles[old][0] < clock_ms - WEEK_MS:
            self._count(articles[old][1], -1)
            old += 1
        del articles[:old]

    def _count(self, terms: Iterable[int], step: int) -> None:
        counts = self._counts
        for term in terms:
            left = counts.get(term, 0) + step
            if left:
                counts[term] = left
            else:
                del counts[term]


def heaviest(weights: dict[int, float], number: int) -> list[tuple[int, float]]:
    """Return the heaviest entries, ties by key, so that every run agrees."""
    return sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:number]
