"""The record stage on a real Elasticsearch: stories, fetches and dead letters, and the views of stories."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

import schemas
from consumers.index.indexer import ArticleIndexer
from consumers.record.documents import dead_letter_document, fetch_document, story_document
from consumers.record.recorder import Recorder
from newswire.elastic.client import build_alias, open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.errors import Retry
from newswire.kafka.dead_letters import dead_letter_headers, retried_headers
from newswire.search.stories import list_stories, read_story
from newswire.stage import Record, Reject
from newswire.testing.clock import FrozenClock
from schemas.index_fields import DEAD_LETTER_FIELDS, FETCH_FIELDS, STORY_FIELDS
from schemas.messages import FetchOutcome, StoryChanged
from schemas.topics import ARTICLES, FETCH_OUTCOMES, STORIES

pytestmark = pytest.mark.servers

SEEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXAMPLES = Path(schemas.__file__).parent / "examples"
KINDS = ("articles", "stories", "fetches", "dead-letters")
A, B = "a" * 32, "b" * 32


@pytest.fixture(scope="module")
def server(server_settings):
    """A client, and an index prefix with its templates."""
    settings = server_settings.model_copy(update={"index_prefix": f"t{secrets.token_hex(4)}"})
    sync_templates(settings)
    with open_elasticsearch(settings) as client:
        yield client, settings.index_prefix
        client.indices.delete_index_template(name=f"{settings.index_prefix}-*")
        client.cluster.delete_component_template(name=f"{settings.index_prefix}-*")


@pytest.fixture
def desk(server):
    """The stage, its indexes empty."""
    client, prefix = server
    yield Desk(client, prefix)
    for kind in KINDS:
        if names := client.indices.get(index=f"{build_alias(prefix, kind)}-*", allow_no_indices=True):
            client.indices.delete(index=list(names))


class Desk:
    """The handler, and what stands in the indexes."""

    def __init__(self, client, prefix):
        self.client, self.prefix = client, prefix
        self.handle = Recorder(client, prefix, FrozenClock())

    def documents(self, kind):
        """Return every document of a kind."""
        self.client.indices.refresh(index=build_alias(self.prefix, kind))
        return [hit["_source"] for hit in self.client.search(index=build_alias(self.prefix, kind))["hits"]["hits"]]

    def index(self, *articles):
        """Write articles as the index stage does."""
        indexer = ArticleIndexer(self.client, self.prefix, FrozenClock())
        indexer([Record(ARTICLES.name, 0, 0, 0, None, article) for article in articles])


def story(story_id=A, revision=1, size=2, **changes):
    told = {
        "change": "grew",
        "headline": "Granary burns",
        "members": (A, B),
        "outlets": ("Ostrey Post", "Norhaven Mail"),
    }
    told |= {"languages": ("en",), "first_seen_at": SEEN, "last_seen_at": SEEN + timedelta(hours=1)} | changes
    value = StoryChanged(story_id=story_id, revision=revision, size=size, **told)
    return Record(STORIES.name, 0, 0, 0, story_id.encode(), value)


def attempt(**changes):
    value = FETCH_OUTCOMES.decode((EXAMPLES / "fetch-outcomes.v1/page.json").read_bytes())
    return Record(FETCH_OUTCOMES.name, 0, 0, 0, b"h", msgspec.structs.replace(value, **changes))


def letter(offset=7, value=b'{"source": "ostrey-post", "host": "ostrey-post.example", "url": "https://o.example/a"}'):
    raw = Record("fetched-pages", 2, offset, 0, None, None)
    refused = Reject("listing", "a page of links", is_poison=False)
    headers = dead_letter_headers("parse", "fetched-pages", _Raw(2, offset), refused, SEEN)
    return Record("parse-dlq", 0, raw.offset, 0, None, value, {name: text.decode() for name, text in headers})


class _Raw:
    headers = ()

    def __init__(self, partition, offset):
        self.partition, self.offset = partition, offset


def test_the_newest_state_of_a_story_stands(desk):
    """A redelivered older state does not come back; a tombstone takes the story out."""
    assert desk.handle([story(revision=1), story(revision=3, headline="Granary lost")]) == [(), ()]
    desk.handle([story(revision=2, headline="Granary smoulders")])
    (document,) = desk.documents("stories")
    assert (document["headline"], document["revision"], document["outlet_count"]) == ("Granary lost", 3, 2)
    assert document["first_outlet"] == "Ostrey Post"
    desk.handle([Record(STORIES.name, 0, 0, 0, A.encode(), None)])
    assert desk.documents("stories") == []


def test_attempts_and_letters_are_counted_once_however_often_they_are_read(desk):
    """A crash before the commit repeats a batch; the charts do not see it."""
    batch = [attempt(), attempt(at=SEEN + timedelta(seconds=9)), letter(7), letter(8)]
    for _ in range(2):
        assert desk.handle(batch) == [()] * 4
    assert len(desk.documents("fetches")) == len(desk.documents("dead-letters")) == 2
    (first, *_) = desk.documents("dead-letters")
    assert {name: first[name] for name in ("stage", "reason", "is_expected", "source", "host")} == {
        "stage": "parse",
        "reason": "listing",
        "is_expected": True,
        "source": "ostrey-post",
        "host": "ostrey-post.example",
    }


def test_a_letter_that_nothing_can_be_read_of_is_recorded_too(desk):
    """Bytes that are no message, and a note that a letter was sent again, are no reason to stop."""
    note = {name: text.decode() for name, text in retried_headers("parse", _Raw(0, 7), SEEN)}
    records = [letter(1, b"\xff not json"), letter(2, None), Record("parse-dlq", 0, 9, 0, None, None, note)]
    assert desk.handle(records) == [(), (), ()]
    assert [document["stage"] for document in desk.documents("dead-letters")] == ["parse", "parse"]


def test_a_hostile_letter_does_not_stop_the_others(desk):
    """What the index refuses is answered for by itself."""
    answers = desk.handle([letter(1), attempt(status=1 << 40)])
    assert answers[0] == ()
    assert answers[1].reason == "document-refused"


def test_every_field_of_these_indexes_is_filled():
    """Nothing is mapped that no document has, and nothing is written that has no place."""
    full = attempt(reason="timeout", new_urls=3).value
    assert set(fetch_document(full)) == set(FETCH_FIELDS) == set(FetchOutcome.__struct_fields__)
    merged = story(merged_into=B).value
    assert set(story_document(merged, SEEN)) == set(STORY_FIELDS)
    body = b'{"source": "s", "outlet": "o", "host": "h", "url": "u"}'
    assert set(dead_letter_document(letter(value=body))) == set(DEAD_LETTER_FIELDS)


def test_without_templates_the_stage_holds(desk):
    """An index made without its template would guess for a month."""
    handle = Recorder(desk.client, f"{desk.prefix}-none", FrozenClock())
    with pytest.raises(Retry, match="templates apply"):
        handle([story()])


def article(number, **changes):
    told = {"article_id": f"{number:032x}", "story_id": A, "first_seen_at": SEEN, "version": 1, "story_revision": 0}
    told |= {"published_at": SEEN + timedelta(minutes=number), "copy_of": None, "copy_tier": None}
    example = ARTICLES.decode((EXAMPLES / "articles.v1/revision.json").read_bytes())
    return msgspec.structs.replace(example, **told | changes)


def test_a_story_is_opened_with_its_articles_and_who_was_first(desk):
    """In the order in which they came out; a date that lies ahead makes nobody first."""
    early = article(3, outlet="Harbour Gazette", published_at=SEEN - timedelta(hours=1))
    ahead = article(4, published_at=SEEN.replace(year=2093))
    desk.index(article(1), article(2), early, ahead)
    alone = read_story(desk.client, desk.prefix, A)
    assert (alone.story.size, alone.story.headline, alone.first.outlet) == (4, early.title, "Harbour Gazette")
    desk.handle([story(size=4)])
    desk.client.indices.refresh(index=build_alias(desk.prefix, "stories"))
    view = read_story(desk.client, desk.prefix, A)
    assert view.story.headline == "Granary burns"
    assert [int(one.article_id, 16) for one in view.articles] == [3, 4, 1, 2]
    assert view.first.article_id == early.article_id
    assert read_story(desk.client, desk.prefix, "c" * 32) is None


def test_a_merged_story_leads_to_the_one_it_became_part_of(desk):
    """An old link still opens the story."""
    desk.index(article(1, story_id=B))
    gone = story(A, 2, 0, change="merged", members=(), outlets=(), merged_into=B)
    desk.handle([gone, story(B, 2, 2, headline="Both fires")])
    desk.client.indices.refresh(index=build_alias(desk.prefix, "stories"))
    view = read_story(desk.client, desk.prefix, A)
    assert (view.story.story_id, view.asked_for, len(view.articles)) == (B, A, 1)
    assert [one.story_id for one in list_stories(desk.client, desk.prefix)] == [B]


def test_stories_are_listed_by_time_or_by_outlets(desk):
    """Newest first, or those that most outlets tell; since leaves out what has ended."""
    wide = story(A, outlets=("a", "b", "c"))
    late = story(B, last_seen_at=SEEN + timedelta(days=1))
    desk.handle([wide, late])
    desk.client.indices.refresh(index=build_alias(desk.prefix, "stories"))

    def listed(**wishes):
        return [one.story_id for one in list_stories(desk.client, desk.prefix, **wishes)]

    assert listed() == [B, A]
    assert listed(sort="largest") == [A, B]
    assert listed(since=SEEN + timedelta(hours=2)) == [B]
    assert listed(limit=1, offset=1) == [A]
