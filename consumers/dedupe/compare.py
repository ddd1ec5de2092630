"""The overlap of two texts: how much they share, and whether the later one is a copy of the earlier.

Resemblance (Jaccard) and containment of word shingles are those of Broder, "On the resemblance and containment of
documents", 1997.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from consumers.dedupe.shingles import Shingles

Tier = Literal["copy", "derived"]
MIN_NUMBERS: Final = 6
FEW_NUMBERS: Final = 30  # with fewer, reports from one template agree by chance more often
MIN_COPY_SHARE: Final = 0.3  # a report that contains a note and more than twice as much of its own is not a copy
MIN_DERIVED_SHARE: Final = 0.05
MIN_SAME_NUMBERS: Final = 0.5
MIN_SAME_NUMBERS_STRICT: Final = 0.6  # for a copy, when there are fewer than FEW_NUMBERS


class Threshold(NamedTuple):
    """Minimum overlap: enough shared trigrams, or enough fivegrams of the smaller text contained in the other."""

    trigrams: float
    fivegrams: float
    shared_fivegrams: int


# (copy, derived). Within one host more is required: its next report repeats the background and boilerplate of the
# last, and so resembles it more than two outlets' copies resemble each other.
SAME_HOST: Final = (Threshold(0.60, 0.85, 0), Threshold(0.40, 0.70, 40))
OTHER_HOST: Final = (Threshold(0.40, 0.70, 60), Threshold(0.25, 0.50, 40))


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a later text shares with an earlier one; all shares are between 0 and 1."""

    trigrams: float  # sequences of three words: Jaccard index
    fivegrams: float  # sequences of five words: containment, shared / those of the smaller text
    shared_fivegrams: int
    share: float  # containment of the later text: shared / its sequences of five words
    numbers: (
        float | None
    )  # numbers with the same neighbouring words: shared / those of the smaller text; None with too few
    fewest_numbers: int  # numbers in the text that has fewer

    def has_other_facts(self, *, is_strict: bool) -> bool:
        """Return whether one template was filled in twice: the same words about other numbers."""
        is_raised = is_strict and self.fewest_numbers < FEW_NUMBERS
        wanted = MIN_SAME_NUMBERS_STRICT if is_raised else MIN_SAME_NUMBERS
        return self.numbers is not None and self.numbers < wanted

    def tier(self, *, is_same_host: bool) -> Tier | None:
        """Return the tier of the later text; the thresholds are measured (docs/decisions/0020)."""
        copy, derived = SAME_HOST if is_same_host else OTHER_HOST
        if self._reaches(copy, MIN_COPY_SHARE) and not self.has_other_facts(is_strict=True):
            return "copy"
        if self._reaches(derived, MIN_DERIVED_SHARE) and not self.has_other_facts(is_strict=False):
            return "derived"
        return None

    def _reaches(self, wanted: Threshold, share: float) -> bool:
        is_contained = (
            self.fivegrams >= wanted.fivegrams
            and self.shared_fivegrams >= wanted.shared_fivegrams
            and self.share >= share
        )
        return self.trigrams >= wanted.trigrams or is_contained

    def scores(self) -> dict[str, float]:
        """Return the scores of a verdict, under their names in the message."""
        known = {
            "trigrams": self.trigrams,
            "fivegrams": self.fivegrams,
            "shared": self.shared_fivegrams,
            "share": self.share,
        }
        if self.numbers is not None:
            known["numbers"] = self.numbers
        return {name: round(float(value), 4) for name, value in known.items()}

    def reasons(self) -> tuple[str, ...]:
        """Return the overlap in words, for the message and for people."""
        of_earlier = " (nearly all of the earlier text)" if self.fivegrams >= 0.9 > self.share else ""
        words = [f"{self.share:.0%} of its 5-word sequences appear in the earlier text{of_earlier}"]
        if self.numbers is not None:
            words.append(f"{self.numbers:.0%} of the numbers agree, together with the words beside them")
        return tuple(words)


def measure_overlap(later: Shingles, earlier: Shingles) -> Overlap:
    """Return what two texts share."""
    trigrams, fivegrams = _shared(later.trigrams, earlier.trigrams), _shared(later.fivegrams, earlier.fivegrams)
    fewest = min(len(later.numbers), len(earlier.numbers))
    return Overlap(
        trigrams=trigrams / max(1, len(later.trigrams) + len(earlier.trigrams) - trigrams),
        fivegrams=fivegrams / max(1, min(len(later.fivegrams), len(earlier.fivegrams))),
        shared_fivegrams=fivegrams,
        share=fivegrams / max(1, len(later.fivegrams)),
        numbers=_shared(later.numbers, earlier.numbers) / fewest if fewest >= MIN_NUMBERS else None,
        fewest_numbers=fewest,
    )


def _shared(one: Any, other: Any) -> int:
    if len(one) > len(other):
        one, other = other, one
    if not len(one):
        return 0
    places = np.searchsorted(other, one)
    return int(np.count_nonzero(other[np.minimum(places, len(other) - 1)] == one))
