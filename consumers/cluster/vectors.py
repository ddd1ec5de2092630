"""An article as cluster compares it: four weighted vectors and its phrases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from consumers.cluster.frequencies import Rarity
    from consumers.cluster.terms import Terms

LONGEST: Final = (40, 80, 150, 40)  # words kept of title, lead, body, names
BODY: Final = 2


@dataclass(frozen=True, slots=True)
class Vectors:
    """TF-IDF vectors of title, lead, body and names, and the hashes of all sequences of four words."""

    parts: tuple[dict[int, float], ...]
    phrases: frozenset[int]

    @property
    def body(self) -> dict[int, float]:
        """Return the vector of the whole text."""
        return self.parts[BODY]


def weigh(terms: Terms, rarity: Rarity) -> Vectors:
    """Return the vectors of an article as the week weighs its words."""
    counts = (terms.title, terms.lead, terms.body, terms.names)
    parts = tuple(rarity.weigh(part, longest) for part, longest in zip(counts, LONGEST, strict=True))
    return Vectors(parts, terms.phrases)
