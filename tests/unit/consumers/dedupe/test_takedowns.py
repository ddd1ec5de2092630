"""dedupe sends no text of an article that is taken down, and decides about all others as before."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.dedupe import STAGE
from newswire.settings import Settings
from newswire.stage import Record, TakenDownIds
from schemas.messages import ParsedArticle
from schemas.topics import DEDUPLICATED_ARTICLES, PARSED_ARTICLES

BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
TEXT = "the granary at the harbour burned down last night and nobody knows who had the key to its gate"


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def article(name, text="granary", *, fetch=0, url=None):
    body = " ".join(f"{word} {text}" for word in TEXT.split() * 3)
    return ParsedArticle(
        article_id=digest(name), url_id=digest(url or name), url=f"https://{name}.example/",
        canonical_url=f"https://{name}.example/", source=name, outlet=name, host=f"{name}.example", language="en",
        title=f"Secret title {text}", body=body, content_hash=digest(body),
        fetched_at=BEGIN + dt.timedelta(minutes=fetch),
        first_seen_at=BEGIN, heading="Secret heading", summary="Secret summary", authors=("Secret Author",), reader="r",
        tags=("secret",), section="secret", image="https://secret.example/", provenance={"title": "secret"},
    )  # fmt: skip


def run(state, values, begin=0):
    records = [
        Record(PARSED_ARTICLES.name, 0, n, n * 1000, b"en", value, {"ce_id": digest(f"{n}")})
        for n, value in enumerate(values, begin)
    ]
    return [out.value for record in records for out in state.decide(record)]


@pytest.fixture
def state(tmp_path):
    return STAGE.new_state(Settings(state_dir=tmp_path))


@pytest.mark.parametrize(
    "taken",
    [TakenDownIds(frozenset({digest("a")})), TakenDownIds(url_ids=frozenset({digest("b")}))],
    ids=["article", "url"],
)
def test_nothing_of_its_content_is_sent(state, taken):
    """The ledger learns how the fetch has ended, and cluster has nothing to do."""
    assert state.honour(taken, frozenset({digest("a")})) == ()
    (sent,) = run(state, [article("a", url="b")])
    assert b"ecret" not in DEDUPLICATED_ARTICLES.encode(sent)
    assert b"granary" not in DEDUPLICATED_ARTICLES.encode(sent)
    assert (sent.verdict, sent.article_id, sent.url_id) == ("unchanged", digest("a"), digest("b"))
    assert DEDUPLICATED_ARTICLES.decode(DEDUPLICATED_ARTICLES.encode(sent)) == sent


def test_an_undo_sends_it_again(state):
    """Its next version is one as if nothing had been."""
    state.honour(TakenDownIds(frozenset({digest("a")})), frozenset({digest("a")}))
    run(state, [article("a")])
    state.honour(TakenDownIds(), frozenset({digest("a")}))
    (sent,) = run(state, [article("a", "mill", fetch=1)], begin=1)
    assert (sent.verdict, sent.version) == ("revision", 2)
    assert "mill" in sent.body


@given(
    log=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["granary", "mill", "guard"])), max_size=12),
    moment=st.integers(0, 12),
)
@settings(max_examples=60, deadline=None)
def test_no_other_verdict_changes(tmp_path_factory, log, moment):
    """What is taken down is not in the log, and a replay must decide as it did."""
    values = [article(name, text, fetch=n) for n, (name, text) in enumerate(log)]
    plain, taking = (STAGE.new_state(Settings(state_dir=tmp_path_factory.mktemp("state"))) for _ in range(2))
    expected = run(plain, values)
    found = run(taking, values[:moment])
    taking.honour(TakenDownIds(frozenset({digest("a")})), frozenset({digest("a")}))
    found += run(taking, values[moment:], begin=len(values[:moment]))
    others = [value for value in expected if value.article_id != digest("a")]
    assert [value for value in found if value.article_id != digest("a")] == others
