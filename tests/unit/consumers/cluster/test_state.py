"""cluster gives each article a story and announces what becomes of it."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.cluster import STAGE
from newswire.settings import Settings
from newswire.stage import Record
from schemas.messages import Article, DeduplicatedArticle, StoryChanged

BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def article(name, verdict="new", *, fetch=0, version=1, copy_of=None, tier="copy"):
    return DeduplicatedArticle(
        article_id=digest(name),
        url_id=digest(name),
        url=f"https://{name}.example/",
        canonical_url=f"https://{name}.example/",
        source=name,
        outlet=name,
        host=f"{name}.example",
        language="en",
        title=f"Title of {name}",
        body=f"Body of {name}.",
        content_hash=digest(f"{name}{version}"),
        fetched_at=BEGIN + dt.timedelta(minutes=fetch),
        first_seen_at=BEGIN + dt.timedelta(minutes=fetch),
        verdict=verdict,
        version=version,
        copy_of=copy_of and digest(copy_of),
        copy_tier=tier if copy_of else None,
    )


def record(value, offset):
    return Record(STAGE.reads.name, 0, offset, offset * 1000, b"en", value, {"ce_id": STAGE.reads.id_of(value)})


def run(state, values):
    """The articles and the stories that the state announces."""
    messages = [out.value for n, value in enumerate(values) for out in state.decide(record(value, n))]
    return [m for m in messages if isinstance(m, Article)], [m for m in messages if isinstance(m, StoryChanged)]


@pytest.fixture
def state():
    return STAGE.new_state(Settings())


def test_a_copy_joins_the_story_of_its_original(state):
    """The story keeps the original's id and grows."""
    articles, stories = run(state, [article("a"), article("b", copy_of="a", fetch=9)])
    assert [a.story_id for a in articles] == [digest("a")] * 2
    assert [(s.change, s.revision, s.size) for s in stories] == [("created", 1, 1), ("grew", 2, 2)]
    assert stories[-1].outlets == ("a", "b")
    assert stories[-1].last_seen_at - stories[-1].first_seen_at == dt.timedelta(minutes=9)


def test_a_revision_keeps_its_story(state):
    """A correction does not move an article, and does not make its story larger."""
    articles, stories = run(
        state, [article("a"), article("b", copy_of="a"), article("b", "revision", version=2, fetch=1)]
    )
    assert articles[-1].version == 2
    assert articles[-1].story_id == digest("a")
    assert stories[-1].size == 2


def test_unchanged_and_redelivered_articles_announce_nothing(state):
    """Writing nothing is the answer to no news."""
    articles, stories = run(state, [article("a"), article("a"), article("a", "unchanged", fetch=1)])
    assert len(articles) == len(stories) == 1


@given(names=st.lists(st.sampled_from("abcdef"), max_size=20), cut=st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_a_snapshot_anywhere_and_a_replay_change_nothing(tmp_path_factory, names, cut):
    """The state is a function of the log."""
    values = [article(name, fetch=n, copy_of="a" if name > "c" else None) for n, name in enumerate(names)]
    records = [record(value, n) for n, value in enumerate(values)]
    undisturbed = STAGE.new_state(Settings())
    expected = [undisturbed.decide(r) for r in records]
    before, after = STAGE.new_state(Settings()), STAGE.new_state(Settings())
    for r in records[:cut]:
        before.decide(r)
    folder = tmp_path_factory.mktemp("snapshot")
    before.save(folder)
    after.load(folder)
    assert [after.decide(r) for r in records[cut:]] == expected[cut:]
