"""dedupe decides identity from the ordered log alone."""

from __future__ import annotations

import datetime as dt
import hashlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.dedupe import STAGE
from newswire.settings import Settings
from newswire.stage import Record
from newswire.text.fingerprint import fingerprint
from schemas.messages import ParsedArticle

BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
DAY_MS = 24 * 3600 * 1000


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def article(name="a", text="one", *, fetch=0, url=None, title="A title"):
    """An article `name` whose page at `url` was fetched `fetch` minutes in."""
    body = f"This is the text called {text}."
    return ParsedArticle(
        article_id=digest(name),
        url_id=digest(url or name),
        url=f"https://{name}.example/",
        canonical_url=f"https://{name}.example/",
        source=name,
        outlet=name,
        host=f"{name}.example",
        language="en",
        title=title,
        body=body,
        content_hash=digest(title + body),
        fetched_at=BEGIN + dt.timedelta(minutes=fetch),
        first_seen_at=BEGIN + dt.timedelta(minutes=fetch),
        reader="test",
        fingerprint=fingerprint(title, body, "en"),
    )


def record(value, offset=0, timestamp_ms=None):
    when = timestamp_ms if timestamp_ms is not None else offset * 1000
    return Record(STAGE.reads.name, 0, offset, when, b"en", value, {"ce_id": STAGE.reads.id_of(value)})


def run(state, values, start=0):
    """What the state answers to the values, in order; None where it has nothing to say."""
    answers = [state.decide(record(value, start + n)) for n, value in enumerate(values)]
    return [answer[0].value if answer else None for answer in answers]


@pytest.fixture
def state(tmp_path):
    return STAGE.new_state(Settings(state_dir=tmp_path))


def test_the_same_text_of_the_same_article_is_unchanged(state):
    """A re-crawl without news is told apart from a new version."""
    first, again = run(state, [article(fetch=0), article(fetch=5)])
    assert (first.verdict, again.verdict) == ("new", "unchanged")
    assert (first.version, again.version) == (1, 1)


def test_another_text_is_the_next_version_even_when_it_is_an_old_one(state):
    """A text that goes A, B, A makes three versions, and each says what changed."""
    texts = [article(text=t, fetch=n) for n, t in enumerate(["one", "two", "one"])]
    found = run(state, texts)
    assert [a.version for a in found] == [1, 2, 3]
    assert [a.verdict for a in found] == ["new", "revision", "revision"]
    assert [a.changed for a in found] == [(), ("body",), ("body",)]
    assert run(state, [article(text="one", title="Other", fetch=9)], 9)[0].changed == ("title",)


def test_an_article_keeps_the_moment_it_was_first_seen(state):
    """Its month's index depends on it: later versions and other URLs of it do not move it."""
    found = run(state, [article(fetch=0), article(fetch=7, text="two"), article(fetch=8, url="print", text="three")])
    assert {a.first_seen_at for a in found} == {BEGIN}


def test_an_exact_copy_points_to_the_smallest_offset(state):
    """Copies of copies point to the original too."""
    found = run(state, [article("z"), article("m"), article("a")])
    assert [a.copy_of for a in found] == [None, digest("z"), digest("z")]
    assert [a.copy_tier for a in found] == [None, "exact", "exact"]


def test_an_original_stays_one_when_it_comes_back_to_its_text(state):
    """An article is never a copy of itself, nor of what came after it."""
    found = run(
        state, [article("a"), article("b"), article("a", "two", fetch=3), article("b", "two"), article("a", fetch=5)]
    )
    assert [a.copy_of for a in found if a and a.article_id == digest("a")] == [None, None, None]


def test_a_redelivered_record_has_no_second_answer(state):
    """The same event under another offset was answered already."""
    found = run(state, [article(), article(text="two", fetch=1), article()])
    assert [a and a.version for a in found] == [1, 2, None]


def test_what_is_older_than_the_window_is_forgotten_by_record_time(state):
    """The clock of this machine plays no part."""
    state.decide(record(article("a"), 0, 0))
    late = state.decide(record(article("b"), 1, 31 * DAY_MS))
    assert late[0].value.copy_of is None


@pytest.mark.parametrize(("age_ms", "copy_of"), [(30 * DAY_MS, digest("a")), (30 * DAY_MS + 1, None)])
def test_the_window_ends_to_the_millisecond(state, age_ms, copy_of):
    """Deciders with another view of the window would contradict each other; the next to come stays known."""
    other = "Nothing of the first is said again"
    state.decide(record(article("a"), 0, 0))
    state.decide(record(article("c", "x", title=other), 1, 1))
    assert state.decide(record(article("b"), 2, age_ms))[0].value.copy_of == copy_of
    assert state.decide(record(article("d", "x", title=other), 3, age_ms))[0].value.copy_of == digest("c")


@pytest.mark.parametrize("days", [31, 399])
def test_an_article_is_known_long_after_its_text_is_forgotten(state, days):
    """A version that began again at 1 would be refused by the index, and the new text lost."""
    state.decide(record(article("a"), 0, 0))
    found = state.decide(record(article("a", "two", fetch=9), 1, days * DAY_MS))[0].value
    assert (found.verdict, found.version) == ("revision", 2)


def test_what_comes_back_as_it_was_can_be_copied_again(state):
    """Its text is read once more; it is no new version."""
    state.decide(record(article("a"), 0, 0))
    back = state.decide(record(article("a", fetch=9), 1, 60 * DAY_MS))[0].value
    copy = state.decide(record(article("b"), 2, 61 * DAY_MS))[0].value
    assert (back.verdict, back.version, copy.copy_of) == ("unchanged", 1, digest("a"))


def test_an_article_from_before_the_log_gets_a_higher_version_than_any_it_had(state):
    """The log is kept for 35 days: a decider without a snapshot knows nothing of what was before."""
    old = article("a", fetch=40 * 24 * 60)
    old = msgspec.structs.replace(old, first_seen_at=BEGIN)
    found, late = run(
        state, [old, msgspec.structs.replace(article("b", "two"), first_seen_at=BEGIN - dt.timedelta(days=29))]
    )
    assert (found.verdict, found.version, late.version) == ("new", 40 * 24 + 1, 1)


def test_after_four_hundred_days_an_article_may_begin_again(state):
    """Memory has an end, and it is the same one for every decider."""
    state.decide(record(article("a"), 0, 0))
    found = state.decide(record(article("a", "two", fetch=9), 1, 401 * DAY_MS))[0].value
    assert (found.verdict, found.version) == ("new", 1)


steps = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 3)), max_size=25)


@given(steps=steps, cut=st.integers(0, 25), gap=st.sampled_from([1, 1000, 10 * DAY_MS, 45 * DAY_MS]))
@settings(max_examples=60, deadline=None)
def test_a_snapshot_anywhere_and_a_replay_change_nothing(tmp_path_factory, steps, cut, gap):
    """The state is a function of the log: saved at any point and loaded, it decides as if undisturbed."""
    values = [article(name, text, fetch=fetch) for name, text, fetch in steps]
    records = [record(value, n, n * gap) for n, value in enumerate(values)]
    undisturbed = STAGE.new_state(Settings())
    expected = [undisturbed.decide(r) for r in records]
    before, after = STAGE.new_state(Settings()), STAGE.new_state(Settings())
    for r in records[:cut]:
        before.decide(r)
    folder = tmp_path_factory.mktemp("snapshot")
    before.save(folder)
    after.load(folder)
    assert [after.decide(r) for r in records[cut:]] == expected[cut:]
