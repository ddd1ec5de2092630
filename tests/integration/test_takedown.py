"""`newswire takedown` on real servers: an article that is taken down stays gone, and an undo brings it back."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from click.testing import CliRunner
from psycopg.rows import dict_row
from pydantic import SecretStr

import schemas
from consumers.index import STAGE as INDEX
from consumers.index.indexer import ArticleIndexer
from consumers.ledger import STAGE as LEDGER
from consumers.record import STAGE as RECORD
from consumers.record.recorder import Recorder
from consumers.watch import STAGE as WATCH
from newswire.commands import takedown as command
from newswire.crawl.migrate import migrate
from newswire.crawl.url_counts import count_urls
from newswire.elastic.client import build_alias, open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.errors import Retry
from newswire.kafka.body_store import blob_store
from newswire.kafka.publisher import open_publisher
from newswire.kafka.reader import read_topic
from newswire.kafka.takedown_list import open_takedown_list
from newswire.kafka.topic_admin import apply_topics
from newswire.saved.searches import SavedSearch, add_search, search_id_of
from newswire.search.request import SearchRequest
from newswire.search.search import search_articles
from newswire.search.stories import list_stories
from newswire.stage import Out, Record
from newswire.takedowns.takedown import TakedownError
from newswire.testing.clock import FrozenClock
from newswire.testing.pages import open_pages
from newswire.text.ids import url_id
from newswire.web.platform.app import create_app
from schemas.envelope import read_headers
from schemas.messages import IndexedArticle, StoryChanged
from schemas.topics import (
    ARTICLES,
    DEDUPLICATED_ARTICLES,
    FETCHED_PAGES,
    INDEXED_ARTICLES,
    STORIES,
    TAKEDOWNS,
    dead_letters_of,
)

pytestmark = pytest.mark.servers

SEEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXAMPLES = Path(schemas.__file__).parent / "examples"
EXAMPLE = ARTICLES.decode((EXAMPLES / "articles.v1/revision.json").read_bytes())
STORY = "5" * 32
HOST = "ostrey-post.example"
URL, COPY_URL, OTHER_URL = (f"https://{HOST}/{name}" for name in ("granary", "copy", "guard"))
TITLE = "Granary burns"


def article(url=URL, version=1, **changes):
    """Return an article of the story."""
    fields = {"article_id": url_id(url), "url_id": url_id(url), "url": url, "canonical_url": url, "version": version}
    fields |= {"title": TITLE, "body": f"The granary burned in version {version}.", "outlet": "Ostrey Post"}
    fields |= {"fetched_at": SEEN + timedelta(hours=version), "first_seen_at": SEEN, "story_id": STORY}
    fields |= {"story_revision": 0, "copy_of": None, "copy_tier": None, "language": "en"}
    return msgspec.structs.replace(EXAMPLE, **fields | changes)


def story(revision=1, urls=(URL, COPY_URL, OTHER_URL)):
    """Return the story, its headline that of its first article."""
    return StoryChanged(
        story_id=STORY, revision=revision, change="grew", headline=TITLE, size=len(urls),
        members=tuple(map(url_id, urls)), outlets=("Ostrey Post", "Norhaven Mail"), languages=("en",),
        first_seen_at=SEEN, last_seen_at=SEEN,
    )  # fmt: skip


COPY = {"copy_of": url_id(URL), "copy_tier": "exact", "outlet": "Norhaven Mail", "title": "Granary on fire"}
OTHER = {"outlet": "Norhaven Mail", "title": "Who guarded the granary?"}


@pytest.fixture(scope="module")
def topics(server_settings):
    """The prefix of one set of topics for this module."""
    prefix = f"td{secrets.token_hex(4)}-"
    apply_topics(server_settings.model_copy(update={"topic_prefix": prefix}))
    return prefix


@pytest.fixture
def desk(servers, topics, monkeypatch):
    """A pipeline with an article in two versions, a copy of it and another article in one story."""
    settings = servers.model_copy(update={"topic_prefix": topics})
    migrate(settings)
    sync_templates(settings)
    monkeypatch.setattr(command, "settings", lambda: settings)
    with open_elasticsearch(settings) as client:
        desk = Desk(settings, client)
        desk.publish(article(), article(COPY_URL, **COPY), article(OTHER_URL, **OTHER))
        desk.publish(article(version=2))
        desk.publish(story())
        desk.crawl("indexed")
        yield desk
        desk.undo_all()
        client.indices.delete(index=",".join(client.indices.get(index=f"{settings.index_prefix}-*")))
        client.indices.delete_index_template(name=f"{settings.index_prefix}-*")
        client.cluster.delete_component_template(name=f"{settings.index_prefix}-*")


class Desk:
    """The stages that speak to Elasticsearch, fed with what the topics hold; and the crawl state."""

    def __init__(self, settings, client):
        self.settings, self.client, self.prefix = settings, client, settings.index_prefix
        self.index, self.record = (kind(client, self.prefix, FrozenClock()) for kind in (ArticleIndexer, Recorder))
        self.read = {topic.name: self.end(topic) for topic in (ARTICLES, STORIES, TAKEDOWNS)}

    def end(self, topic):
        return len([*read_topic(self.settings, topic.name)])

    def run(self, *arguments):
        """Run the command and return what it prints."""
        done = CliRunner(env={"COLUMNS": "300"}).invoke(command.command, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    def undo_all(self):
        """Leave no takedown in force: the topics are those of all tests, and stages read all of this one."""
        with open_takedown_list(self.settings) as takedowns, open_publisher(self.settings, "takedown") as publisher:
            for takedown in takedowns.in_force():
                publisher.send(Out(TAKEDOWNS, msgspec.structs.replace(takedown, is_undone=True)))
            publisher.flush()

    def publish(self, *values):
        """Write articles or stories to their topics, and let the stages read them; return what index announces."""
        with open_publisher(self.settings, "cluster") as publisher:
            for value in values:
                publisher.send(Out(STORIES if isinstance(value, StoryChanged) else ARTICLES, value))
            publisher.flush()
        return self.drain()

    def new(self, topic):
        """Return the records of a topic that were not returned before, in the order of time."""
        raws = sorted(read_topic(self.settings, topic.name), key=lambda raw: (raw.timestamp, raw.partition, raw.offset))
        fresh, self.read[topic.name] = raws[self.read[topic.name] :], len(raws)
        return [
            Record(topic.name, raw.partition, raw.offset, raw.timestamp, raw.key,
                   raw.value and topic.decode(raw.value), read_headers(raw.headers))
            for raw in fresh
        ]  # fmt: skip

    def drain(self):
        """Let index and record read what is new; return what index announces."""
        announced = [out.value for record in self.new(ARTICLES) for answer in self.index([record]) for out in answer]
        self.record(self.new(STORIES))
        self.client.indices.refresh(index=f"{self.prefix}-*", allow_no_indices=True)
        return announced

    def found(self, fold="nothing"):
        """Return the URLs that a search finds, and those of older versions."""
        results = search_articles(self.client, self.prefix, SearchRequest(words="granary", fold=fold))
        return sorted(hit.article.url for hit in results.hits)

    def documents(self, kind, url=URL):
        """Return the documents of an article."""
        query = {"term": {"article_id": url_id(url)}}
        found = self.client.search(index=build_alias(self.prefix, kind), query=query, ignore_unavailable=True)
        return [hit["_source"] for hit in found["hits"]["hits"]]

    def story(self):
        (listed,) = list_stories(self.client, self.prefix)
        return listed

    def sql(self, statement, *values):
        """Ask the crawl state."""
        dsn = self.settings.postgres_dsn.get_secret_value()
        with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def crawl(self, state, url=URL):
        """Enter an address into the crawl state, as if it had been fetched, and due again."""
        self.sql(
            "INSERT INTO urls (url_id, url, host, source, state, found_in, first_seen_at, fetched_at, article_id, "
            "version, body_sha256, indexed_fetch_at) VALUES (%s, %s, %s, 'paper', %s, 'feed', %s, %s, %s, 2, 'x', %s)",
            url_id(url), url, HOST, state, SEEN, SEEN + timedelta(hours=2), url_id(URL), SEEN,
        )  # fmt: skip

    def state(self, url=URL):
        return self.sql("SELECT state FROM urls WHERE url_id = %s", url_id(url))[0]["state"]


def test_an_article_taken_down_is_gone_and_stays_gone(desk):
    """It leaves search, page, versions and story; what comes of it later is neither indexed nor announced."""
    assert desk.found() == sorted([URL, COPY_URL, OTHER_URL])
    assert len(desk.documents("revisions")) == 1
    printed = desk.run(URL, "--reason", "court order", "--by", "desk")
    assert COPY_URL in printed
    assert desk.found() == sorted([COPY_URL, OTHER_URL]), "a search does not wait for the stage index"
    assert desk.found("copies") == sorted([COPY_URL, OTHER_URL]), "its copy is no longer folded into it"
    desk.drain()
    assert desk.found() == sorted([COPY_URL, OTHER_URL])
    assert desk.documents("articles") == desk.documents("revisions") == []
    for later in (article(version=3, title="Granary lost"), article("https://m.example/x", article_id=url_id(URL))):
        assert desk.publish(later) == []
    assert desk.publish(article("https://m.example/y", url_id=url_id(URL))) == []
    assert desk.found() == sorted([COPY_URL, OTHER_URL])
    assert desk.documents("articles") == []


def test_the_page_of_an_article_taken_down_is_not_found(desk):
    """A link to it answers 404."""
    with open_pages(create_app(desk.settings)) as web:
        assert web.get(f"/article/{url_id(URL)}").status_code == 200
        desk.run(URL, "--reason", "court order")
        desk.drain()
        assert web.get(f"/article/{url_id(URL)}").status_code == 404


def test_its_story_shows_neither_its_title_nor_its_outlet(desk):
    """The story is rewritten at once, and again when cluster announces it anew."""
    assert desk.story().headline == TITLE
    desk.run(URL, "--reason", "court order")
    for revision in (1, 2):
        shown = desk.story()
        assert (shown.headline, shown.size, shown.outlets) == ("Granary on fire", 2, ("Norhaven Mail",)), revision
        desk.publish(story(revision=2))


def test_the_topic_of_stories_does_not_keep_its_title(desk):
    """It is compacted, so the newest record of a story stays forever; cluster forgets stories after a month."""
    desk.run(URL, "--reason", "court order")
    (*_, newest) = read_topic(desk.settings, STORIES.name)
    shown = STORIES.decode(newest.value)
    assert (shown.story_id, shown.revision, shown.headline, shown.size) == (STORY, 1, "Granary on fire", 2)
    assert url_id(URL) not in shown.members


def test_a_story_announced_again_at_its_revision_replaces_the_one_before(desk):
    """As cluster does it once it knows of a takedown or its undoing."""
    changed = msgspec.structs.replace(story(), headline="Fire", members=story().members[1:], size=2)
    desk.publish(changed)
    assert (desk.story().headline, desk.story().size) == ("Fire", 2)


def test_its_address_has_ended_for_the_crawl_and_the_ledger(desk):
    """It is counted as taken down, never due, and later records do not move it; nor another address of the article."""
    desk.run(URL, "--reason", "court order")
    assert desk.sql("SELECT state, next_attempt_at, lease_until FROM urls") == [
        {"state": "taken-down", "next_attempt_at": None, "lease_until": None}
    ]
    paper = count_urls(desk.settings)["paper"]
    assert (paper.ended, paper.in_flight, paper.reasons) == (1, 0, {"taken-down": {"on-request": 1}})
    desk.crawl("fetched", OTHER_URL)
    value = DEDUPLICATED_ARTICLES.decode((EXAMPLES / "deduplicated-articles.v1/revision.json").read_bytes())
    later = SEEN + timedelta(days=1)
    with LEDGER.open(desk.settings) as enter:
        for url in (URL, OTHER_URL):
            moved = msgspec.structs.replace(value, url_id=url_id(url), article_id=url_id(URL), fetched_at=later)
            enter([Record(DEDUPLICATED_ARTICLES.name, 0, 0, 0, b"en", moved)])
    assert (desk.state(), desk.state(OTHER_URL)) == ("taken-down", "taken-down")


def test_an_announcement_from_before_the_takedown_sends_no_alert(desk):
    """The index stage has announced it, and the tombstone is not read yet."""
    search = SavedSearch(
        query_id=search_id_of("fires"), name="fires", request=SearchRequest(words="burned"),
        created_at=SEEN, pushes=True,
    )  # fmt: skip
    add_search(desk.client, desk.prefix, search)
    announced = INDEXED_ARTICLES.decode((EXAMPLES / "indexed-articles.v1/indexed.json").read_bytes())
    announced = msgspec.structs.replace(
        announced, article_id=url_id(URL), url_id=url_id(URL), version=2, fetched_at=SEEN, first_seen_at=SEEN
    )
    assert isinstance(announced, IndexedArticle)
    record = Record(INDEXED_ARTICLES.name, 0, 7, 0, b"", announced)
    with WATCH.open(desk.settings) as watch:
        assert len(watch([record])[0]) == 1
        desk.client.indices.delete(index=f"{desk.prefix}-alerts-2026.03")
        desk.run(URL, "--reason", "court order")
        assert watch([record]) == [()]


def test_an_undo_brings_the_article_back(desk):
    """The newest version is searchable again, the story lists it, and its address is due and delivered again."""
    desk.run(URL, "--reason", "court order", "--by", "desk")
    desk.drain()
    said = desk.run(url_id(URL), "--undo", "--by", "editor")
    assert "sent to the index again" in said
    assert [one.version for one in desk.drain()] == [2]
    assert desk.found() == sorted([URL, COPY_URL, OTHER_URL])
    # Its title is in no story's record any more: the headline stays until the story changes.
    assert (desk.story().headline, desk.story().size) == ("Granary on fire", 3)
    (*_, newest) = read_topic(desk.settings, STORIES.name)
    assert url_id(URL) in STORIES.decode(newest.value).members
    assert desk.sql("SELECT state, next_attempt_at <= now() AS is_due, body_sha256 FROM urls") == [
        {"state": "discovered", "is_due": True, "body_sha256": None}
    ]
    messages = [record.value for record in desk.new(TAKEDOWNS)]
    assert [(one.article_id, one.by, one.is_undone) for one in messages] == [
        (url_id(URL), "desk", False), (url_id(URL), "editor", True)
    ]  # fmt: skip
    (listed,) = json.loads(desk.run("list", "--json"))
    assert (listed["reason"], listed["by"], listed["undone_by"]) == ("court order", "desk", "editor")
    with pytest.raises(TakedownError, match="newswire takedown list"):
        desk.run(URL, "--undo")


def test_a_takedown_may_be_repeated_and_applied_again(desk):
    """There is one entry, and a list that was lost with its index is written again."""
    for _ in range(2):
        desk.run(URL, "--reason", "court order")
    assert "1 in force, 1 in all" in desk.run("list")
    desk.client.indices.delete(index=f"{desk.prefix}-takedowns-all")
    desk.run("apply")
    desk.drain()
    assert desk.publish(article(version=3)) == []


def test_a_stage_that_starts_restores_the_list_that_was_lost(desk):
    """Every index may be lost and be written again from the topics, without anybody who thinks of takedowns."""
    desk.run(URL, "--reason", "court order")
    other = article(OTHER_URL, version=3, **OTHER)
    value = Record(ARTICLES.name, 0, 0, 0, b"", article(version=3))
    changed = Record(STORIES.name, 0, 0, 0, b"", story(revision=7))
    for stage, record in ((INDEX, value), (RECORD, changed)):
        desk.client.indices.delete(index=f"{desk.prefix}-takedowns-all")
        with stage.open(desk.settings) as handle:
            assert handle([record]) == [()]
            if stage is INDEX:
                assert len(handle([Record(ARTICLES.name, 0, 1, 0, b"", other)])[0]) == 1
    desk.client.indices.refresh(index=f"{desk.prefix}-*")
    assert desk.documents("articles") == []
    assert desk.story().size == 2


def test_an_article_that_the_crawl_state_does_not_know_is_entered_with_its_addresses(desk):
    """Discover may find one of them later; that of its canonical URL is the article's id."""
    desk.run(COPY_URL, "--reason", "court order")
    (entry,) = json.loads(desk.run("list", "--json"))
    assert url_id(COPY_URL) in entry["url_ids"]
    (message,) = (record.value for record in desk.new(TAKEDOWNS))
    assert message.url_ids == tuple(sorted({url_id(COPY_URL)}))


