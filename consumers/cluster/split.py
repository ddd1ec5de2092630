"""Whether a story is one: its two most separate halves, and how far they are apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    F64 = NDArray[np.float64]

GAP: Final = 1.25  # log odds by which members must be nearer to their own half than to the other
GAP_TO_ONE: Final = 2.5  # the same where one half is a single article


class Split(NamedTuple):
    """Two parts of a story, as places in order."""

    first: list[int]
    second: list[int]


def split(ties: F64) -> Split | None:
    """Return the two stories that a story proves to be; None where it is one.

    A single article leaves only a pair: in a larger story it is more likely a short text than a stranger.
    """
    if len(ties) < 3:
        return None
    halves, between = _halve(ties)
    sizes = len(halves.first), len(halves.second)
    if min(sizes) == 1:
        is_two = max(sizes) == 2 and max(_within(ties, half) for half in halves) - between >= GAP_TO_ONE
    else:
        is_two = is_apart(ties, halves, between)
    return halves if is_two else None


def is_apart(ties: F64, halves: Split, between: float) -> bool:
    """Tell whether both halves hold together better than they hold to each other."""
    return min(_within(ties, half) for half in halves) - between >= GAP


def _halve(ties: F64) -> tuple[Split, float]:
    """Join the nearest groups, by mean tie, until two are left; return them and the mean tie between them."""
    near = ties.copy()
    np.fill_diagonal(near, -np.inf)
    groups = [[place] for place in range(len(ties))]
    while len(groups) > 2:
        one, other = sorted(divmod(int(near.argmax()), len(groups)))
        sizes = len(groups[one]), len(groups[other])
        near[one] = (near[one] * sizes[0] + near[other] * sizes[1]) / sum(sizes)
        near[:, one] = near[one]
        near[one, one] = -np.inf
        near = np.delete(np.delete(near, other, 0), other, 1)
        groups[one] = sorted(groups[one] + groups.pop(other))
    first, second = sorted(groups)
    return Split(first, second), float(near[0, 1])


def _within(ties: F64, half: Sequence[int]) -> float:
    """Return the mean tie inside; a single article has none."""
    if len(half) < 2:
        return -np.inf
    inner = ties[np.ix_(half, half)]
    return float((inner.sum() - np.trace(inner)) / (len(half) * (len(half) - 1)))
