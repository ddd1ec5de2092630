"""Places articles in the stories of the last days: joins, begins, merges and splits; cluster's decisions are here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
from msgspec import Struct

from consumers.cluster.candidates import Candidates, Doc, PackedDoc
from consumers.cluster.similarity import DAY_MS, PairFeatures, compare, share_template, tie
from consumers.cluster.split import Split, is_apart, split
from consumers.cluster.story_log import StoryMove

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    F64 = NDArray[np.float64]

WINDOW_MS: Final = 4 * DAY_MS  # after a story's last article, by dates of publication
LONGEST_MS: Final = 14 * DAY_MS  # from a story's first article to its last
KEPT_MS: Final = 5 * DAY_MS  # by record times: the window, and a day for what comes late
CORE: Final = 24  # newest articles of a story that others are compared with
NEAREST: Final = 4  # of them, those that decide whether an article joins
MOST_GROUPS: Final = 8
MOULDED: Final = -3.0  # log odds of reports that differ in their numbers only
MERGE_AT: Final = 0.4  # mean log odds between two stories that are one
FILE: Final = "placing.msgpack"


class OpenStory(Struct):
    """The articles of a story that others are compared with, and the tie of each to each."""

    story_id: str
    numbers: list[int]
    ties: F64
    first_ms: int
    last_ms: int


class PackedStory(Struct):
    """The same in a snapshot."""

    story_id: str
    numbers: list[int]
    ties: bytes
    first_ms: int
    last_ms: int


class SavedAssignment(Struct):
    """A snapshot."""

    docs: list[PackedDoc]
    groups: list[PackedStory]


class Assignment(NamedTuple):
    """Where an article went, why, and what moved because of it."""

    story_id: str
    score: float | None = None
    nearest: str | None = None
    evidence: PairFeatures | None = None
    moves: tuple[StoryMove, ...] = ()


class _Offer(NamedTuple):
    """A story that an article may join."""

    score: float
    group: OpenStory
    ties: F64
    evidence: F64


class StoryAssigner:
    """All stories that an article may still join. Languages never meet: their words have different numbers."""

    def __init__(self) -> None:
        self._candidates = Candidates()
        self._groups: dict[str, OpenStory] = {}
        self._group_of: dict[int, str] = {}

    def place(self, doc: Doc, hint: str | None = None) -> Assignment:
        """Let the article join the story that it is nearest to, or begin one; `hint` is a story to look at anyway."""
        offers = [offer for offer in self._weigh(doc, hint) if offer.score >= 0]
        self._candidates.add(doc)
        if not offers:
            group = OpenStory(doc.article_id, [doc.number], np.zeros((1, 1)), doc.time_ms, doc.time_ms)
            self._keep(group)
            return Assignment(doc.article_id)
        best = offers[0]
        nearest = int(best.ties.argmax())
        nearest_id = self._candidates.docs[best.group.numbers[nearest]].article_id
        group = _grow(best.group, doc, best.ties)
        self._keep(group)
        moves = [*self._merge(group, [offer.group.story_id for offer in offers[1:3]])]
        moves += self._split(self._groups[self._group_of[doc.number]])
        self._trim(self._groups[self._group_of[doc.number]])
        evidence = PairFeatures(*best.evidence[nearest].tolist())
        return Assignment(best.group.story_id, best.score, nearest_id, evidence, tuple(moves))

    def central(self, story_id: str) -> list[str]:
        """Return a story's articles, those nearest to all others first, of equal ones the older."""
        if (group := self._groups.get(story_id)) is None:
            return []
        order = np.argsort(-group.ties.sum(axis=0), kind="stable")
        return [self._doc(group.numbers[place]).article_id for place in order]

    def forget(self, clock_ms: int) -> None:
        """Forget articles that nothing new is compared with any more."""
        for number in self._candidates.forget(clock_ms - KEPT_MS):
            self._remove(number)

    def _weigh(self, doc: Doc, hint: str | None) -> list[_Offer]:
        """Return the stories that may be joined, the best first; of equal ones the older."""
        numbers = self._candidates.find(doc.profile)
        names = dict.fromkeys(([hint] if hint in self._groups else []) + [self._group_of[n] for n in numbers])
        groups = [self._groups[name] for name in list(names)[:MOST_GROUPS] if name is not None]
        groups = [group for group in groups if _is_open(group, doc.time_ms)]
        if not groups:
            return []
        evidence, ties = self._compare(doc, [number for group in groups for number in group.numbers])
        ends = np.cumsum([len(group.numbers) for group in groups])[:-1]
        parts = zip(groups, np.split(ties, ends), np.split(evidence, ends), strict=True)
        offers = [_Offer(_mean_nearest(ties), group, ties, shared) for group, ties, shared in parts]
        return sorted(offers, key=lambda offer: (-offer.score, offer.group.numbers[0]))

    def _compare(self, doc: Doc, numbers: Sequence[int]) -> tuple[F64, F64]:
        others = [self._candidates.docs[number] for number in numbers]
        evidence = compare(doc.profile, [other.profile for other in others])
        ties = tie(evidence, np.array([doc.time_ms - other.time_ms for other in others]))
        for place, other in enumerate(others):
            is_series = other.host == doc.host
            if is_series and share_template(doc.profile, other.profile, PairFeatures(*evidence[place].tolist())):
                ties[place] = min(ties[place], MOULDED)
        return evidence, ties

    def _merge(self, group: OpenStory, names: Sequence[str]) -> list[StoryMove]:
        """Make one of two stories that the newest article has shown to be one."""
        for name in names:
            other = self._groups[name]
            between = np.array([self._compare(self._doc(number), other.numbers)[1] for number in group.numbers])
            ties = np.block([[group.ties, between], [between.T, other.ties]])
            size = len(group.numbers)
            halves = Split([*range(size)], [*range(size, len(ties))])
            is_pair = min(size, len(other.numbers)) > 1
            if between.mean() >= MERGE_AT and not (is_pair and is_apart(ties, halves, float(between.mean()))):
                return [self._unite(group, other, ties)]
        return []

    def _unite(self, group: OpenStory, other: OpenStory, ties: F64) -> StoryMove:
        older, newer = sorted((group, other), key=lambda each: each.numbers[0])
        numbers = group.numbers + other.numbers
        order = np.argsort(numbers)
        del self._groups[newer.story_id]
        self._keep(
            OpenStory(
                older.story_id,
                [numbers[place] for place in order],
                ties[np.ix_(order, order)],
                min(older.first_ms, newer.first_ms),
                max(older.last_ms, newer.last_ms),
            )
        )
        return StoryMove(newer.story_id, older.story_id)

    def _split(self, group: OpenStory) -> list[StoryMove]:
        """Part a story that proves to be two; the half with the oldest article keeps its name."""
        halves = split(group.ties)
        if halves is None:
            return []
        new_id = self._doc(group.numbers[halves.second[0]]).article_id
        self._keep(self._part(group, halves.first, group.story_id))
        second = self._part(group, halves.second, new_id)
        self._keep(second)
        articles = tuple(self._doc(number).article_id for number in second.numbers)
        return [StoryMove(group.story_id, new_id, articles)]

    def _part(self, group: OpenStory, places: list[int], story_id: str) -> OpenStory:
        numbers = [group.numbers[place] for place in places]
        times = [self._doc(number).time_ms for number in numbers]
        return OpenStory(story_id, numbers, group.ties[np.ix_(places, places)], min(times), max(times))

    def _trim(self, group: OpenStory) -> None:
        for number in group.numbers[: max(0, len(group.numbers) - CORE)]:
            self._candidates.drop(number)
            self._remove(number)

    def _remove(self, number: int) -> None:
        group = self._groups[self._group_of.pop(number)]
        place = group.numbers.index(number)
        del group.numbers[place]
        group.ties = np.delete(np.delete(group.ties, place, 0), place, 1)
        if not group.numbers:
            del self._groups[group.story_id]

    def _keep(self, group: OpenStory) -> None:
        self._groups[group.story_id] = group
        self._group_of.update(dict.fromkeys(group.numbers, group.story_id))

    def _doc(self, number: int) -> Doc:
        return self._candidates.docs[number]

    def save(self, folder: Path) -> None:
        """Write everything into the folder."""
        groups = [
            PackedStory(group.story_id, group.numbers, group.ties.tobytes(), group.first_ms, group.last_ms)
            for group in self._groups.values()
        ]
        saved = SavedAssignment(self._candidates.save(folder), groups)
        (folder / FILE).write_bytes(msgspec.msgpack.encode(saved))

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote."""
        saved = msgspec.msgpack.decode((folder / FILE).read_bytes(), type=SavedAssignment)
        self._candidates.load(folder, saved.docs)
        for group in saved.groups:
            size = len(group.numbers)
            ties = np.frombuffer(group.ties, np.float64).reshape(size, size)
            self._keep(OpenStory(group.story_id, group.numbers, ties, group.first_ms, group.last_ms))


def _is_open(group: OpenStory, time_ms: int) -> bool:
    is_near = group.first_ms - WINDOW_MS <= time_ms <= group.last_ms + WINDOW_MS
    return is_near and max(group.last_ms, time_ms) - min(group.first_ms, time_ms) <= LONGEST_MS


def _mean_nearest(ties: F64) -> float:
    return float(np.sort(ties)[::-1][:NEAREST].mean())


def _grow(group: OpenStory, doc: Doc, ties: F64) -> OpenStory:
    row = np.append(ties, 0.0)
    square = np.block([[group.ties, ties[:, None]], [row[None, :]]])
    numbers = [*group.numbers, doc.number]
    return OpenStory(group.story_id, numbers, square, min(group.first_ms, doc.time_ms), max(group.last_ms, doc.time_ms))
