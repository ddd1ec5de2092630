"""cluster announces what becomes of stories: created, grown, merged into an older one, split when a merge was wrong."""

from __future__ import annotations

import datetime as dt
import hashlib
from itertools import count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.cluster.assignment import StoryAssigner
from consumers.cluster.candidates import Doc
from consumers.cluster.similarity import Profile
from consumers.cluster.split import split
from consumers.cluster.story_log import StoryLog
from schemas.messages import Article, StoryChanged

SEEN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def digest(name):
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def make_article(name, story_id):
    fields = dict.fromkeys(("url", "canonical_url", "source", "outlet", "host"), f"https://{name}.example/")
    ids = dict.fromkeys(("article_id", "url_id", "content_hash"), digest(name))
    times = {"fetched_at": SEEN, "first_seen_at": SEEN}
    return Article(
        **fields, **ids, **times, language="en", title=f"Title {name}", body="Body.", version=1, story_id=story_id
    )


def make_profile(words):
    """An article of words that are all equally rare; the first half of them is its headline."""
    ids = np.array(sorted(words), np.uint32)
    weights = np.full(len(ids), 1 / np.sqrt(len(ids)), np.float32)
    title = np.full(len(ids), 1 / len(ids), np.float32)
    return Profile(
        ids, weights, weights, title, np.ones(len(ids), bool), np.zeros(0, np.uint32), np.zeros(0, np.uint32)
    )


class Desk:
    """Places articles that are nothing but sets of words, and follows all announcements as a reader would."""

    def __init__(self):
        self.assigner, self.story_log, self.numbers = StoryAssigner(), StoryLog(), count()
        self.articles, self.stories, self.changes = {}, {}, []

    def take(self, name, words):
        doc = Doc(next(self.numbers), digest(name), f"{name}.example", 0, 0, make_profile(words))
        placement = self.assigner.assign(doc)
        article = make_article(name, placement.story_id)
        for out in self.story_log.add(article, placement.moves, self.assigner.central):
            self.follow(out.value)
        return placement

    def follow(self, value):
        if isinstance(value, Article):
            before = self.articles.get(value.article_id)
            assert before is None or value.story_revision > before.story_revision
            self.articles[value.article_id] = value
        elif isinstance(value, StoryChanged):
            before = self.stories.get(value.story_id)
            assert value.revision == (before.revision + 1 if before else 1)
            self.stories[value.story_id] = value
            self.changes.append((value.change, value.size))

    def check(self):
        """Articles and stories that were announced must agree with one another."""
        members = {m: s.story_id for s in self.stories.values() for m in s.members}
        assert members == {article.article_id: article.story_id for article in self.articles.values()}
        for story in self.stories.values():
            assert story.size == len(story.members)
            assert (story.merged_into is None) == (story.size > 0)
            assert story.merged_into is None or self.stories[story.merged_into].story_id != story.story_id


@pytest.fixture
def desk():
    return Desk()


LEFT, RIGHT = range(100, 120), range(200, 220)


def test_a_bridge_merges_two_stories_into_the_older(desk):
    """What was told from two sides is one story; the younger name leads to the older."""
    desk.take("left", LEFT)
    desk.take("right", [*LEFT[:5], *RIGHT[:15]])
    assert len(desk.stories) == 2
    placement = desk.take("bridge", [*LEFT[:13], *RIGHT[:7]])
    assert [move.target for move in placement.moves] == [digest("left")]
    assert desk.stories[digest("right")].merged_into == digest("left")
    assert {article.story_id for article in desk.articles.values()} == {digest("left")}
    assert sorted(desk.changes) == [("created", 1), ("created", 1), ("grew", 3), ("merged", 0)]
    desk.check()


def test_a_story_that_proves_to_be_two_is_split(desk):
    """Two events that seemed to be one part when the first has another telling; the second gets its own name back."""
    desk.take("left0", LEFT)
    desk.take("right0", [*LEFT[:8], *RIGHT[:12]])
    assert desk.changes == [("created", 1), ("grew", 2)]
    desk.take("left1", LEFT)
    assert sorted(desk.changes[2:]) == [("split", 1), ("split", 2)]
    assert desk.articles[digest("right0")].story_id == digest("right0")
    desk.check()


def test_two_crowds_that_loose_tellings_had_joined_part(desk):
    """Each event has tellings of its own, and ends in one story of its own."""
    for number in range(2):
        desk.take(f"loose{number}", [*LEFT[:10], *RIGHT[:10]])
    for number in range(3):
        desk.take(f"left{number}", LEFT)
        desk.take(f"right{number}", RIGHT)
    homes = [{desk.articles[digest(f"{side}{n}")].story_id for n in range(3)} for side in ("left", "right")]
    assert [len(home) for home in homes] == [1, 1]
    assert homes[0] != homes[1]
    desk.check()


def test_halves_are_told_apart_by_their_gap():
    """Two close pairs far from each other are two stories; four that are about equally close are one."""
    apart = np.array([[0, 5, 1, 1], [5, 0, 1, 1], [1, 1, 0, 5], [1, 1, 5, 0]], float)
    assert split(apart) == ([0, 1], [2, 3])
    assert split(np.where(apart == 1, 4.5, apart)) is None


def test_one_short_text_does_not_leave_a_large_story():
    """A single article leaves a pair, and nothing larger."""
    near = np.full((5, 5), 4.0)
    near[4, :4] = near[:4, 4] = 0.5
    assert split(near) is None
    assert split(near[2:, 2:]) == ([0, 1], [2])


WORDS = st.lists(st.sampled_from([*range(100, 112), *range(200, 212)]), min_size=4, max_size=16, unique=True)


@given(texts=st.lists(WORDS, min_size=1, max_size=25))
@settings(max_examples=40, deadline=None)
def test_a_reader_of_the_announcements_knows_every_story(texts):
    """Whatever is joined, merged and split: revisions only grow, and articles and stories say the same."""
    desk = Desk()
    for number, words in enumerate(texts):
        desk.take(f"a{number}", words)
        desk.check()


@given(texts=st.lists(WORDS, min_size=2, max_size=20), cut=st.integers(0, 19))
@settings(max_examples=30, deadline=None)
def test_a_saved_placing_goes_on_as_if_nothing_had_happened(tmp_path_factory, texts, cut):
    """Joins, merges and splits do not depend on a restart."""
    before, after, undisturbed = StoryAssigner(), StoryAssigner(), StoryAssigner()
    docs = [Doc(n, digest(str(n)), "h", 0, 0, make_profile(words)) for n, words in enumerate(texts)]
    expected = [undisturbed.assign(doc) for doc in docs]
    for doc in docs[:cut]:
        before.assign(doc)
    folder = tmp_path_factory.mktemp("placing")
    before.save(folder)
    after.load(folder)
    assert [after.assign(doc) for doc in docs[cut:]] == expected[cut:]
