"""The ledger on a real crawl state: every address ends in one state, in whatever order the news comes."""

from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import psycopg
import pytest
from pydantic import SecretStr

from consumers.ledger import STAGE
from newswire.crawl.url_counts import count_quarantined, count_urls, find_overdue
from newswire.errors import Retry
from newswire.stage import Record
from schemas.messages import DeduplicatedArticle, IndexedArticle

pytestmark = pytest.mark.servers

NOON = dt.datetime(2031, 5, 6, 12, tzinfo=dt.UTC)
URL, ARTICLE, OTHER_URL = "a" * 32, "b" * 32, "c" * 32


def fetch(number):
    return NOON + dt.timedelta(hours=number)


def deduplicated(number=1, verdict="new", version=1, url_id=URL):
    value = DeduplicatedArticle(
        article_id=ARTICLE, url_id=url_id, url="https://example.com/a", canonical_url="https://example.com/a",
        source="paper", outlet="The Paper", host="example.com", language="en", title="Title", body="Body",
        content_hash="d" * 32, fetched_at=fetch(number), first_seen_at=NOON, verdict=verdict, version=version,
    )  # fmt: skip
    return Record("deduplicated-articles", 0, 0, 0, b"en", value)


def indexed(number=1, version=1, url_id=URL):
    value = IndexedArticle(
        article_id=ARTICLE, url_id=url_id, source="paper", language="en", version=version, story_id=ARTICLE,
        story_revision=0, index="i", fetched_at=fetch(number), first_seen_at=NOON, indexed_at=NOON,
    )  # fmt: skip
    return Record("indexed-articles", 0, 0, 0, ARTICLE.encode(), value)


def dead(number=1, stage="parse", reason="listing", expected="true", url_id=URL):
    value = msgspec.json.encode({"url_id": url_id, "fetched_at": fetch(number), "status": 200})
    headers = {"dlq.stage": stage, "dlq.error.type": reason, "dlq.expected": expected}
    return Record(f"{stage}-dlq", 0, 0, 0, url_id.encode(), value, headers)


@pytest.fixture
def state(crawl_state):
    """A crawl state with one address just fetched."""
    with psycopg.connect(crawl_state.postgres_dsn.get_secret_value(), autocommit=True) as connection:
        state = State(crawl_state, connection)
        state.reset()
        with STAGE.open(crawl_state) as state.enter:
            yield state


class State:
    """The crawl state, set and looked at by hand."""

    def __init__(self, settings, connection):
        self.settings = settings
        self.connection = connection

    def reset(self, state="fetched", number=1, urls=(URL,)):
        """Begin anew with addresses in one state."""
        self.connection.execute("DELETE FROM urls; DELETE FROM indexed_articles")
        for url_id in urls:
            self.connection.execute(
                "INSERT INTO urls (url_id, url, host, source, state, found_in, fetched_at) "
                "VALUES (%s, 'https://example.com/a', 'example.com', 'paper', %s, 'feed', %s)",
                (url_id, state, fetch(number) if number else None),
            )

    def of(self, url_id=URL):
        """Return state or state(reason)."""
        query = "SELECT state, reason FROM urls WHERE url_id = %s"
        name, reason = self.connection.execute(query, (url_id,)).fetchone()
        return f"{name}({reason})" if reason else name


ROADS = {
    "an article": ([deduplicated(), indexed()], "indexed"),
    "an article on its way": ([deduplicated()], "parsed"),
    "a page without article": ([dead()], "rejected(listing)"),
    "a bad page": ([dead(reason="undecodable", expected="false")], "dead-lettered(undecodable)"),
    "a dead letter sent again": ([dead(stage="index", expected="false"), deduplicated(), indexed()], "indexed"),
    "text seen at another address": ([deduplicated(verdict="unchanged")], "unchanged"),
    "a second fetch, text unchanged": ([deduplicated(), indexed(), deduplicated(2, "unchanged")], "indexed"),
    "a correction": ([deduplicated(), indexed(), deduplicated(2, "revision", 2), indexed(2, 2)], "indexed"),
    "a correction on its way": ([deduplicated(), indexed(), deduplicated(2, "revision", 2)], "parsed"),
    "a second fetch of a cookie wall": ([deduplicated(), indexed(), dead(2, reason="wall")], "rejected(wall)"),
    "only the newest version announced": ([deduplicated(), deduplicated(2, "revision", 2), indexed(2, 2)], "indexed"),
}


@pytest.mark.parametrize(("records", "expected"), ROADS.values(), ids=ROADS)
def test_every_order_and_repetition_of_the_news_ends_alike(state, records, expected):
    """Topics are read side by side and delivered again: the end does not depend on it, nor on batches."""
    for order in itertools.permutations(records):
        state.reset()
        for record in order:
            assert state.enter([record]) == [()]
        assert state.of() == expected, [type(record.value).__name__ for record in order]
        state.enter(list(order))
        assert state.of() == expected
        state.reset()
        assert state.enter([*order, *order]) == [()] * (2 * len(order))
        assert state.of() == expected


