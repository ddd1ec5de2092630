"""Every threshold of cluster's decisions, just below and just above."""

from __future__ import annotations

import datetime as dt

import msgspec
import numpy as np
import pytest

from consumers.cluster import assignment
from consumers.cluster.assignment import StoryAssigner
from consumers.cluster.candidates import Doc
from consumers.cluster.similarity import WEIGHTS, PairFeatures, Profile, log_odds, share_template
from consumers.cluster.split import split
from consumers.cluster.state import ClusterState, _time_ms
from newswire.stage import Record
from schemas.messages import DeduplicatedArticle

DAY_MS = 24 * 3600 * 1000
SEEN = dt.datetime(2026, 3, 20, tzinfo=dt.UTC)


def make_profile(numbers=()):
    """Twenty equally rare words, which are also the names, the title and the opening."""
    ids, none = np.arange(20, dtype=np.uint32), np.zeros(0, np.uint32)
    weights, title = np.full(20, 1 / np.sqrt(20), np.float32), np.full(20, 1 / 20, np.float32)
    return Profile(ids, weights, weights, title, np.ones(20, bool), none, np.array(sorted(numbers), np.uint32))


class Assigner:
    """Assigns articles of one text, told apart by their times only."""

    def __init__(self):
        self.assigner, self.count = StoryAssigner(), 0

    def assign(self, time_ms):
        name = f"article {self.count}"
        found = self.assigner.assign(Doc(self.count, name, f"{self.count}.example", time_ms, 0, make_profile()))
        self.count += 1
        return found


@pytest.mark.parametrize(
    ("time_ms", "joins"),
    [(4 * DAY_MS, True), (4 * DAY_MS + 1, False), (-4 * DAY_MS, True), (-4 * DAY_MS - 1, False)],
)
def test_a_story_is_open_for_four_days_on_either_side(time_ms, joins):
    """By dates of publication: a late article may also be older than the story."""
    articles = Assigner()
    articles.assign(0)
    assert (articles.assign(time_ms).story_id == "article 0") == joins


@pytest.mark.parametrize(("last_ms", "joins"), [(14 * DAY_MS, True), (14 * DAY_MS + 1, False)])
def test_a_story_lasts_fourteen_days(last_ms, joins):
    """However regularly it is reported on."""
    articles = Assigner()
    for day in (0, 3.5, 7, 10.5):
        assert articles.assign(int(day * DAY_MS)).story_id == "article 0"
    assert (articles.assign(last_ms).story_id == "article 0") == joins


@pytest.mark.parametrize(("odds", "merges"), [(-0.2, True), (-0.21, False)])
def test_stories_merge_from_a_mean_of_log_odds(monkeypatch, odds, merges):
    """Two articles with `odds`, and a third that is near both (1.0): the mean between the stories is (odds + 1) / 2."""
    between = {1: odds, 2: 1.0, 3: 1.0}
    monkeypatch.setattr(
        assignment, "log_odds", lambda _, apart: np.array([between[abs(one)] for one in apart.tolist()])
    )
    articles = Assigner()
    assert articles.assign(0).story_id == "article 0"
    assert articles.assign(1).story_id == "article 1"
    assert [move.target for move in articles.assign(3).moves] == (["article 0"] if merges else [])


@pytest.mark.parametrize(("odds", "joins"), [(0.0, True), (-0.001, False)])
def test_an_article_joins_at_log_odds_of_zero(monkeypatch, odds, joins):
    """That is what the bias of the fit is for."""
    monkeypatch.setattr(assignment, "log_odds", lambda _, apart: np.full(len(apart), odds))
    articles = Assigner()
    articles.assign(0)
    assert (articles.assign(1).story_id == "article 0") == joins


def test_the_four_most_similar_articles_decide(monkeypatch):
    """A fifth that is far off keeps nobody out of a large story; of four, the mean counts."""
    odds = [9.0]
    monkeypatch.setattr(assignment, "log_odds", lambda _, apart: np.array((odds * len(apart))[: len(apart)]))
    articles = Assigner()
    for time_ms in range(5):
        articles.assign(time_ms)
    odds = [1.0, 1.0, 1.0, -2.9, -50.0]
    assert articles.assign(5).score == pytest.approx(0.025)
    assert assignment.NEAREST == 4


