"""`newswire topics` on real Kafka."""

from __future__ import annotations

import json
import time
from threading import Thread

import pytest
from click.testing import CliRunner
from kafka.admin import ConfigResource

from newswire import topics
from newswire.errors import ConfigError, Retry
from newswire.kafka import open_admin
from newswire.publisher import open_publisher
from newswire.stage import Out
from newswire.topic_reader import read_topic
from schemas.messages import CrawlRequest
from schemas.topics import CRAWL_REQUESTS

pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def tidy(servers):
    """Take the test's topics away: idle ones slow a small broker down."""
    yield
    admin = open_admin(servers)
    admin.delete_topics(
        [name for name in admin.list_topics() if name.startswith(servers.topic_prefix)] or ["none"], raise_errors=False
    )
    admin.close()


@pytest.fixture
def run(servers, monkeypatch):
    """Call a command with the test's settings."""
    monkeypatch.setattr(topics, "settings", lambda: servers)

    def call(*words):
        done = CliRunner().invoke(topics.command, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return call


def wish(n):
    return CrawlRequest(request_id=str(n), source="x" * 400, requested_at="2026-03-01T00:00:00Z", requested_by="t")


def write(settings, *numbers):
    with open_publisher(settings, "test") as publisher:
        for n in numbers:
            publisher.send(Out(CRAWL_REQUESTS, wish(n)))
        publisher.flush()


def retention_of(admin, name):
    found = admin.describe_configs([ConfigResource("topic", name)], config_filter="all")
    return found["topic"][name]["retention.ms"]["value"]


def test_applying_creates_then_mends_then_leaves_alone(servers):
    """The second time nothing changes; a setting that was turned elsewhere is turned back."""
    assert set(topics.apply_topics(servers).values()) == {"created"}
    assert set(topics.apply_topics(servers).values()) == {"unchanged"}
    admin = open_admin(servers)
    name = f"{servers.topic_prefix}parsed-articles"
    admin.alter_configs([ConfigResource("topic", name, {"retention.ms": "1000"})])
    deadline = time.monotonic() + 30
    while retention_of(admin, name) != "1000":
        assert time.monotonic() < deadline
    assert topics.apply_topics(servers)["parsed-articles"] == "changed"
    while retention_of(admin, name) == "1000":
        assert time.monotonic() < deadline
    admin.close()


def test_other_partitions_are_refused_with_the_way_out(servers):
    """Keys would move: that is a decision, not a repair."""
    admin = open_admin(servers)
    admin.create_topics({f"{servers.topic_prefix}articles": {"num_partitions": 2}}, wait_for_metadata=True)
    admin.close()
    with pytest.raises(ConfigError, match=r"has 2 partitions, schemas/topics\.yml says 12"):
        topics.apply_topics(servers)


def test_waiting_for_kafka_is_bounded(servers):
    """Where no broker answers, the command says so after its time."""
    nowhere = servers.model_copy(update={"kafka_bootstrap": "127.0.0.1:1"})
    with pytest.raises(Retry, match=r"no broker at 127\.0\.0\.1:1.*waited 0.5 s"):
        topics.apply_topics(nowhere, wait_seconds=0.5)


def test_looking_at_a_topic(servers, run):
    """List counts, tail shows the newest in order, sample cuts long texts."""
    run("apply")
    write(servers, *range(20))
    rows = {row["name"]: row for row in json.loads(run("list", "--json"))}
    assert rows["crawl-requests"]["records"] == 20
    assert rows["articles"]["records"] == 0
    lines = [json.loads(line) for line in run("tail", "crawl-requests", "-n", "3", "--json").splitlines()]
    assert [line["value"]["request_id"] for line in lines] == ["17", "18", "19"]
    assert lines[0]["headers"]["ce_type"] == "newswire.CrawlRequest.v1"
    assert lines[0]["topic"] == "crawl-requests"
    assert "(400 characters)" in json.loads(run("sample", "crawl-requests"))["value"]["source"]
    assert run("tail", "stories") == ""


def test_a_missing_topic_is_named_with_the_way_out(servers):
    """Reading what was never made is a clear message."""
    with pytest.raises(ConfigError, match="newswire topics apply"):
        list(read_topic(servers, "stories"))


def test_following_goes_on_with_what_arrives(servers, run):
    """A reader that follows sees records that were written after it began."""
    run("apply")
    write(servers, 1)
    seen = []

    def follow():
        for raw in read_topic(servers, "crawl-requests", last=1, follow=True):
            seen.append(raw.key)
            if len(seen) == 2:
                return

    thread = Thread(target=follow)
    thread.start()
    deadline = time.monotonic() + 30
    while not seen and time.monotonic() < deadline:
        time.sleep(0.02)
    write(servers, 2)
    thread.join(30)
    assert seen == [b"1", b"2"]
