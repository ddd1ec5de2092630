"""A takedown seen by running stages, each with its own user and rights at Kafka: gone, stays gone, and undone."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import time
from contextlib import ExitStack, contextmanager
from itertools import count
from threading import Event, Thread

import psycopg
import pytest
from psycopg.rows import dict_row
from pydantic import SecretStr

from consumers.pipeline import STAGES
from newswire.crawl.migrate import migrate
from newswire.elastic.client import build_alias, open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.kafka.access import apply_access
from newswire.kafka.publisher import open_publisher
from newswire.kafka.reader import read_topic
from newswire.kafka.topic_admin import apply_topics
from newswire.runtime.process import run_stage
from newswire.stage import Out
from newswire.takedowns.takedown import take_down, undo_takedown
from schemas.message_builder import make_article, make_id
from schemas.messages import ParsedArticle
from schemas.topics import PARSED_ARTICLES

pytestmark = pytest.mark.servers

PATIENCE_SECONDS = 120
SEEN = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
FIRE = " ".join(f"Sentence {n} of the report tells that the granary by the harbour burned down." for n in range(12))
OTHER = " ".join(f"Line {n} of the notice says which ferries sail in spring and at what hour." for n in range(12))
URL = "https://ostrey-post.example/granary"


def report(key, title="Granary burns", body=FIRE, *, hours=0, article=None, host="ostrey-post.example"):
    url = f"https://{host}/{key}"
    fetched_at = SEEN + dt.timedelta(hours=hours)
    made = {"url": url, "canonical_url": url, "reader": "test", "fetched_at": fetched_at}
    if article:
        made["article_id"] = make_id(article)
    return make_article(ParsedArticle, key, title, body, host=host, seen_at=SEEN, **made)


def until(is_true, what):
    """Wait for something that another thread brings about."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.2)


class Floor:
    """The stages in threads, each as its own user, and eyes for what they make."""

    def __init__(self, settings, passwords, client):
        self.settings, self.passwords, self.client = settings, passwords, client
        self.versions, self.fetches = count(3), count(1)

    def login(self, user):
        update = {"kafka_sasl_username": user, "kafka_sasl_password": SecretStr(self.passwords[user])}
        return self.settings.model_copy(update=update)

    @contextmanager
    def running(self, *names):
        """Run stages until the end of the block; a stage that ends before fails the test."""
        stop, failures = Event(), []

        def run(name):
            try:
                run_stage(STAGES[name], self.login(name), stop=stop)
            except BaseException as error:  # noqa: BLE001 - a thread's end is the test's business
                failures.append((name, error))

        threads = [Thread(target=run, args=(name,)) for name in names]
        with ExitStack() as stack:
            for thread in threads:
                thread.start()
                stack.callback(thread.join, PATIENCE_SECONDS)
            stack.callback(stop.set)
            yield
            assert failures == []
        assert failures == []

    def parse(self, *articles):
        with open_publisher(self.login("parse"), "parse") as publisher:
            for article in articles:
                publisher.send(Out(PARSED_ARTICLES, article))
            publisher.flush()

    def is_known_to_dedupe(self):
        """Fetch the granary unchanged once more; return whether dedupe has answered one of these without its text."""
        self.parse(report("granary", hours=next(self.fetches) / 1000))
        verdicts = [json.loads(raw.value) for raw in read_topic(self.settings, "deduplicated-articles")]
        return any(verdict["article_id"] == make_id("granary") and not verdict["title"] for verdict in verdicts)

    def revise(self):
        """Publish one more version of the granary: those before dedupe has read an undo are not sent."""
        n = next(self.versions)
        self.parse(report("granary", "Granary to be rebuilt", f"{FIRE} The council said so {n} times.", hours=n))
        return n

    def newest(self, topic, key):
        """Return the newest record of a key: its value, or None for a tombstone."""
        raws = [raw for raw in read_topic(self.settings, topic) if raw.key == make_id(key).encode()]
        return json.loads(raws[-1].value) if raws and raws[-1].value else None

    def titles(self):
        """Return the titles in the index, of older versions too."""
        kinds = [build_alias(self.settings.index_prefix, kind) for kind in ("articles", "revisions")]
        lenient = {"ignore_unavailable": True, "allow_no_indices": True}
        self.client.indices.refresh(index=kinds, **lenient)
        return sorted(hit["_source"]["title"] for hit in self.client.search(index=kinds, **lenient)["hits"]["hits"])

    def story(self):
        """Return headline and size of the granary's story in the index."""
        index = build_alias(self.settings.index_prefix, "stories")
        self.client.indices.refresh(index=index, ignore_unavailable=True, allow_no_indices=True)
        query = {"term": {"story_id": make_id("granary")}}
        hits = self.client.search(index=index, query=query, ignore_unavailable=True)["hits"]["hits"]
        return [(hit["_source"]["headline"], hit["_source"]["size"]) for hit in hits]

    def sql(self, statement, *values):
        dsn = self.settings.postgres_dsn.get_secret_value()
        with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def fetch(self, key, hours=0):
        """Enter an address as the crawl does that has just fetched it."""
        self.sql(
            "INSERT INTO urls (url_id, url, host, source, state, found_in, first_seen_at, fetched_at) "
            "VALUES (%s, %s, 'h', 'paper', 'fetched', 'feed', %s, %s)",
            make_id(key), f"https://ostrey-post.example/{key}", SEEN, SEEN + dt.timedelta(hours=hours),
        )  # fmt: skip

    def states(self):
        return {row["url"].rpartition("/")[2]: row["state"] for row in self.sql("SELECT url, state FROM urls")}


