"""The index stage on a real Elasticsearch."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

import schemas
from consumers import index as index_stage
from consumers.index import indexer
from consumers.index.indexer import ArticleIndexer
from newswire.elastic.client import build_alias, build_index_name, open_elasticsearch, parse_index_name
from newswire.elastic.templates import sync_templates
from newswire.errors import Retry
from newswire.kafka.topic_admin import apply_topics
from newswire.stage import Record, Reject
from newswire.testing.clock import FrozenClock
from schemas.topics import ARTICLES, INDEXED_ARTICLES

pytestmark = pytest.mark.servers

SEEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXAMPLE = ARTICLES.decode((Path(schemas.__file__).parent / "examples/articles.v1/revision.json").read_bytes())
A, B, C = "abc"


class Desk:
    """The stage's handler, records of one test's own articles, and what stands in the index of them."""

    def __init__(self, client, prefix):
        self.client = client
        self.prefix = prefix
        self.token = secrets.token_hex(16)[:31]
        self.clock = FrozenClock()
        self.restart()

    def restart(self):
        """Forget everything, as a killed process does."""
        self.handle = ArticleIndexer(self.client, self.prefix, self.clock)

    def version(self, number, letter=A, **changes):
        """Return the record of an article's version."""
        told = {"title": f"Title {number}", "fetched_at": SEEN + timedelta(hours=number), "story_revision": 0}
        told |= {"article_id": letter + self.token, "source": self.token, "first_seen_at": SEEN, "version": number}
        return self._record(letter, msgspec.structs.replace(EXAMPLE, **told | changes))

    def tombstone(self, letter=A, headers=None):
        """Return the record that takes an article down."""
        return self._record(letter, None, {"first_seen_at": SEEN.isoformat()} if headers is None else headers)

    def _record(self, letter, value, headers=None):
        return Record(ARTICLES.name, 0, 0, 0, (letter + self.token).encode(), value, headers or {})

    def documents(self, kind="articles"):
        """Return letter -> document of what a search finds now, without refreshing."""
        found = self.client.search(
            index=build_alias(self.prefix, kind),
            query={"term": {"source": self.token}},
            ignore_unavailable=True,
            size=100,
        )
        return {hit["_id"].replace(self.token, ""): hit["_source"] for hit in found["hits"]["hits"]}

    def versions(self):
        """Return letter -> version of what a search finds now."""
        return {letter: document["version"] for letter, document in self.documents().items()}

    def announced(self, answers):
        """Return letter, version and kind of index of everything that the answers announce."""
        said = [out.value for answer in answers for out in answer]
        return [(v.article_id[0], v.version, parse_index_name(v.index).kind) for v in said]


@pytest.fixture(scope="module")
def templates(server_settings):
    """An index prefix with its templates, for the whole module."""
    settings = server_settings.model_copy(update={"index_prefix": f"t{secrets.token_hex(4)}"})
    sync_templates(settings)
    yield settings
    with open_elasticsearch(settings) as client:
        months = [f"{settings.index_prefix}-{kind}-2026.03" for kind in ("articles", "revisions")]
        client.indices.delete(index=months, ignore_unavailable=True)
        client.indices.delete_index_template(name=f"{settings.index_prefix}-*")
        client.cluster.delete_component_template(name=f"{settings.index_prefix}-*")


@pytest.fixture
def desk(templates):
    """A desk whose articles no other test has."""
    with open_elasticsearch(templates) as client:
        yield Desk(client, templates.index_prefix)


def test_an_article_is_found_when_it_is_announced(desk):
    """The answer comes after the refresh: a search at once finds the article, in its month's index."""
    (answer,) = desk.handle([desk.version(1)])
    assert answer[0].topic is INDEXED_ARTICLES
    assert desk.announced([answer]) == [(A, 1, "articles")]
    assert answer[0].value.index == f"{desk.prefix}-articles-2026.03"
    assert desk.documents()[A]["title"] == "Title 1"


def test_the_same_batch_again_changes_nothing_and_is_announced_again(desk):
    """A redelivery after a crash writes nothing, and says again what the crash may have swallowed."""
    batch = [desk.version(1, A), desk.version(1, B), desk.version(2, B)]
    first = desk.announced(desk.handle(batch))
    before = desk.documents() | desk.documents("revisions")
    desk.clock.sleep(60)
    desk.restart()
    assert desk.announced(desk.handle(batch)) == first
    assert desk.documents() | desk.documents("revisions") == before


def test_an_older_version_that_comes_late_changes_nothing(desk):
    """The index keeps the newest version whatever the order; the late one is answered all the same."""
    desk.handle([desk.version(2)])
    answers = desk.handle([desk.version(1)])
    assert desk.versions() == {A: 2}
    assert len(desk.announced(answers)) == 1


