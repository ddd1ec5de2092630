"""Every kind of malformed record, sent to every topic that a stage reads, on real servers with every stage at work.

Each ends in the dead letters with its reason, all good records before, between and after flow, and no stage ends.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import msgspec
import psycopg
import pytest
from click.testing import CliRunner
from kafka import KafkaProducer

from consumers.pipeline import STAGES
from newswire.commands import dlq
from newswire.crawl.migrate import migrate
from newswire.elastic.templates import sync_templates
from newswire.kafka.body_store import blob_store, pack_body
from newswire.kafka.clients import connection_options
from newswire.kafka.dead_letter_retry import open_dead_letters, retry_dead_letters
from newswire.kafka.dead_letters import read_dead_letter
from newswire.kafka.lag import read_lag
from newswire.kafka.reader import read_topic
from newswire.kafka.topic_admin import apply_topics
from newswire.runtime.process import run_stage
from newswire.testing.malformed import make_malformed, read_example
from schemas.topics import TOPICS, dead_letters_of, stage_names

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]

PAGE = (Path(__file__).parents[1] / "golden/wordpress/page.html").read_bytes()
READ_BY_STAGES = [topic for topic in TOPICS if set(topic.read_by) & set(stage_names())]
PATIENCE_SECONDS = 300
EVERY = 10  # malformed records between two good ones


@pytest.fixture(scope="module")
def stages(server_settings, tmp_path_factory):
    """All stages at work, each in a thread, on topics, indexes and a database of their own."""
    settings = server_settings.model_copy(
        update={"topic_prefix": "mal-", "index_prefix": "mal", "state_dir": tmp_path_factory.mktemp("state")}
    )
    settings = _with_database(settings)
    apply_topics(settings)
    sync_templates(settings)
    migrate(settings)
    with ExitStack() as stack:
        threads = {name: stack.enter_context(_running(name, settings)) for name in STAGES}
        yield settings, threads


def _with_database(settings):
    dsn = settings.postgres_dsn.get_secret_value()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("drop database if exists malformed with (force)")
        connection.execute("create database malformed")
    own = type(settings.postgres_dsn)(dsn.rsplit("/", 1)[0] + "/malformed")
    return settings.model_copy(update={"postgres_dsn": own})


@contextmanager
def _running(name, settings):
    stop, failures = Event(), []

    def run():
        try:
            run_stage(STAGES[name], settings, stop=stop)
        except BaseException as error:  # noqa: BLE001 - a thread's end is what the test is about
            failures.append(error)

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    yield failures
    stop.set()
    thread.join(30)
    assert not thread.is_alive(), f"{name} does not stop"


def good_record(topic, number):
    """Return a good message of a topic with ids of its own."""
    document = read_example(topic)
    ids = {name: f"{number:032x}" for name in document if name in ("article_id", "url_id", "story_id", "content_hash")}
    if topic.name == "fetched-pages":
        address = f"https://outlet.example/{number}"
        ids |= {"body": pack_body(PAGE), "body_ref": None, "url": address, "final_url": address}
    return msgspec.json.encode(document | ids)


def until(is_true, what):
    """Wait for what the stages bring about."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, f"still waiting: {what()}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def sent(stages):
    """What was sent, by topic and offset: the malformed record, or None for a good one."""
    settings, threads = stages
    producer = _open_producer(settings)
    futures = []
    for topic in READ_BY_STAGES:
        kinds = list(make_malformed(topic))
        assert len(kinds) >= 45
        for number, malformed in enumerate([None, *kinds, None]):
            if number % EVERY == 0 or malformed is None:
                futures.append((topic.name, None, _send(producer, settings, topic, good_record(topic, number))))
            if malformed is not None:
                made = _send(producer, settings, topic, malformed.value, malformed.key, list(malformed.headers))
                futures.append((topic.name, malformed, made))
        producer.flush(60)
    offsets = {(name, future.get(10).offset): malformed for name, malformed, future in futures}
    producer.close(5)
    until(lambda: not any(read_lag(settings).values()) or any(threads.values()), lambda: read_lag(settings))
    return offsets


def _open_producer(settings):
    """Open a producer as others may: with larger requests than ours makes."""
    options = connection_options(settings, "test")
    return KafkaProducer(**options, compression_type="zstd", max_request_size=8 << 20, acks="all")


def _send(producer, settings, topic, value, key=b"good", headers=None):
    return producer.send(settings.topic_prefix + topic.name, value=value, key=key, headers=headers or [], partition=0)


