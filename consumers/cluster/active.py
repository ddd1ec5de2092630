"""The stories of one language that may still grow, and which of them an article might belong to."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from consumers.cluster.frequencies import heaviest
from consumers.cluster.scorer import DAY_MS, DERIVED_BONUS, Evidence, gather, is_thin, score, with_margin
from consumers.cluster.vectors import BODY, LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumers.cluster.vectors import Vectors

LAST_WINDOW_MS: Final = 4 * DAY_MS
FIRST_WINDOW_MS: Final = 14 * DAY_MS
LOOKUP_TERMS: Final = 30
MAX_CANDIDATES: Final = 25
MAX_PHRASE_STORIES: Final = 2  # a phrase that more stories have is nobody's


class Story(msgspec.Struct):
    """The sum of the originals' vectors; copies do not count."""

    story_id: str
    first_ms: int
    last_ms: int
    touched_ms: int  # by record time
    began_ms: int
    size: int = 0
    sums: tuple[dict[int, float], ...] = ({}, {}, {}, {})
    lengths: list[float] = []
    phrases: set[int] = set()


class Choice(NamedTuple):
    """The likeliest story of an article."""

    story: Story
    score: float
    evidence: Evidence


class ActiveStories:
    """Finds the likeliest story by the article's heaviest words and its phrases."""

    def __init__(self, stories: Iterable[Story] = ()) -> None:
        self._stories = {story.story_id: story for story in stories}
        self._by_term: defaultdict[int, set[str]] = defaultdict(set)
        self._by_phrase: defaultdict[int, set[str]] = defaultdict(set)
        for story in self._stories.values():
            self._index(story, story.sums[BODY], story.phrases)

    def all(self) -> list[Story]:
        """Return every story, oldest first."""
        return list(self._stories.values())

    def choose(self, vectors: Vectors, time_ms: int, bar: float, derived_from: str | None = None) -> Choice | None:
        """Return the story that reaches the bar, if any; `derived_from` is the story of the article's source."""
        shared = self._count_phrases(vectors)
        stories = [
            story
            for story in self._candidates(vectors)
            if abs(time_ms - story.last_ms) <= LAST_WINDOW_MS and abs(time_ms - story.first_ms) <= FIRST_WINDOW_MS
        ]
        found = with_margin([gather(vectors, story, time_ms, shared[story.story_id]) for story in stories])
        choices = [
            Choice(story, score(evidence) + DERIVED_BONUS * (story.story_id == derived_from), evidence)
            for story, evidence in zip(stories, found, strict=True)
            if not is_thin(evidence)
        ]
        best = max(choices, key=lambda choice: (choice.score, choice.story.story_id), default=None)
        return best if best and best.score >= bar else None

    def add(self, story: Story, vectors: Vectors, time_ms: int, clock_ms: int) -> None:
        """Let the article count in its story."""
        self._stories[story.story_id] = story
        story.size += 1
        story.first_ms, story.last_ms = min(story.first_ms, time_ms), max(story.last_ms, time_ms)
        story.touched_ms = clock_ms
        for part, sums in zip(vectors.parts, story.sums, strict=True):
            for term, weight in part.items():
                sums[term] = sums.get(term, 0.0) + weight
        story.lengths = [math.sqrt(sum(weight * weight for weight in sums.values())) for sums in story.sums]
        story.phrases |= vectors.phrases
        self._index(story, vectors.body, vectors.phrases)

    def forget(self, clock_ms: int) -> None:
        """Close the stories whose windows are over."""
        for story in self.all():
            if clock_ms - story.touched_ms > LAST_WINDOW_MS or clock_ms - story.began_ms > FIRST_WINDOW_MS:
                del self._stories[story.story_id]
                _discard(self._by_term, story.sums[BODY], story.story_id)
                _discard(self._by_phrase, story.phrases, story.story_id)

    def _candidates(self, vectors: Vectors) -> list[Story]:
        found: defaultdict[str, float] = defaultdict(float)
        for term, weight in heaviest(vectors.body, LOOKUP_TERMS):
            for story_id in self._by_term.get(term, ()):
                story = self._stories[story_id]
                found[story_id] += weight * story.sums[BODY][term] / story.lengths[BODY]
        best = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MAX_CANDIDATES]
        return [self._stories[story_id] for story_id, _ in best]

    def _count_phrases(self, vectors: Vectors) -> defaultdict[str, int]:
        shared: defaultdict[str, int] = defaultdict(int)
        for phrase in vectors.phrases:
            holders = self._by_phrase.get(phrase, ())
            if len(holders) <= MAX_PHRASE_STORIES:
                for story_id in holders:
                    shared[story_id] += 1
        return shared

    def _index(self, story: Story, terms: Iterable[int], phrases: Iterable[int]) -> None:
        for term in terms:
            self._by_term[term].add(story.story_id)
        for phrase in phrases:
            self._by_phrase[phrase].add(story.story_id)


def begin(story_id: str, time_ms: int, clock_ms: int) -> Story:
    """Return a story without members."""
    return Story(story_id, time_ms, time_ms, clock_ms, clock_ms, sums=tuple({} for _ in LONGEST))


def _discard(index: defaultdict[int, set[str]], keys: Iterable[int], story_id: str) -> None:
    for key in keys:
        holders = index[key]
        holders.discard(story_id)
        if not holders:
            del index[key]