def test_a_change_of_the_story_alone_is_written(desk):
    """The same text in another story replaces the document and makes no revision."""
    desk.handle([desk.version(1, story_id="1" * 32)])
    desk.handle([desk.version(1, story_id="2" * 32, story_revision=1)])
    assert desk.documents()[A]["story_id"] == "2" * 32
    desk.handle([desk.version(1, story_id="1" * 32)])
    assert desk.documents()[A]["story_id"] == "2" * 32
    assert desk.documents("revisions") == {}


def test_a_replaced_version_is_kept_with_the_time_of_its_end(desk):
    """What an article said before stays findable, with what replaced it and when."""
    desk.handle([desk.version(1)])
    desk.handle([desk.version(2)])
    (id_, revision), *others = desk.documents("revisions").items()
    assert others == []
    assert id_ == f"{A}:1"
    assert (revision["title"], revision["superseded_by"]) == ("Title 1", 2)
    assert datetime.fromisoformat(revision["superseded_at"]) == SEEN + timedelta(hours=2)


def test_versions_of_one_batch_are_all_answered_and_the_newest_wins(desk):
    """The versions in between go to the revisions, which their announcement names."""
    answers = desk.handle(
        [desk.version(1), desk.version(2), desk.version(1, B), desk.version(3), desk.version(3, story_revision=1)]
    )
    assert desk.announced(answers) == [
        (A, 1, "revisions"),
        (A, 2, "revisions"),
        (B, 1, "articles"),
        (A, 3, "articles"),
        (A, 3, "articles"),
    ]
    assert desk.versions() == {A: 3, B: 1}
    assert set(desk.documents("revisions")) == {f"{A}:1", f"{A}:2"}


def test_a_crash_between_revision_and_article_loses_neither(desk, monkeypatch):
    """The old version is saved before the new one is written; a second try completes it."""
    desk.handle([desk.version(1)])
    real = desk.client.options().indices
    writes = []

    def crash(client, pending):
        writes.append(pending)
        if len(writes) == 2:
            raise Retry("killed")
        return original(client, pending)

    original = indexer.write_all
    monkeypatch.setattr(indexer, "write_all", crash)
    with pytest.raises(Retry):
        desk.handle([desk.version(2)])
    real.refresh(index=f"{desk.prefix}-*")
    assert (desk.versions(), set(desk.documents("revisions"))) == ({A: 1}, {f"{A}:1"})
    desk.restart()
    desk.handle([desk.version(2)])
    assert (desk.versions(), set(desk.documents("revisions"))) == ({A: 2}, {f"{A}:1"})


def test_a_tombstone_takes_down_the_article_and_all_it_ever_said(desk):
    """No version stays; another article does; a second tombstone does no harm; nothing is announced."""
    desk.handle([desk.version(1), desk.version(1, B), desk.version(2), desk.version(3)])
    assert desk.announced(desk.handle([desk.tombstone()])) == []
    assert desk.versions() == {B: 1}
    assert desk.documents("revisions") == {}
    assert desk.handle([desk.tombstone(), desk.tombstone(C)]) == [(), ()]


def test_order_within_a_batch_decides_between_article_and_tombstone(desk):
    """Taken down and published again stays; published and taken down goes."""
    desk.handle([desk.version(1), desk.tombstone(), desk.version(2), desk.version(1, B), desk.tombstone(B)])
    assert desk.versions() == {A: 2}
    assert desk.documents("revisions") == {}


@pytest.mark.parametrize("headers", [{}, {"first_seen_at": "soon"}, {"first_seen_at": "2026-03-02T09:00:00"}])
def test_a_tombstone_without_its_month_is_refused(desk, headers):
    """Without first_seen_at nobody knows the index: the dead-letter topic shows it, nothing is guessed."""
    desk.handle([desk.version(1)])
    (answer,) = desk.handle([desk.tombstone(headers=headers)])
    assert isinstance(answer, Reject)
    assert answer.reason == "tombstone-without-month"
    assert desk.versions() == {A: 1}


def build_with(desk, monkeypatch, **odd):
    """Have the documents of article B carry odd fields."""
    build = indexer.build_document
    monkeypatch.setattr(
        indexer,
        "build_document",
        lambda article, *times: build(article, *times) | (odd if article.article_id[0] == B else {}),
    )
    return desk.handle


def test_a_document_that_no_index_would_take_does_not_stop_the_others(desk, monkeypatch):
    """What cannot be a date is that record's own fault, reported in the server's words."""
    handle = build_with(desk, monkeypatch, published_at="soon")
    good, bad, other = handle([desk.version(1, A), desk.version(1, B), desk.version(1, C)])
    assert len(good) == len(other) == 1
    assert isinstance(bad, Reject)
    assert "failed to parse field [published_at] of type [date]" in bad.detail
    assert desk.versions() == {A: 1, C: 1}