@pytest.fixture
def floor(servers, server_settings):
    passwords = json.loads((server_settings.state_dir / "kafka" / "users.json").read_text("utf-8"))
    apply_topics(servers)
    apply_access(servers, passwords)
    migrate(servers)
    sync_templates(servers)
    with open_elasticsearch(servers) as client:
        yield Floor(servers, passwords, client)
        prefix = servers.index_prefix
        client.indices.delete(index=",".join(client.indices.get(index=f"{prefix}-*")))
        client.indices.delete_index_template(name=f"{prefix}-*")
        client.cluster.delete_component_template(name=f"{prefix}-*")
    apply_access(server_settings, passwords)


def test_no_stage_brings_an_article_back(floor):
    """Not a version on its way, not another address of it, not a stage that starts again without its snapshots."""
    every = ("dedupe", "cluster", "index", "record", "watch", "ledger")
    with floor.running(*every):
        floor.parse(report("granary"), report("copy", "Fire in Ostrey", host="norhaven-mail.example"))
        until(lambda: floor.titles() == ["Fire in Ostrey", "Granary burns"], "both articles in the index")
        until(lambda: floor.story() == [("Granary burns", 2)], "their story")

        floor.fetch("granary")
        take_down(floor.settings, make_id("granary"), "court order", "desk")
        assert floor.titles() == ["Fire in Ostrey"]
        assert floor.story() == [("Fire in Ostrey", 1)]
        snapshots = floor.settings.state_dir / "snapshots" / f"{floor.settings.topic_prefix}cluster"
        until(
            lambda: (
                (saved := [*snapshots.rglob("state.msgpack")])
                and all(b"Granary burns" not in path.read_bytes() for path in saved)
            ),
            "a snapshot of cluster without its text",
        )
        until(floor.is_known_to_dedupe, "dedupe to read the takedown")
        sent = len([*read_topic(floor.settings, "deduplicated-articles")])

        floor.fetch("mobile", hours=1)
        floor.parse(
            report("granary", "Granary lost", FIRE + " More.", hours=1), report("mobile", article="granary", hours=1)
        )
        floor.parse(report("ferry", "Ferries in spring", OTHER))
        until(lambda: floor.titles() == ["Ferries in spring", "Fire in Ostrey"], "an article that came after them")
        until(lambda: floor.states() == {"granary": "taken-down", "mobile": "taken-down"}, "the ledger")

    shutil.rmtree(floor.settings.state_dir / "snapshots")
    floor.parse(report("granary", "Granary gone", FIRE + " Even more.", hours=2))
    floor.parse(report("road", "Road closed", OTHER.replace("ferries sail", "roads close"), hours=2))
    with floor.running(*every):
        until(lambda: "Road closed" in floor.titles(), "what came while all was down")
        assert not {"Granary burns", "Granary lost", "Granary gone"} & {*floor.titles()}
        assert floor.newest("articles", "granary") is None
        shown = floor.newest("stories", "granary")
        assert (shown["headline"], shown["members"]) == ("Fire in Ostrey", [make_id("copy")])
        later = [raw.value for raw in read_topic(floor.settings, "deduplicated-articles")][sent:]
        assert len(later) > 2
        assert not any(b"Granary" in value for value in later)

        undo_takedown(floor.settings, make_id("granary"), "desk")
        until(lambda: "Granary burns" in floor.titles(), "the version that articles still held")
        until(lambda: floor.revise() and "Granary to be rebuilt" in floor.titles(), "its next version")
        until(lambda: [size for _, size in floor.story()] == [2], "its story")
        until(lambda: len(floor.newest("stories", "granary")["members"]) == 2, "the record of its story")
