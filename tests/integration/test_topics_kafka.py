"""`newswire topics` on real Kafka."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from threading import Thread

import pytest
from click.testing import CliRunner
from kafka.admin import ConfigResource

from newswire.commands.topics import command as topic_commands
from newswire.errors import ConfigError, Retry
from newswire.kafka import topic_admin as topics
from newswire.kafka.clients import open_admin
from newswire.kafka.publisher import open_publisher
from newswire.kafka.reader import read_topic
from newswire.stack.shared_settings import shared_settings, write_environment
from newswire.stage import Out
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
    monkeypatch.setattr(topic_commands, "settings", lambda: servers)

    def call(*words, code=0):
        done = CliRunner().invoke(topic_commands.command, words, catch_exceptions=False)
        assert done.exit_code == code, done.output
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
    with pytest.raises(ConfigError, match=r"has 2 partitions, topics\.yml says 12: keys would move"):
        topics.apply_topics(servers)


def test_differences_are_named_and_mended(servers, run):
    """Missing, extra, partitions and settings: each is said in words, with exit code 1; after mending all is well."""
    prefix = servers.topic_prefix
    assert f"{prefix}articles is missing" in run("diff", code=1)
    admin = open_admin(servers)
    strange = {"cleanup.policy": "compact", "max.message.bytes": "999"}
    admin.create_topics(
        {
            f"{prefix}stories": {"num_partitions": 2},
            f"{prefix}gossip": {"num_partitions": 1},
            f"{prefix}conformance-articles": {"num_partitions": 1},
            f"{prefix}articles": {"num_partitions": 12, "configs": strange},
        },
        wait_for_metadata=True,
    )  # fmt: skip
    found = {(row["topic"].removeprefix(prefix), row["kind"]) for row in json.loads(run("diff", "--json", code=1))}
    assert ("gossip", "extra") in found
    assert ("stories", "partitions") in found
    assert ("articles", "setting") in found
    assert ("articles", "extra-setting") in found
    assert not any(name == "conformance-articles" for name, _ in found)
    text = run("diff", code=1)
    assert f"{prefix}stories has 2 partitions, topics.yml says 4" in text
    assert f"{prefix}articles has max.message.bytes=999, topics.yml says nothing of it" in text
    admin.delete_topics([f"{prefix}stories"])
    admin.close()
    deadline = time.monotonic() + 30
    while f"{prefix}stories is missing" not in run("diff", code=1):
        assert time.monotonic() < deadline
    assert '"stories": "created"' in run("apply", "--json")
    while CliRunner().invoke(topic_commands.command, ["diff", "--ignore-extra"]).exit_code:
        assert time.monotonic() < deadline


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


def test_choosing_what_to_look_at(servers, run):
    """A filter chooses by value, header or key; a time leaves out what is older; a sample comes from anywhere."""
    run("apply")
    write(servers, *range(6))

    def keys(*words):
        return [json.loads(line)["key"] for line in run(*words, "--json").splitlines()]

    assert keys("tail", "crawl-requests", "-n", "2", "--filter", "requested_by=t") == ["4", "5"]
    assert keys("tail", "crawl-requests", "--filter", "key=3") == ["3"]
    assert keys("tail", "crawl-requests", "--filter", "headers.ce_type=newswire.CrawlRequest.v1", "-n", "1") == ["5"]
    assert keys("tail", "crawl-requests", "--filter", "requested_by=t", "--filter", "limit=51") == []
    assert len(keys("tail", "crawl-requests", "--from-start")) == 6
    assert len(keys("tail", "crawl-requests", "--since", "5m")) == 6
    assert list(read_topic(servers, "crawl-requests", since_ms=round(time.time() * 1000) + 60_000)) == []
    assert len(set(keys("sample", "crawl-requests", "-n", "3", "--random"))) == 3
    assert set(keys("sample", "crawl-requests", "-n", "99", "--random")) == set("012345")
    assert keys("sample", "stories", "--random") == []
    assert "no time" in run("tail", "stories", "--since", "soon", code=2)


def test_a_value_that_breaks_the_contract_is_marked(servers, run):
    """Looking at a topic, one sees what does not belong there, and nothing of it can steer the terminal."""
    run("apply")
    with open_publisher(servers, "test") as publisher:
        publisher.send_raw(CRAWL_REQUESTS, b"1", b'{"source": "\\u001b[2J"}', [])
        publisher.flush()
    line = run("tail", "crawl-requests")
    assert "NOT A CrawlRequest: Object missing required field `request_id`" in line
    assert "\x1b" not in line


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


@pytest.fixture
def _ctrl_c_is_heard():
    """Where the tests run in the background, a child would inherit that SIGINT is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c_is_heard")
def test_ctrl_c_ends_a_tail_without_a_word(servers, run, tmp_path):
    """Following ends with exit code 0 and nothing on standard error."""
    run("apply")
    write(servers, 1)
    environment = {
        **write_environment(shared_settings(servers)),
        "NEWSWIRE_STATE_DIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "newswire", "topics", "tail", "crawl-requests", "--follow", "--json"]
    with subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert json.loads(process.stdout.readline())["key"] == "1"
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=30) == ("", "")
        finally:
            process.kill()
    assert process.returncode == 0
