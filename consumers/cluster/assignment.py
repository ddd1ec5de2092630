"""Assigns articles to the stories of the last days: joins, new stories, merges and splits (docs/decisions/0025)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
from msgspec import Struct

from consumers.cluster.candidates import Candidates, Doc, PackedDoc
from consumers.cluster.similarity import DAY_MS, PairFeatures, compare_profiles, log_odds, share_template
from consumers.cluster.split import Split, is_apart, split
from consumers.cluster.story_records import StoryMove

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    F64 = NDArray[np.float64]

WINDOW_MS: Final = 4 * DAY_MS  # after a story's last article, by dates of publication
LONGEST_MS: Final = 14 * DAY_MS  # from a story's first article to its last
KEPT_MS: Final = 5 * DAY_MS  # by record times: the window, and a day for late articles
MAX_COMPARED: Final = 24  # newest articles of a story; others are compared with these only
NEAREST: Final = 4  # of those, the most similar ones; their mean decides whether an article joins
JOIN_AT: Final = 0.0  # mean log odds from which an article joins a story: more likely one event than two
MAX_STORIES: Final = 8  # compared with one article
TEMPLATE_ODDS: Final = -3.0  # log odds of two reports filled into one template
MERGE_AT: Final = 0.4  # mean log odds between two stories, from which they merge
FILE: Final = "placing.msgpack"


class OpenStory(Struct):
    """A story that articles may still join.

    `numbers` are the n articles of it that others are compared with; `odds` are their pairwise log odds, shape (n, n).
    """

    story_id: str
    numbers: list[int]
    odds: F64
    first_ms: int
    last_ms: int


class PackedStory(Struct):
    """An OpenStory in a snapshot, where the log odds are called `ties`."""

    story_id: str
    numbers: list[int]
    odds: bytes = msgspec.field(name="ties")
    first_ms: int
    last_ms: int


class SavedAssignment(Struct):
    """The snapshot of a StoryAssigner, where the stories are called `groups`."""

    docs: list[PackedDoc]
    stories: list[PackedStory] = msgspec.field(name="groups")


class Assignment(NamedTuple):
    """The story of an article, why it was chosen, and which other articles moved because of it."""

    story_id: str
    score: float | None = None
    nearest: str | None = None
    features: PairFeatures | None = None
    moves: tuple[StoryMove, ...] = ()


class _Option(NamedTuple):
    """A story that an article may join: the mean log odds, and log odds and features with each of its articles."""

    score: float
    story: OpenStory
    odds: F64
    features: F64


class StoryAssigner:
    """All stories that an article may still join. Languages share no story: their words have different hashes."""

    def __init__(self) -> None:
        self._candidates = Candidates()
        self._stories: dict[str, OpenStory] = {}
        self._story_of: dict[int, str] = {}

    def assign(self, doc: Doc, hint: str | None = None) -> Assignment:
        """Assign the article to the most similar story, or to a new one; a `hint` is always compared with."""
        options = [option for option in self._rank_stories(doc, hint) if option.score >= JOIN_AT]
        self._candidates.add(doc)
        if not options:
            story = OpenStory(doc.article_id, [doc.number], np.zeros((1, 1)), doc.time_ms, doc.time_ms)
            self._keep(story)
            return Assignment(doc.article_id)
        best = options[0]
        nearest = int(best.odds.argmax())
        nearest_id = self._candidates.docs[best.story.numbers[nearest]].article_id
        story = _grow(best.story, doc, best.odds)
        self._keep(story)
        moves = [*self._merge(story, [option.story.story_id for option in options[1:3]])]
        moves += self._split(self._stories[self._story_of[doc.number]])
        self._trim(self._stories[self._story_of[doc.number]])
        features = PairFeatures(*best.features[nearest].tolist())
        return Assignment(best.story.story_id, best.score, nearest_id, features, tuple(moves))

    def central(self, story_id: str) -> list[str]:
        """Return a story's articles, those most similar to all others first; of equal ones the older first."""
        if (story := self._stories.get(story_id)) is None:
            return []
        order = np.argsort(-story.odds.sum(axis=0), kind="stable")
        return [self._doc(story.numbers[place]).article_id for place in order]

    def forget(self, clock_ms: int) -> None:
        """Forget articles that are too old to be compared with."""
        for number in self._candidates.forget(clock_ms - KEPT_MS):
            self._remove(number)

    def _rank_stories(self, doc: Doc, hint: str | None) -> list[_Option]:
        """Return the stories that may be joined, the most similar first; of equal ones the older first."""
        numbers = self._candidates.find(doc.profile)
        names = dict.fromkeys(([hint] if hint in self._stories else []) + [self._story_of[n] for n in numbers])
        stories = [self._stories[name] for name in list(names)[:MAX_STORIES] if name is not None]
        stories = [story for story in stories if _is_open(story, doc.time_ms)]
        if not stories:
            return []
        features, odds = self._compare(doc, [number for story in stories for number in story.numbers])
        ends = np.cumsum([len(story.numbers) for story in stories])[:-1]
        parts = zip(stories, np.split(odds, ends), np.split(features, ends), strict=True)
        options = [_Option(_mean_nearest(odds), story, odds, shared) for story, odds, shared in parts]
        return sorted(options, key=lambda option: (-option.score, option.story.numbers[0]))

    def _compare(self, doc: Doc, numbers: Sequence[int]) -> tuple[F64, F64]:
        """Return the features, shape (len(numbers), 5), and the log odds, shape (len(numbers),)."""
        others = [self._candidates.docs[number] for number in numbers]
        features = compare_profiles(doc.profile, [other.profile for other in others])
        odds = log_odds(features, np.array([doc.time_ms - other.time_ms for other in others]))
        for place, other in enumerate(others):
            is_same_host = other.host == doc.host
            if is_same_host and share_template(doc.profile, other.profile, PairFeatures(*features[place].tolist())):
                odds[place] = min(odds[place], TEMPLATE_ODDS)
        return features, odds

    def _merge(self, story: OpenStory, names: Sequence[str]) -> list[StoryMove]:
        """Merge the story with one that the newest article has connected it to."""
        for name in names:
            other = self._stories[name]
            between = np.array([self._compare(self._doc(number), other.numbers)[1] for number in story.numbers])
            odds = np.block([[story.odds, between], [between.T, other.odds]])
            size = len(story.numbers)
            parts = Split([*range(size)], [*range(size, len(odds))])
            is_pair = min(size, len(other.numbers)) > 1
            if between.mean() >= MERGE_AT and not (is_pair and is_apart(odds, parts, float(between.mean()))):
                return [self._unite(story, other, odds)]
        return []

    def _unite(self, story: OpenStory, other: OpenStory, odds: F64) -> StoryMove:
        older, newer = sorted((story, other), key=lambda each: each.numbers[0])
        numbers = story.numbers + other.numbers
        order = np.argsort(numbers)
        del self._stories[newer.story_id]
        self._keep(
            OpenStory(
                older.story_id,
                [numbers[place] for place in order],
                odds[np.ix_(order, order)],
                min(older.first_ms, newer.first_ms),
                max(older.last_ms, newer.last_ms),
            )
        )
        return StoryMove(newer.story_id, older.story_id)

    def _split(self, story: OpenStory) -> list[StoryMove]:
        """Split a story that proves to be two; the part with the oldest article keeps its id."""
        parts = split(story.odds)
        if parts is None:
            return []
        new_id = self._doc(story.numbers[parts.second[0]]).article_id
        self._keep(self._take(story, parts.first, story.story_id))
        second = self._take(story, parts.second, new_id)
        self._keep(second)
        articles = tuple(self._doc(number).article_id for number in second.numbers)
        return [StoryMove(story.story_id, new_id, articles)]

    def _take(self, story: OpenStory, places: list[int], story_id: str) -> OpenStory:
        numbers = [story.numbers[place] for place in places]
        times = [self._doc(number).time_ms for number in numbers]
        return OpenStory(story_id, numbers, story.odds[np.ix_(places, places)], min(times), max(times))

    def _trim(self, story: OpenStory) -> None:
        for number in story.numbers[: max(0, len(story.numbers) - MAX_COMPARED)]:
            self._candidates.drop(number)
            self._remove(number)

    def _remove(self, number: int) -> None:
        story = self._stories[self._story_of.pop(number)]
        place = story.numbers.index(number)
        del story.numbers[place]
        story.odds = np.delete(np.delete(story.odds, place, 0), place, 1)
        if not story.numbers:
            del self._stories[story.story_id]

    def _keep(self, story: OpenStory) -> None:
        self._stories[story.story_id] = story
        self._story_of.update(dict.fromkeys(story.numbers, story.story_id))

    def _doc(self, number: int) -> Doc:
        return self._candidates.docs[number]

    def save(self, folder: Path) -> None:
        """Write the state into the folder."""
        stories = [
            PackedStory(story.story_id, story.numbers, story.odds.tobytes(), story.first_ms, story.last_ms)
            for story in self._stories.values()
        ]
        saved = SavedAssignment(self._candidates.save(folder), stories)
        (folder / FILE).write_bytes(msgspec.msgpack.encode(saved))

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote."""
        saved = msgspec.msgpack.decode((folder / FILE).read_bytes(), type=SavedAssignment)
        self._candidates.load(folder, saved.docs)
        for story in saved.stories:
            size = len(story.numbers)
            odds = np.frombuffer(story.odds, np.float64).reshape(size, size)
            self._keep(OpenStory(story.story_id, story.numbers, odds, story.first_ms, story.last_ms))


def _is_open(story: OpenStory, time_ms: int) -> bool:
    is_near = story.first_ms - WINDOW_MS <= time_ms <= story.last_ms + WINDOW_MS
    return is_near and max(story.last_ms, time_ms) - min(story.first_ms, time_ms) <= LONGEST_MS


def _mean_nearest(odds: F64) -> float:
    return float(np.sort(odds)[::-1][:NEAREST].mean())


def _grow(story: OpenStory, doc: Doc, odds: F64) -> OpenStory:
    row = np.append(odds, 0.0)
    square = np.block([[story.odds, odds[:, None]], [row[None, :]]])
    numbers = [*story.numbers, doc.number]
    return OpenStory(story.story_id, numbers, square, min(story.first_ms, doc.time_ms), max(story.last_ms, doc.time_ms))
