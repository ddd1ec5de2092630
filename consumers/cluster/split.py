"""Splits a story that proves to be two, by average linkage (UPGMA: Sokal and Michener 1958)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    F64 = NDArray[np.float64]

COHESION_MARGIN: Final = 1.25  # in log odds: how much more similar members are to their own part than to the other
COHESION_MARGIN_OF_PAIR: Final = 2.5  # the same where a single article leaves a pair


class Split(NamedTuple):
    """Two parts of a story, as sorted indexes of its articles."""

    first: list[int]
    second: list[int]


def split(odds: F64) -> Split | None:
    """Return the two parts of a story that should be two; None if it is one. `odds` has the shape (n, n).

    A single article is split off a pair only: in a larger story it is probably a short text about the same event.
    """
    if len(odds) < 3:
        return None
    parts, between = _bisect(odds)
    sizes = len(parts.first), len(parts.second)
    if min(sizes) == 1:
        is_two = max(sizes) == 2 and max(_cohesion(odds, part) for part in parts) - between >= COHESION_MARGIN_OF_PAIR
    else:
        is_two = is_apart(odds, parts, between)
    return parts if is_two else None


def is_apart(odds: F64, parts: Split, between: float) -> bool:
    """Return whether both parts are more similar inside than to each other; `between` is their mean log odds."""
    return min(_cohesion(odds, part) for part in parts) - between >= COHESION_MARGIN


def _bisect(odds: F64) -> tuple[Split, float]:
    """Merge the most similar clusters, by mean log odds, until two are left; return them and their mean log odds."""
    linkage = odds.copy()
    np.fill_diagonal(linkage, -np.inf)
    clusters = [[place] for place in range(len(odds))]
    while len(clusters) > 2:
        one, other = sorted(divmod(int(linkage.argmax()), len(clusters)))
        sizes = len(clusters[one]), len(clusters[other])
        linkage[one] = (linkage[one] * sizes[0] + linkage[other] * sizes[1]) / sum(sizes)
        linkage[:, one] = linkage[one]
        linkage[one, one] = -np.inf
        linkage = np.delete(np.delete(linkage, other, 0), other, 1)
        clusters[one] = sorted(clusters[one] + clusters.pop(other))
    first, second = sorted(clusters)
    return Split(first, second), float(linkage[0, 1])


def _cohesion(odds: F64, part: Sequence[int]) -> float:
    """Return the mean log odds between the articles of a part; -inf for a single article."""
    if len(part) < 2:
        return -np.inf
    inner = odds[np.ix_(part, part)]
    return float((inner.sum() - np.trace(inner)) / (len(part) * (len(part) - 1)))
