"""Saved searches that push, on a real Elasticsearch; the broker is the one in memory, or Kafka where a test says so."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import msgspec
import pytest

import schemas
from consumers.index.indexer import ArticleIndexer
from consumers.watch import STAGE
from newswire.elastic.client import build_alias, open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.errors import Retry
from newswire.kafka.publisher import open_publisher
from newswire.kafka.reader import read_topic
from newswire.kafka.topic_admin import apply_topics
from newswire.runtime.process import run_stage
from newswire.saved.searches import SavedSearch, add_search, list_searches, remove_search, search_id_of
from newswire.search.request import SearchRequest
from newswire.stage import Out, Record
from newswire.testing.clock import FrozenClock
from newswire.testing.rig import Rig
from schemas.envelope import read_headers
from schemas.topics import ALERTS, ARTICLES, INDEXED_ARTICLES

pytestmark = pytest.mark.servers

SEEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXAMPLE = ARTICLES.decode((Path(schemas.__file__).parent / "examples/articles.v1/revision.json").read_bytes())
PATIENCE_SECONDS = 60


class Desk:
    """Indexes articles of one test, saves its searches, and runs the stage over what has been announced."""

    def __init__(self, settings, client, folder):
        self.settings, self.client, self.prefix = settings, client, settings.index_prefix
        self.token = secrets.token_hex(15)
        self.index = ArticleIndexer(client, self.prefix, FrozenClock())
        servers = {name: value for name, value in settings if name.startswith(("elasticsearch_", "kafka_"))}
        self.rig = Rig(STAGE, folder, index_prefix=self.prefix, **servers)

    def save(self, name, words="", *, pushes=True, created_at=SEEN, **filters):
        """Save a search."""
        request = SearchRequest(words=words, **filters)
        search = SavedSearch(
            query_id=search_id_of(name), name=name, request=request, created_at=created_at, pushes=pushes
        )
        add_search(self.client, self.prefix, search)

    def article(self, number, title, version=1, **changes):
        """Return an article."""
        told = {"article_id": f"{number:02x}{self.token}", "title": title, "body": f"{title}, says the text."}
        told |= {"version": version, "fetched_at": SEEN + timedelta(minutes=version), "story_revision": 0}
        return msgspec.structs.replace(EXAMPLE, **told | {"first_seen_at": SEEN} | changes)

    def publish(self, *articles):
        """Index articles in one batch and announce them."""
        records = [Record(ARTICLES.name, 0, 0, 0, None, article) for article in articles]
        announced = [out.value for answer in self.index(records) for out in answer]
        self.rig.write(*announced)
        return announced

    def alerts(self):
        """Return name and title of every alert sent so far, in order of the names."""
        return sorted((alert.query_name, alert.title) for alert in self.rig.read(ALERTS))

    def records(self):
        """Return event id and value of every alert sent so far."""
        return [(read_headers(record.headers)["ce_id"], record.value) for record in self.rig.records(ALERTS)]

    def marks(self, number):
        """Return what Elasticsearch keeps of the alerts about an article."""
        alias = build_alias(self.prefix, "alerts")
        self.client.indices.refresh(index=alias)
        found = self.client.search(index=alias, query={"term": {"article_id": f"{number:02x}{self.token}"}})
        return [hit["_source"] for hit in found["hits"]["hits"]]

    def state_of(self, name):
        """Return why a search is disabled."""
        return {search.name: search.disabled_reason for search in list_searches(self.client, self.prefix)}[name]


@pytest.fixture(scope="module")
def templates(server_settings):
    """An index prefix with its templates and a topic of takedowns, for the whole module."""
    settings = server_settings.model_copy(update={"index_prefix": f"t{secrets.token_hex(4)}"})
    apply_topics(settings)
    sync_templates(settings)
    yield settings
    with open_elasticsearch(settings) as client:
        indexes = client.indices.get(index=f"{settings.index_prefix}-*", features="aliases")
        client.indices.delete(index=[*indexes])
        client.indices.delete_index_template(name=f"{settings.index_prefix}-*")
        client.cluster.delete_component_template(name=f"{settings.index_prefix}-*")


@pytest.fixture
def desk(templates, tmp_path):
    """A desk with articles that no other test has; no search is saved before or after."""
    with open_elasticsearch(templates) as client:
        yield Desk(templates, client, tmp_path)
        for search in list_searches(client, templates.index_prefix):
            remove_search(client, templates.index_prefix, search.name)


def test_what_a_saved_search_finds_is_pushed(desk):
    """Words, phrases, what is left out and filters count as in a search; what does not push stays silent."""
    desk.save("words", "lighthouses")
    desk.save("phrase", '"sold lighthouse"')
    desk.save("without", "lighthouse -tower")
    desk.save("outlet", outlets=("Norhaven Mail",))
    desk.save("language", "lighthouse", languages=("de",))
    desk.save("silent", "lighthouse", pushes=False)
    desk.publish(
        desk.article(1, "Lighthouse sold with its tower"),
        desk.article(2, "The sold lighthouse"),
        desk.article(3, "Rain", outlet="Norhaven Mail"),
        desk.article(4, "Nothing of note"),
    )
    desk.rig.start().step()
    assert desk.alerts() == [
        ("outlet", "Rain"),
        ("phrase", "The sold lighthouse"),
        ("without", "The sold lighthouse"),
        ("words", "Lighthouse sold with its tower"),
        ("words", "The sold lighthouse"),
    ]
    assert sum(desk.rig.offsets().values()) == 4


def test_an_alert_says_what_was_found(desk):
    """It names the search and the version; its key is the search, so that one reader sees its alerts in order."""
    desk.save("towers", "tower")
    article = desk.article(1, "Tower sold", version=3)
    desk.publish(article)
    desk.rig.start().step()
    (record,), (alert,) = desk.rig.records(ALERTS), desk.rig.read(ALERTS)
    assert record.key.decode() == alert.query_id == search_id_of("towers")
    names = ("article_id", "version", "title", "outlet", "url", "story_id", "language", "published_at")
    assert [getattr(alert, name) for name in names] == [getattr(article, name) for name in names]


def test_a_version_is_pushed_once_and_a_new_one_again(desk):
    """A change of the story and a second announcement are silent, within a batch and later; a revision is news."""
    desk.save("towers", "tower")
    member = desk.rig.start()
    desk.publish(desk.article(1, "Tower sold"), desk.article(1, "Tower sold", story_revision=1))
    member.step()
    announced = desk.publish(desk.article(1, "Tower sold", story_revision=2))
    desk.rig.write(*announced)
    member.step()
    assert desk.alerts() == [("towers", "Tower sold")]
    desk.publish(desk.article(1, "Tower not sold", version=2))
    member.step()
    assert desk.alerts() == [("towers", "Tower not sold"), ("towers", "Tower sold")]
    assert len({event_id for event_id, _ in desk.records()}) == 2


def test_a_search_may_begin_to_match_with_a_change_of_the_story(desk):
    """The first announcement that a search matches is the one that counts."""
    desk.save("story", story_id="5" * 32)
    member = desk.rig.start()
    desk.publish(desk.article(1, "Tower sold"))
    member.step()
    assert desk.alerts() == []
    desk.publish(desk.article(1, "Tower sold", story_id="5" * 32, story_revision=1))
    member.step()
    assert desk.alerts() == [("story", "Tower sold")]


def test_a_replaced_version_is_found_among_the_revisions(desk):
    """A stage that is behind pushes every version in the words that it had, as if it had been in time."""
    desk.save("towers", "tower")
    desk.publish(desk.article(1, "Tower sold"))
    desk.publish(desk.article(1, "Tower not sold", version=2), desk.article(1, "Mill sold", version=3))
    desk.rig.start().step()
    assert desk.alerts() == [("towers", "Tower not sold"), ("towers", "Tower sold")]


def test_a_version_that_is_between_two_indexes_is_found(desk):
    """A new version is shown already, the old one not yet among the revisions: it is pushed all the same."""
    desk.save("towers", "tower")
    desk.publish(desk.article(1, "Tower sold"))
    desk.index([Record(ARTICLES.name, 0, 0, 0, None, desk.article(1, "Mill sold", version=2))])
    place = {"index": f"{desk.prefix}-revisions-2026.03", "id": f"01{desk.token}:1"}
    revision = desk.client.get(**place)["_source"]
    desk.client.delete(**place, refresh=True)
    desk.client.index(**place, document=revision, refresh=False)
    desk.rig.start().step()
    assert desk.alerts() == [("towers", "Tower sold")]


def test_a_kill_between_sending_and_commit_repeats_the_same_events(desk):
    """The next member sends the same alerts, to the last byte and with the same ce_id, for a reader to drop."""
    desk.save("towers", "tower")
    desk.publish(desk.article(1, "Tower sold"), desk.article(2, "Tower repaired"))
    first = desk.rig.start()
    first.step()
    sent = desk.records()
    desk.rig.kill(first)
    for partition in (0, 1):
        desk.rig.reset(0, partition)
    desk.rig.start().step()
    assert len(sent) == 2
    assert sorted(desk.records()) == sorted(sent * 2)


def test_a_kill_before_sending_loses_no_alert(desk):
    """A mark without its alert does not count: the record that it names is redelivered, and sends."""
    desk.save("towers", "tower")
    desk.publish(desk.article(1, "Tower sold"))
    member = desk.rig.start()
    desk.rig.broker.watch = lambda call: member.stop.set() if call == "send" else None
    desk.rig.broker.refused_sends = 1
    member.step()
    assert desk.alerts() == []
    assert desk.marks(1)
    desk.rig.kill(member)
    desk.rig.broker.watch = lambda _call: None
    desk.rig.start().step()
    assert desk.alerts() == [("towers", "Tower sold")]


def test_a_search_looks_forward(desk):
    """An old version that is announced again is no news; one that was on its way when the search was saved is."""
    desk.save("early", "tower", created_at=SEEN + timedelta(minutes=30))
    desk.save("late", "tower", created_at=SEEN + timedelta(minutes=90))
    desk.publish(desk.article(1, "Tower sold"))
    desk.rig.start().step()
    assert desk.alerts() == [("early", "Tower sold")]


def test_what_was_taken_down_meanwhile_is_not_pushed(desk):
    """A tombstone that overtakes the stage leaves nothing to push, and marks keep no word of an article."""
    desk.save("towers", "tower")
    desk.publish(desk.article(1, "Tower sold"), desk.article(2, "Tower repaired"))
    headers = {"first_seen_at": SEEN.isoformat()}
    desk.index([Record(ARTICLES.name, 0, 0, 0, f"01{desk.token}".encode(), None, headers)])
    desk.rig.start().step()
    assert desk.alerts() == [("towers", "Tower repaired")]
    assert desk.marks(1) == []
    (mark,) = desk.marks(2)
    assert "Tower" not in str(mark)


def test_a_bad_search_is_disabled_with_its_reason_and_stops_no_other(desk):
    """What the server refuses, what makes no sense and what cannot be read are set aside; the rest goes on."""
    desk.save("fine", "tower")
    desk.save("everywhere", "tower", hosts=tuple(f"host-{number}.example" for number in range(9_000)))
    desk.save("endless", " ".join(f"w{number}" for number in range(3_000)))
    desk.save("backwards", "tower", since=SEEN, until=SEEN)
    desk.save("from-tomorrow", "tower")
    odd = {"request": {"which": "the best"}}
    home = f"{desk.prefix}-saved-searches-all"
    desk.client.update(index=home, id=search_id_of("from-tomorrow"), doc=odd, refresh=True)
    desk.publish(desk.article(1, "Tower sold"))
    member = desk.rig.start()
    member.step()
    assert desk.alerts() == [("fine", "Tower sold")]
    assert "too many nested clauses" in desk.state_of("everywhere")
    assert "at most 20 phrases and 100 words" in desk.state_of("endless")
    assert "is not before until" in desk.state_of("backwards")
    assert "cannot be read" in desk.state_of("from-tomorrow")
    assert desk.state_of("fine") is None
    desk.publish(desk.article(2, "Tower repaired"))
    member.step()
    assert len(desk.alerts()) == 2
    assert desk.rig.read_dead_letters() == []


def test_an_outage_holds_the_batch(desk):
    """Without a server nothing is sent or committed, however often it is tried; when it is back, all of it is."""
    desk.save("towers", "tower")
    desk.publish(desk.article(1, "Tower sold"))
    here = desk.rig.settings
    desk.rig.settings = here.model_copy(update={"elasticsearch_url": "http://127.0.0.1:9"})
    member = desk.rig.start()
    polls = []

    def stop_in_time(call):
        polls.extend([call] if call == "poll" else [])
        if len(polls) > 5:
            member.stop.set()

    desk.rig.broker.watch = stop_in_time
    member.step()
    assert member.instruments.metrics.value("stage_retries_total", step="answer") > 1
    assert (desk.alerts(), desk.rig.offsets()) == ([], {})
    desk.rig.kill(member)
    desk.rig.settings = here
    desk.rig.start().step()
    assert desk.alerts() == [("towers", "Tower sold")]


def test_without_templates_the_stage_holds_and_makes_no_index(servers):
    """An index made without its template would guess the mapping for a month."""
    with STAGE.open(servers) as handle, pytest.raises(Retry, match="newswire templates apply"):
        handle([])
    with open_elasticsearch(servers) as client:
        assert not client.indices.exists(index=f"{servers.index_prefix}-*", allow_no_indices=False)


def test_alerts_arrive_over_kafka_within_seconds(servers):
    """The stage as it runs: announced on Kafka, found in Elasticsearch, read back from alerts."""
    apply_topics(servers)
    sync_templates(servers)
    with open_elasticsearch(servers) as client:
        desk = Desk(servers, client, servers.state_dir)
        desk.save("towers", "tower")
        stop = Event()
        thread = Thread(target=run_stage, args=(STAGE, servers), kwargs={"stop": stop})
        thread.start()
        try:
            announced = desk.publish(desk.article(1, "Tower sold"), desk.article(2, "Mill sold"))
            with open_publisher(servers, "test") as publisher:
                for article in announced:
                    publisher.send(Out(INDEXED_ARTICLES, article))
                publisher.flush(5)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not (raws := [*read_topic(servers, ALERTS.name)]):
                assert time.monotonic() < deadline, "still waiting for the alert"
        finally:
            stop.set()
            thread.join(PATIENCE_SECONDS)
    assert [ALERTS.decode(raw.value).title for raw in raws] == ["Tower sold"]
