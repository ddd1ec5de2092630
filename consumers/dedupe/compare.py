"""How much two texts share, what that makes of the later one, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from consumers.dedupe.shingles import Shingles

Tier = Literal["copy", "derived"]
MIN_NUMBERS: Final = 6
FEW_NUMBERS: Final = 30  # with fewer, templates agree by chance more often
MIN_COPY_SHARE: Final = 0.3  # a report that holds a note and three times as much of its own is not folded under it
MIN_DERIVED_SHARE: Final = 0.05


class Threshold(NamedTuple):
    """Enough of either: sequences of three words in common, or a text contained in the other."""

    threes: float
    fives: float
    fives_shared: int


# One outlet's next report over the same background, and its standing text, look more alike than two outlets' copies.
SAME_HOST: Final = (Threshold(0.60, 0.85, 0), Threshold(0.40, 0.70, 40))
OTHER_HOST: Final = (Threshold(0.40, 0.70, 60), Threshold(0.25, 0.50, 40))


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a later text shares with an earlier one."""

    threes: float  # sequences of three words: shared / in either
    fives: float  # sequences of five words: shared / in the smaller text
    fives_shared: int
    share: float  # of the later text's sequences of five words
    numbers: float | None  # numbers in the same words, shared / in the smaller; None with too few to judge by
    numbers_fewest: int

    def has_other_facts(self, *, is_strict: bool) -> bool:
        """Tell whether it is one template filled in twice: the same words about other numbers."""
        wanted = 0.6 if is_strict and self.numbers_fewest < FEW_NUMBERS else 0.5
        return self.numbers is not None and self.numbers < wanted

    def tier(self, *, is_same_host: bool) -> Tier | None:
        """Return what the later text is to the earlier; thresholds are measured (docs/decisions/0020)."""
        copy, derived = SAME_HOST if is_same_host else OTHER_HOST
        if self._reaches(copy, MIN_COPY_SHARE) and not self.has_other_facts(is_strict=True):
            return "copy"
        if self._reaches(derived, MIN_DERIVED_SHARE) and not self.has_other_facts(is_strict=False):
            return "derived"
        return None

    def _reaches(self, wanted: Threshold, share: float) -> bool:
        is_contained = self.fives >= wanted.fives and self.fives_shared >= wanted.fives_shared and self.share >= share
        return self.threes >= wanted.threes or is_contained

    def scores(self) -> dict[str, float]:
        """Return the figures that travel with a verdict."""
        known = {"trigrams": self.threes, "fivegrams": self.fives, "shared": self.fives_shared, "share": self.share}
        if self.numbers is not None:
            known["numbers"] = self.numbers
        return {name: round(float(value), 4) for name, value in known.items()}

    def reasons(self) -> tuple[str, ...]:
        """Return the figures in words."""
        of_earlier = " (nearly all of the earlier text)" if self.fives >= 0.9 > self.share else ""
        words = [f"{self.share:.0%} of its 5-word sequences stand in the earlier text{of_earlier}"]
        if self.numbers is not None:
            words.append(f"{self.numbers:.0%} of the numbers agree, with the words beside them")
        return tuple(words)


def compare(later: Shingles, earlier: Shingles) -> Overlap:
    """Measure what two texts share."""
    threes, fives = _shared(later.threes, earlier.threes), _shared(later.fives, earlier.fives)
    fewest = min(len(later.numbers), len(earlier.numbers))
    return Overlap(
        threes=threes / max(1, len(later.threes) + len(earlier.threes) - threes),
        fives=fives / max(1, min(len(later.fives), len(earlier.fives))),
        fives_shared=fives,
        share=fives / max(1, len(later.fives)),
        numbers=_shared(later.numbers, earlier.numbers) / fewest if fewest >= MIN_NUMBERS else None,
        numbers_fewest=fewest,
    )


def _shared(one: Any, other: Any) -> int:
    if len(one) > len(other):
        one, other = other, one
    if not len(one):
        return 0
    places = np.searchsorted(other, one)
    return int(np.count_nonzero(other[np.minimum(places, len(other) - 1)] == one))