def test_the_body_of_a_large_page_is_deleted(desk):
    """Its blob goes; that of another page stays."""
    blobs = blob_store(desk.settings)
    refs = [blobs.put(text) for text in (b"taken down", b"other")]
    page = FETCHED_PAGES.decode((EXAMPLES / "fetched-pages.v1/by-reference.json").read_bytes())
    with open_publisher(desk.settings, "fetch") as publisher:
        for url, ref in zip((URL, OTHER_URL), refs, strict=True):
            publisher.send(Out(FETCHED_PAGES, msgspec.structs.replace(page, url_id=url_id(url), url=url, body_ref=ref)))
        publisher.flush()
    desk.run(URL, "--reason", "court order")
    assert [blobs.delete(ref) for ref in refs] == [False, True]


def test_the_body_of_a_large_dead_letter_is_deleted(desk):
    """Parse may not have taken the page, and then its body is kept longest."""
    blobs = blob_store(desk.settings)
    ref = blobs.put(b"taken down, and not parsed")
    page = FETCHED_PAGES.decode((EXAMPLES / "fetched-pages.v1/by-reference.json").read_bytes())
    page = msgspec.structs.replace(page, url_id=url_id(URL), url=URL, body_ref=ref)
    with open_publisher(desk.settings, "parse") as publisher:
        for value in (FETCHED_PAGES.encode(page), b"damaged"):
            publisher.send_raw(dead_letters_of("parse"), url_id(URL).encode(), value, [])
        publisher.flush()
    desk.run(URL, "--reason", "court order")
    assert not blobs.delete(ref)


