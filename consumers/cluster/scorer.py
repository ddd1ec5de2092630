"""How likely an article belongs to a story: a logistic score over what they share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumers.cluster.active import Story
    from consumers.cluster.vectors import Vectors

DAY_MS: Final = 24 * 3600 * 1000
JOIN: Final = 0.5
COLD_JOIN: Final = 1.5  # where nothing is known yet: no rival story, and every name looks rare
WARM_ARTICLES: Final = 20
DERIVED_BONUS: Final = 1.5  # the article shares whole passages with the story's: see dedupe


class Evidence(NamedTuple):
    """What an article and a story have in common; cosines are of TF-IDF vectors."""

    title: float
    lead: float
    body: float
    names: float
    phrases: float  # ln(1 + sequences of four words that no third story has)
    near_last: float  # 1 for the same moment as the story's newest member, falling over days
    near_first: float
    crowd: float  # ln of the members, up to ln 4, as far as the newest is old
    margin: float  # body, above the best other story's
    silent: float  # 1 where headline and opening share nothing: the same subject, hardly the same event
    nameless: float  # 1 where no name is shared

    def in_words(self) -> str:
        """Say what counted most."""
        parts = {
            "headline": WEIGHTS.title * self.title,
            "opening": WEIGHTS.lead * self.lead,
            "text": WEIGHTS.body * self.body + WEIGHTS.margin * self.margin,
            "names": WEIGHTS.names * self.names,
            "phrases": WEIGHTS.phrases * self.phrases,
        }
        strongest = sorted(parts, key=lambda name: -parts[name])[:2]
        return f"told of the same as its story, most of all by {strongest[0]} and {strongest[1]}"


# Fitted on the labelled developers' streams together with ECB+; see docs/decisions/0021.
WEIGHTS: Final = Evidence(
    title=2.243,
    lead=-0.532,
    body=0.596,
    names=0.438,
    phrases=0.131,
    near_last=3.597,
    near_first=2.967,
    crowd=-5.418,
    margin=6.366,
    silent=-2.157,
    nameless=-1.553,
)
BIAS: Final = -6.691
THIN: Final = 0.15
LITTLE: Final = 0.1  # a cosine below it is next to nothing


def gather(vectors: Vectors, story: Story, time_ms: int, phrases: int) -> Evidence:
    """Return the evidence without the margin, which needs the other stories."""
    title, lead, body, names = (
        cosine(part, sums, length) for part, sums, length in zip(vectors.parts, story.sums, story.lengths, strict=True)
    )
    near_last = math.exp(-(((time_ms - story.last_ms) / DAY_MS) ** 2) / 8)
    near_first = math.exp(-(((time_ms - story.first_ms) / DAY_MS) ** 2) / 32)
    crowd = min(math.log(story.size), math.log(4)) * (1 - near_last)
    silent, nameless = max(0.0, 1 - max(title, lead) / LITTLE), max(0.0, 1 - names / LITTLE)
    return Evidence(title, lead, body, names, math.log1p(phrases), near_last, near_first, crowd, body, silent, nameless)


def score(evidence: Evidence) -> float:
    """Return the score; 0 is even odds."""
    total: float = sum(weight * value for weight, value in zip(WEIGHTS, evidence, strict=True))
    return BIAS + total


def find_bar(week_articles: int) -> float:
    """Return the score at which an article joins a story, given how many articles the week has seen."""
    return JOIN + (COLD_JOIN - JOIN) * max(0.0, 1 - week_articles / WARM_ARTICLES)


def is_thin(evidence: Evidence) -> bool:
    """Tell whether only place and day agree: while few articles are known, a town's name alone looks rare."""
    return evidence.body < THIN and not evidence.phrases


def with_margin(found: Sequence[Evidence]) -> list[Evidence]:
    """Complete the evidence of all stories that the article might join."""
    first, second = sorted((0.0, 0.0, *(evidence.body for evidence in found)))[:-3:-1]
    return [
        evidence._replace(margin=evidence.body - (second if evidence.body == first else first)) for evidence in found
    ]


def cosine(part: dict[int, float], sums: dict[int, float], length: float) -> float:
    """Return the cosine of an article's vector, of length 1, with the sum of a story's, of the given length."""
    if not length:
        return 0.0
    return sum(weight * sums[term] for term, weight in part.items() if term in sums) / length