def test_a_field_that_the_index_does_not_know_holds_the_stage(desk, monkeypatch):
    """The index was made by another release's template: no document is given up for that."""
    handle = build_with(desk, monkeypatch, mood="sunny")
    with pytest.raises(Retry, match="strict_dynamic_mapping_exception"):
        handle([desk.version(1, A), desk.version(1, B)])


def test_a_closed_index_holds_the_stage(desk):
    """Somebody closed it: once it is open again, everything is written."""
    desk.handle([desk.version(1, A)])
    (name,) = desk.client.indices.get(index=f"{desk.prefix}-articles-*")
    desk.client.indices.close(index=name)
    with pytest.raises(Retry, match="index_closed_exception"):
        desk.handle([desk.version(1, B)])
    desk.client.indices.open(index=name, wait_for_active_shards=1)
    assert len(desk.handle([desk.version(1, B)])[0]) == 1
    assert desk.versions() == {A: 1, B: 1}


def test_an_index_whose_field_has_another_type_holds_the_stage(desk):
    """It was made by hand, without our template: the fault is the index's, not the documents'."""
    old = desk.version(1, A, first_seen_at=SEEN - timedelta(days=400))
    name = build_index_name(desk.prefix, old.value.first_seen_at)
    # A template of a higher priority stands for somebody who made the index first.
    desk.client.indices.put_index_template(
        name=f"{desk.prefix}-foreign",
        index_patterns=[name],
        priority=900,
        template={"mappings": {"properties": {"outlet": {"type": "integer"}}}},
    )
    try:
        with pytest.raises(Retry, match="outlet"):
            desk.handle([old])
    finally:
        desk.client.indices.delete_index_template(name=f"{desk.prefix}-foreign")
        desk.client.options(ignore_status=404).indices.delete(index=name)
    assert len(desk.handle([old])[0]) == 1


def test_without_templates_the_stage_holds_and_makes_no_index(servers):
    """An index made without its template would guess the mapping for a month."""
    with open_elasticsearch(servers) as client:
        desk = Desk(client, servers.index_prefix)
        with pytest.raises(Retry, match="newswire templates apply"):
            desk.handle([desk.version(1)])
        assert not client.indices.exists(index=f"{servers.index_prefix}-*", allow_no_indices=False)


def test_small_batches_wait_for_their_second_and_full_ones_do_not(desk, monkeypatch):
    """Refreshing costs the server: a trickle does it once a second, a flood at each batch's end."""
    desk.handle([desk.version(1, A)])
    assert desk.clock.monotonic() == 0
    desk.clock.sleep(0.25)
    desk.handle([desk.version(1, B)])
    assert desk.clock.monotonic() == 1
    monkeypatch.setattr(indexer, "FULL_BATCH", 1)
    desk.handle([desk.version(1, C)])
    assert desk.clock.monotonic() == 1
    assert set(desk.versions()) == {A, B, C}


def test_text_of_any_size_and_tags_of_any_length_are_taken(desk):
    """Lucene refuses terms above 32 KB; the mapping leaves such a value out of the index and keeps the document."""
    huge = "x" * 40_000
    (answer,) = desk.handle([desk.version(1, tags=(huge,), section=huge, authors=(huge,), body="word " * 300_000)])
    assert not isinstance(answer, Reject)
    assert set(desk.versions()) == {A}


def test_the_stage_opens_from_settings(templates, desk):
    """`STAGE.open` connects as the settings say; an absent server is an outage, not a crash."""
    apply_topics(templates)  # it reads the takedowns first
    with index_stage.STAGE.open(templates) as handle:
        assert desk.announced(handle([desk.version(1)])) == [(A, 1, "articles")]
    away = templates.model_copy(update={"elasticsearch_url": "http://127.0.0.1:9"})
    with index_stage.STAGE.open(away) as handle, pytest.raises(Retry, match="cannot be reached"):
        handle([desk.version(1)])


def test_a_change_of_story_keeps_the_time_at_which_the_article_could_first_be_found(desk):
    """Charts of delay would else call an article slow whose story has grown for days."""
    desk.handle([desk.version(1)])
    first = desk.documents()["a"]
    desk.clock.sleep(3600)
    desk.handle([desk.version(1, story_revision=1)])
    desk.handle([desk.version(2)])
    later = desk.documents()["a"]
    assert later["indexed_at"] != first["indexed_at"]
    for name in ("searchable_at", "seconds_to_searchable"):
        assert later[name] == first[name]