@pytest.mark.parametrize(("margin", "is_two"), [(1.25, True), (1.24, False)])
def test_two_pairs_split_from_a_margin_of_cohesion(margin, is_two):
    """Members must be more similar to their own part than to the other, by so many log odds."""
    odds = np.full((4, 4), 5.0 - margin)
    odds[:2, :2] = odds[2:, 2:] = 5.0
    assert (split(odds) == ([0, 1], [2, 3])) == is_two
    assert (split(odds) is None) != is_two


@pytest.mark.parametrize(("margin", "is_two"), [(2.5, True), (2.49, False)])
def test_one_article_leaves_a_pair_from_twice_the_margin(margin, is_two):
    """A single article has no cohesion of its own to measure."""
    odds = np.full((3, 3), 5.0 - margin)
    odds[:2, :2] = 5.0
    assert (split(odds) is not None) == is_two


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"names": 0.84}, True),  # 1.05 times the words
        ({"names": 0.85}, False),
        ({"phrases": 2.0}, True),
        ({"phrases": 1.99}, False),
    ],
)
def test_one_template_agrees_in_words_and_phrases_more_than_in_names(changes, expected):
    """Two reports of one event agree in names more than in words."""
    features = PairFeatures(**{"body": 0.8, "names": 0.5, "title": 0.0, "opening": 0.0, "phrases": 3.0} | changes)
    assert share_template(make_profile(range(6)), make_profile(range(100, 106)), features) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (range(6), range(100, 106), True),
        (range(5), range(100, 106), False),  # too few to judge by
        (range(6), [0, *range(100, 105)], True),
        (range(6), [0, 1, *range(100, 104)], False),  # a third of them agree
    ],
)
def test_one_template_differs_in_its_numbers(one, other, expected):
    """Fewer than a third of at least six agree."""
    features = PairFeatures(body=0.8, names=0.5, title=0.0, opening=0.0, phrases=3.0)
    assert share_template(make_profile(one), make_profile(other), features) == expected


@pytest.mark.parametrize(
    ("before", "is_plausible"),
    [
        (dt.timedelta(days=14), True),
        (dt.timedelta(days=14, milliseconds=1), False),
        (dt.timedelta(0), True),
        (dt.timedelta(milliseconds=-1), False),
    ],
)
def test_a_date_of_publication_is_believed_for_fourteen_days(before, is_plausible):
    """An older one, or one in the future, is replaced by the time at which the article was first seen."""
    names = ("article_id", "url_id", "url", "canonical_url", "source", "outlet", "host", "content_hash")
    article = DeduplicatedArticle(
        **dict.fromkeys(names, "0" * 32),
        **dict.fromkeys(("fetched_at", "first_seen_at"), SEEN),
        language="en",
        title="",
        body="",
        published_at=SEEN - before,
        verdict="new",
        version=1,
    )
    assert _time_ms(article) == int((SEEN - before if is_plausible else SEEN).timestamp() * 1000)


def test_every_feature_has_its_weight():
    """The weights are multiplied by place: their order is that of the features."""
    assert tuple(WEIGHTS) == PairFeatures._fields
    features = np.eye(5)
    base = log_odds(np.zeros((1, 5)), np.array([10**12]))[0]
    assert log_odds(features, np.full(5, 10**12)) - base == pytest.approx([*WEIGHTS.values()])


def test_snapshots_keep_their_names(tmp_path):
    """Names inside the program may change; a snapshot of an older release still loads."""
    state = ClusterState()
    state.decide(Record("deduplicated-articles", 0, 0, 0, None, None))
    state._assigner.assign(Doc(0, "a", "h", 0, 0, make_profile()))
    state.save(tmp_path)
    placing = msgspec.msgpack.decode((tmp_path / "placing.msgpack").read_bytes())
    assert set(placing) == {"docs", "groups"}
    assert set(placing["groups"][0]) == {"story_id", "numbers", "ties", "first_ms", "last_ms"}
    saved = msgspec.msgpack.decode((tmp_path / "state.msgpack").read_bytes())
    assert set(saved) == {"count", "chronicle"}
    assert set(saved["chronicle"]) == {"clock_ms", "count", "stories", "story_ids", "touched", "texts", "events"}
