"""cluster takes articles out of stories and topics, and forgets their texts, without deciding anything else."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.cluster import STAGE
from consumers.cluster.state import FILE, SavedCluster
from newswire.settings import Settings
from newswire.stage import TakenDownIds
from schemas.messages import Article, StoryChanged
from schemas.topics import ARTICLES, STORIES
from tests.unit.consumers.cluster.test_state import article, digest, record

A = frozenset({digest("a")})
TAKEN = TakenDownIds(A)


def decide(state, *values, begin=0):
    return [out for n, value in enumerate(values, begin) for out in state.decide(record(value, n))]


def values_of(outs, kind):
    return [out.value for out in outs if isinstance(out.value, kind)]


def texts_of(outs):
    return b"".join(out.topic.encode(out.value) for out in outs if out.value)


@pytest.fixture
def state():
    return STAGE.new_state(Settings())


@pytest.fixture
def family(state):
    """A story of three: a, and its copies b and c."""
    decide(state, article("a"), article("b", copy_of="a", fetch=1), article("c", copy_of="a", fetch=2))
    return state


def test_a_takedown_is_a_tombstone_and_a_story_without_the_article(family):
    """The tombstone names the month of its index; the story keeps its id and revision."""
    tombstone, story = family.honour(TAKEN, A)
    assert (tombstone.topic, tombstone.value, tombstone.key) == (ARTICLES, None, digest("a").encode())
    assert tombstone.headers == {"first_seen_at": "2026-03-01T00:00:00+00:00"}
    assert story.topic == STORIES
    shown = story.value
    assert (shown.story_id, shown.revision, shown.size) == (digest("a"), 3, 2)
    assert (shown.members, shown.outlets) == ((digest("b"), digest("c")), ("b", "c"))
    assert shown.headline == "Title of b"
    assert STORIES.decode(STORIES.encode(shown)) == shown


def test_what_is_not_known_here_needs_nothing(family):
    """Every partition gets every takedown."""
    name = frozenset({digest("z")})
    assert family.honour(TakenDownIds(name), name) == ()


def test_no_later_version_is_sent(family):
    """Not even one that was on its way before dedupe knew; and the story is not announced with its title."""
    family.honour(TAKEN, A)
    outs = decide(family, article("a", "revision", version=2, fetch=5), article("d", copy_of="a", fetch=6), begin=3)
    assert [one.article_id for one in values_of(outs, Article)] == [digest("d")]
    assert b"Title of a" not in texts_of(outs)
    assert b"Body of a" not in texts_of(outs)
    assert values_of(outs, StoryChanged)[-1].size == 3


def test_an_article_whose_address_is_taken_down_leaves_its_story(state):
    """Its id may be another since its page names another canonical URL."""
    state.honour(TakenDownIds(url_ids=A), A)
    outs = decide(state, article("a"), article("b", copy_of="a"))
    assert [one.article_id for one in values_of(outs, Article)] == [digest("b")]
    assert b"Title of a" not in texts_of(outs)
    assert [one.size for one in values_of(outs, StoryChanged)] == [0, 1]


def test_a_snapshot_has_neither_text_nor_title(family, tmp_path):
    """Nor has one that is made after its next version has come."""
    family.honour(TAKEN, A)
    decide(family, article("a", "revision", version=2, fetch=5), begin=3)
    family.save(tmp_path)
    saved = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Title of a" not in saved
    assert b"Title of b" in saved
    members = msgspec.msgpack.decode((tmp_path / FILE).read_bytes(), type=SavedCluster).story_log.find_member
    assert [bool(members(digest(name)).text) for name in "abc"] == [False, True, True]


def test_a_snapshot_from_before_a_takedown_honours_it(family, tmp_path):
    """What is loaded is asked to honour all there is."""
    family.save(tmp_path)
    after = STAGE.new_state(Settings())
    after.load(tmp_path)
    after.honour(TAKEN, frozenset())
    outs = decide(after, article("d", copy_of="a", fetch=6), begin=3)
    assert values_of(outs, StoryChanged)[-1].members == (digest("b"), digest("c"), digest("d"))


def test_an_undo_lists_the_article_again(family):
    """Its title comes back with its next version: a hash is all that the state has kept of it."""
    family.honour(TAKEN, A)
    (story,) = family.honour(TakenDownIds(), A)
    assert (story.value.size, story.value.members[0], story.value.headline) == (3, digest("a"), "Title of b")
    outs = decide(family, article("a", "revision", version=2, fetch=5), begin=3)
    assert [one.article_id for one in values_of(outs, Article)] == [digest("a")]
    assert texts_of(outs).count(b"sha256") == 0


def test_a_story_of_which_all_is_taken_down_shows_nothing(state):
    """Lists leave out stories without members."""
    decide(state, article("a"))
    *_, story = state.honour(TAKEN, A)
    assert (story.value.size, story.value.headline, story.value.outlets) == (0, "", ())


@given(
    log=st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=20),
    moment=st.integers(0, 20),
    undone=st.integers(0, 20),
)
@settings(max_examples=100, deadline=None)
def test_no_other_article_or_story_changes(log, moment, undone):
    """Stories, their revisions and all other articles are those of a state that never heard of the takedown."""
    versions, values = {}, []
    for n, (name, has_common_title) in enumerate(log):
        versions[name] = versions.get(name, 0) + 1
        verdict = "new" if versions[name] == 1 else "revision"
        changed = article(name, verdict, fetch=n, version=versions[name], copy_of="a" if name > "c" else None)
        values.append(msgspec.structs.replace(changed, title="Fire in the harbour") if has_common_title else changed)
    plain, taking = STAGE.new_state(Settings()), STAGE.new_state(Settings())
    for n, value in enumerate(values):
        if n == moment:
            taking.honour(TAKEN, A)
        if n == undone:
            assert b"sha256" not in texts_of(taking.honour(TakenDownIds(), A))
        expected, found = decide(plain, value, begin=n), decide(taking, value, begin=n)
        assert [one for one in values_of(found, Article) if one.article_id != digest("a")] == [
            one for one in values_of(expected, Article) if one.article_id != digest("a")
        ]
        assert [(one.story_id, one.revision, one.change) for one in values_of(found, StoryChanged)] == [
            (one.story_id, one.revision, one.change) for one in values_of(expected, StoryChanged)
        ]
        assert b"sha256" not in texts_of(found)
        if moment <= n and not moment <= undone <= n:
            assert b"Title of a" not in texts_of(found)