def letters(settings, stage):
    """Return a stage's dead letters of the records that the test has sent, by topic and offset."""
    found = map(read_dead_letter, read_topic(settings, dead_letters_of(stage).name))
    return {(letter.origin, letter.origin_offset): letter for letter in found if letter and letter.partition == 0}


def test_no_stage_ends(stages, sent):
    """Neither an exception nor a blown fuse: every thread is still at work."""
    assert {name: failures for name, failures in stages[1].items() if failures} == {}


@pytest.mark.parametrize("topic", READ_BY_STAGES, ids=lambda topic: topic.name)
def test_each_malformed_record_is_dead_lettered_with_its_reason(stages, sent, topic):
    """By every stage that reads the topic; what is merely odd is not."""
    for stage in set(topic.read_by) & set(stage_names()):
        found = letters(stages[0], stage)
        wrong = [
            (stage, malformed.kind, letter and (letter.reason, letter.detail[:80]))
            for (name, offset), malformed in sent.items()
            if name == topic.name and malformed is not None
            for letter in [found.get((name, offset))]
            if (letter.reason not in malformed.reasons if letter else malformed.reasons)
        ]
        # A page that is odd in its envelope only is read; what its text is worth is another matter.
        wrong = [each for each in wrong if not (stage == "parse" and each[2] and each[2][0] == "too-short")]
        assert wrong == []


@pytest.mark.parametrize(
    ("topic", "output", "field"),
    [
        ("fetched-pages", "parsed-articles", "url_id"),
        ("parsed-articles", "deduplicated-articles", "url_id"),
        ("deduplicated-articles", "articles", "article_id"),
        ("articles", "indexed-articles", "article_id"),
    ],
)
def test_all_good_records_flow(stages, sent, topic, output, field):
    """Those before, between and after the malformed ones."""
    (topic,) = (each for each in READ_BY_STAGES if each.name == topic)
    numbers = [number for number in range(len([*make_malformed(topic)]) + 2) if number % EVERY == 0]
    wanted = {f"{number:032x}" for number in numbers}
    found = set()
    for raw in read_topic(stages[0], output):
        try:
            found.add(msgspec.json.decode(raw.value)[field])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
            continue  # one of the malformed records that were sent to this topic
    assert wanted <= found


def test_what_was_repaired_can_be_sent_back(stages, sent):
    """A page whose blob was missing is parsed once the blob is there, and the letter is done with."""
    settings, _ = stages
    ref = blob_store(settings).put(pack_body(PAGE))
    document = read_example(next(topic for topic in READ_BY_STAGES if topic.name == "fetched-pages"))
    address = "https://outlet.example/repaired"
    page = document | {"body": None, "body_ref": ref, "url_id": "f" * 32, "url": address, "final_url": address}
    blob = next(path for path in settings.state_dir.rglob(ref))
    hidden = blob.rename(blob.with_suffix(".away"))
    producer = _open_producer(settings)
    _send(producer, settings, READ_BY_STAGES[0], msgspec.json.encode(page))
    producer.close(5)

    def is_lost():
        return any(
            b'"url_id":"' + b"f" * 32 in (letter.raw.value or b"") for letter in open_dead_letters(settings, "parse")
        )

    until(is_lost, lambda: "the page is not dead-lettered")
    hidden.rename(blob)
    assert retry_dead_letters(settings, "parse", reason="no-body") >= 1
    until(
        lambda: any(b"f" * 32 in (raw.value or b"") for raw in read_topic(settings, "parsed-articles")),
        lambda: "not parsed",
    )
    assert not is_lost()


def test_a_record_too_large_for_its_dead_letter_stays(stages, sent):
    """Its letter holds the beginning and the hash; no topic of ours would take it back."""
    settings, _ = stages
    (letter,) = (each for each in open_dead_letters(settings, "index") if each.reason == "record-too-large")
    assert letter.value_sha256
    assert len(letter.raw.value) < 10_000
    assert retry_dead_letters(settings, "index", reason="record-too-large") == 0
    assert [each.reason for each in open_dead_letters(settings, "index")].count("record-too-large") == 1


def test_every_dead_letter_can_be_looked_at(stages, sent, monkeypatch):
    """Also those that are not text: invalid UTF-8 is what lands here."""
    monkeypatch.setattr("newswire.commands.dlq.settings", lambda: stages[0])
    for stage in stage_names():
        done = CliRunner().invoke(dlq.command, ["show", stage, "--json", "-n", "1000"])
        assert done.exit_code == 0, done.exception
        count = sum(1 for _ in open_dead_letters(stages[0], stage))
        assert len([json.loads(line) for line in done.output.splitlines()]) == count