def test_two_addresses_of_an_article_are_indexed_with_it(state):
    """Where the index announces only the newest of two versions, the address of the older one is not left behind."""
    state.reset(urls=(URL, OTHER_URL))
    news = [deduplicated(), deduplicated(1, "revision", 2, OTHER_URL), indexed(1, 2, OTHER_URL)]
    for order in itertools.permutations(news):
        state.reset(urls=(URL, OTHER_URL))
        for record in order:
            state.enter([record])
        assert (state.of(URL), state.of(OTHER_URL)) == ("indexed", "indexed")


def test_pages_left_out_in_quarantine_are_counted_by_source(state):
    """The status command and the source's row name them, until they are sent back and parsed."""
    state.enter([dead(reason="quarantined", expected="false")])
    assert count_quarantined(state.settings) == {"paper": 1}
    state.enter([deduplicated(), indexed()])
    assert count_quarantined(state.settings) == {}


@pytest.mark.parametrize(
    "value",
    [
        {"url_id": "a\x00b", "fetched_at": fetch(1)},
        {"url_id": URL, "fetched_at": "2031-05-06T12:00:00"},
        {"url_id": URL, "fetched_at": "9999-12-31T23:59:59-05:00"},
        {"url_id": URL, "fetched_at": fetch(1), "version": 2**31},
        {"url_id": URL, "fetched_at": fetch(1), "article_id": "../../etc"},
    ],
)
def test_a_dead_letter_out_of_bounds_moves_nothing_and_ends_nothing(state, value):
    """Anybody may have written it; the address stays in flight until it is overdue."""
    letter = Record("parse-dlq", 0, 0, 0, b"", msgspec.json.encode(value), {"dlq.error.type": "x\x00y"})
    assert state.enter([letter, dead(), letter]) == [()] * 3
    assert state.of() == "rejected(listing)"


def test_news_before_the_crawl_has_said_fetched_counts(state):
    """A fetch killed between Kafka's word and its own mark is accounted for by the ledger."""
    state.reset("discovered", number=None)
    state.enter([deduplicated()])
    assert state.of() == "parsed"


@pytest.mark.parametrize("ended", ["gone", "refused", "failed"])
def test_what_the_crawl_has_ended_is_moved_by_a_later_fetch_only(state, ended):
    """A page that is gone by now stays gone when its old text reaches the index."""
    state.reset(ended)
    state.enter([deduplicated(), indexed()])
    assert state.of() == ended
    state.enter([deduplicated(2, "unchanged")])
    assert state.of() == "indexed"


def test_records_that_concern_no_address_are_passed_over(state):
    """Unknown addresses, notes without value and bytes that nobody can read do not stop the ledger."""
    note = Record("parse-dlq", 0, 0, 0, b"", None, {"dlq.retried": "3"})
    garbage = Record("index-dlq", 0, 0, 0, b"", b"\xff{", {"dlq.error.type": "x"})
    assert state.enter([note, garbage, deduplicated(url_id="f" * 32)]) == [(), (), ()]
    assert state.of() == "fetched"


def test_the_account_adds_up(state):
    """Discovered is ended and in flight together, by source, with reasons; what lingers is named."""
    state.reset(urls=(URL, OTHER_URL))
    state.enter([dead()])
    paper = count_urls(state.settings)["paper"]
    assert (paper.discovered, paper.ended, paper.in_flight) == (2, 1, 1)
    assert paper.states == {"fetched": 1, "rejected": 1}
    assert paper.reasons == {"rejected": {"listing": 1}}
    assert count_urls(state.settings, since=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)) == {}
    state.connection.execute("UPDATE urls SET fetched_at = now() - interval '2 h'")
    assert [late.url_id for late in find_overdue(state.settings, dt.timedelta(hours=1))] == [OTHER_URL]
    assert find_overdue(state.settings, dt.timedelta(hours=3)) == []


def test_an_outage_holds_the_batch_and_the_next_try_writes_it(state):
    """Without PostgreSQL the answer is Retry; a lost connection is opened anew."""
    away = state.settings.model_copy(update={"postgres_dsn": SecretStr("postgresql://nobody@127.0.0.1:1/none")})
    with STAGE.open(away) as enter, pytest.raises(Retry):
        enter([deduplicated()])
    state.enter([deduplicated()])
    own = state.enter.__self__._connection.info.backend_pid
    state.connection.execute("SELECT pg_terminate_backend(%s)", (own,))
    with pytest.raises(Retry):
        state.enter([indexed()])
    state.enter([indexed()])
    assert state.of() == "indexed"