@pytest.mark.parametrize("reason", ["x" * 1_001, "two\nlines"], ids=["long", "lines"])
def test_a_reason_that_readers_would_refuse_changes_nothing(desk, reason):
    """A takedown that no stage can read would not hold."""
    with pytest.raises(TakedownError, match="--reason"):
        desk.run(URL, "--reason", reason)
    assert (desk.sql("SELECT * FROM takedowns"), desk.new(TAKEDOWNS)) == ([], [])
    assert URL in desk.found()


def test_an_undo_leaves_addresses_of_another_takedown(desk):
    """Two articles may be shown at one address, one after the other."""
    desk.crawl("indexed", COPY_URL)
    desk.run(COPY_URL, "--reason", "court order")
    desk.run(URL, "--reason", "court order")
    desk.run(URL, "--undo")
    assert (desk.state(), desk.state(COPY_URL)) == ("discovered", "taken-down")


@pytest.mark.parametrize("away", ["kafka_bootstrap", "elasticsearch_url", "postgres_dsn"])
def test_nothing_is_changed_while_a_server_is_away(desk, monkeypatch, away):
    """The error names the server; the article is still there."""
    address = {
        "kafka_bootstrap": "127.0.0.1:1",
        "elasticsearch_url": "http://127.0.0.1:1",
        "postgres_dsn": SecretStr("postgresql://nobody@127.0.0.1:1/none"),
    }[away]
    settings = desk.settings.model_copy(update={away: address})
    monkeypatch.setattr(command, "settings", lambda: settings)
    name = {"kafka_bootstrap": "broker", "elasticsearch_url": "Elasticsearch", "postgres_dsn": "PostgreSQL"}[away]
    with pytest.raises(Retry, match=name):
        desk.run(URL, "--reason", "court order")
    assert (desk.state(), desk.sql("SELECT * FROM takedowns"), desk.drain()) == ("indexed", [], [])
    assert desk.found() == sorted([URL, COPY_URL, OTHER_URL])


def test_an_unknown_address_cannot_be_taken_down(desk):
    """The error says where to look; without a reason nothing is asked of the servers."""
    with pytest.raises(TakedownError, match="newswire search --json"):
        desk.run("https://nobody.example/", "--reason", "x")
    assert "needs --reason" in CliRunner().invoke(command.command, [URL]).output
