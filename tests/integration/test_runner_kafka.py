"""The runner on real Kafka: members that join, lines that break, records that are bad, processes that are killed."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from kafka.admin import MemberToRemove

from consumers.dedupe import STAGE as DEDUPE
from newswire.commands import dlq
from newswire.errors import ConfigError, Retry
from newswire.kafka import clients as kafka
from newswire.kafka import reader
from newswire.kafka.publisher import open_publisher
from newswire.kafka.reader import count_records, read_topic
from newswire.kafka.topic_admin import apply_topics
from newswire.settings import Settings, child_environment
from newswire.stack.shared_settings import shared_settings, write_environment
from newswire.stage import Out, Record
from newswire.testing.naming_stage import make_indexed, member, named, write_indexed
from newswire.testing.outage import open_line
from schemas.envelope import read_headers
from schemas.messages import ParsedArticle
from schemas.topics import DEDUPLICATED_ARTICLES, INDEXED_ARTICLES, PARSED_ARTICLES

pytestmark = pytest.mark.servers

PATIENCE_SECONDS = 90
NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.fixture
def pipeline(servers):
    """Settings of a Kafka that has the topics, for the length of a test: idle ones slow a small broker down."""
    apply_topics(servers)
    yield servers
    admin = kafka.open_admin(servers)
    admin.delete_topics([name for name in admin.list_topics() if name.startswith(servers.topic_prefix)])
    admin.close()


def until(is_true, what):
    """Wait for something that another process or thread brings about."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.1)


def assert_complete_and_in_order(settings, count):
    """Every input has an output, and the first outputs of a partition come in its order."""
    first = list(dict.fromkeys(named(settings)))
    assert len(first) == count
    for partition in range(INDEXED_ARTICLES.partitions):
        offsets = [offset for number, offset in first if number == partition]
        assert offsets == list(range(len(offsets)))


def test_members_that_join_and_leave_lose_and_reorder_nothing(pipeline):
    """Partitions move twice in the middle of the work; all is done, each partition in order."""
    settings = pipeline.model_copy(update={"batch_records": 20})
    count = 500
    write_indexed(settings, count)
    with member(settings):
        until(lambda: len(named(settings)) >= 50, "the first member's work")
        with member(settings):
            until(lambda: len(set(named(settings))) >= 300, "the work of both")
        until(lambda: len(set(named(settings))) >= count, "the rest")
    assert_complete_and_in_order(settings, count)


def test_an_outage_holds_the_stage_and_loses_nothing(pipeline, monkeypatch):
    """The line to Kafka breaks in the middle of the work and is mended: no crash, nothing missing, order kept."""
    settings = pipeline.model_copy(update={"batch_records": 20})
    count = 600
    write_indexed(settings, count)
    direct = kafka.connection_options
    with open_line() as line:

        def through_the_line(known, client):
            return direct(known, client) | ({"proxy_url": line.url} if client == "newswire-parse" else {})

        monkeypatch.setattr(kafka, "connection_options", through_the_line)
        with member(settings) as thread:
            until(lambda: len(named(settings)) >= 60, "the first work")
            line.cut()
            time.sleep(2)
            assert thread.is_alive()
            assert len(set(named(settings))) < count
            line.restore()
            until(lambda: len(set(named(settings))) >= count, "the rest")
            line.cut()  # and its end comes in an outage, too
    assert_complete_and_in_order(settings, count)


def test_a_broker_that_goes_away_while_records_are_counted_is_an_outage(pipeline, monkeypatch):
    """The demo and the commands wait for it; a traceback would end them."""
    direct, open_direct = kafka.connection_options, reader.open_consumer
    with open_line() as line:

        def open_and_cut(*arguments, **options):
            consumer = open_direct(*arguments, **options)
            line.cut()
            return consumer

        monkeypatch.setattr(kafka, "connection_options", lambda *known: direct(*known) | {"proxy_url": line.url})
        monkeypatch.setattr(reader, "open_consumer", open_and_cut)
        with pytest.raises(Retry, match="Kafka: counting records"):
            reader.count_records(pipeline, ["articles"])


def test_a_bad_record_can_be_looked_at_and_sent_back(pipeline, monkeypatch):
    """It becomes a dead letter; `dlq` lists, shows and returns it as it was, once."""
    settings = pipeline
    with open_publisher(settings, "test") as publisher:
        publisher.send_raw(INDEXED_ARTICLES, b"key", b"{bad", [("traceparent", b"t")], 3)
        publisher.send(Out(INDEXED_ARTICLES, make_indexed(1)))
        publisher.flush()
    with member(settings):
        until(lambda: list(read_topic(settings, "parse-dlq")) and named(settings), "letter and output")
    monkeypatch.setattr(dlq, "settings", lambda: settings)
    run = CliRunner().invoke
    listed = run(dlq.command, ["list", "--json"]).output
    assert '"reason": "undecodable"' in listed
    assert '"count": 1' in listed
    assert "indexed-articles 3:0 key undecodable" in run(dlq.command, ["show", "parse"]).output
    assert run(dlq.command, ["retry", "parse", "--reason", "other"]).output.startswith("0 dead letters")
    assert run(dlq.command, ["retry", "parse"]).output.startswith("1 dead letters")
    back = [raw for raw in read_topic(settings, "indexed-articles") if raw.partition == 3][-1]
    assert (back.offset, back.key, back.value, list(back.headers)) == (1, b"key", b"{bad", [("traceparent", b"t")])
    assert run(dlq.command, ["list"]).output == "no dead letters\n"
    assert run(dlq.command, ["retry", "parse"]).output.startswith("0 dead letters")


def test_a_record_is_passed_over_by_command(pipeline, monkeypatch):
    """The command checks that the record is there; the stage leaves it out from its next start on, and says why."""
    settings = pipeline
    with open_publisher(settings, "test") as publisher:
        for number in (1, 2):
            publisher.send_raw(INDEXED_ARTICLES, b"k", INDEXED_ARTICLES.encode(make_indexed(number)), [], 3)
        publisher.flush()
    monkeypatch.setattr(dlq, "settings", lambda: settings)
    monkeypatch.setattr(dlq, "stages_and_topics", lambda: {"parse": ["indexed-articles"]})
    skip = ["skip", "parse", "--partition", "3", "--by", "ada", "--why", "it ends the process", "--offset"]
    assert isinstance(CliRunner().invoke(dlq.command, [*skip, "7"]).exception, ConfigError)
    done = CliRunner().invoke(dlq.command, [*skip, "0"])
    assert done.output == "parse will pass over indexed-articles 3:0. Next: newswire restart parse\n"
    with member(settings):
        until(lambda: list(read_topic(settings, "parse-dlq")) and named(settings), "letter and output")
    assert named(settings) == [(3, 1)]
    (letter,) = read_topic(settings, "parse-dlq")
    headers = read_headers(letter.headers)
    assert headers["dlq.error.type"] == "skipped"
    assert headers["dlq.error"].startswith("by ada at ")


# The real dedupe stage, in real processes.


def parsed(n):
    """Every third article comes again with another text, every fifth under another address."""
    article, text = (n // 2 if n % 3 == 0 else n), (n // 2 if n % 5 == 0 else n)
    return ParsedArticle(
        article_id=f"{article:032x}",
        url_id=f"{n:032x}",
        url=f"https://example.org/{n}",
        canonical_url=f"https://example.org/{article}",
        source="s",
        outlet="o",
        host="example.org",
        language=("en", "de", "fr")[article % 3],
        title=f"Title {text}",
        body=f"Paragraph {text} of the text.\n\nAnd one more, {text * 7}.",
        content_hash=f"{text:032x}",
        fetched_at=NOW + dt.timedelta(seconds=n),
        first_seen_at=NOW,
        reader="test",
    )


@contextmanager
def process(settings, **changes):
    """Run `python -m consumers dedupe`."""
    env = child_environment(
        **write_environment(shared_settings(settings)),
        NEWSWIRE_STATE_DIR=str(settings.state_dir),
        NEWSWIRE_BATCH_RECORDS="5",
        NEWSWIRE_SNAPSHOT_EVERY_SECONDS="0.2",
        **changes,
    )
    running = subprocess.Popen([sys.executable, "-m", "consumers", "dedupe"], env=env, stderr=subprocess.PIPE)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


def let_go(settings):
    """Spare the test the ten seconds after which Kafka gives a killed member's partitions away."""
    admin, group = kafka.open_admin(settings), f"{settings.topic_prefix}dedupe"
    members = admin.describe_groups([group])[group]["members"]
    admin.remove_group_members(group, [MemberToRemove(member_id=one["member_id"]) for one in members])
    admin.close()


def decisions(settings):
    return [
        (read_headers(raw.headers)["ce_id"], DEDUPLICATED_ARTICLES.decode(raw.value))
        for raw in read_topic(settings, "deduplicated-articles")
    ]


def count(settings):
    return count_records(settings, ["deduplicated-articles"])["deduplicated-articles"]


def decided(settings):
    return {name for name, _ in decisions(settings)}


def write_parsed(settings, numbers):
    with open_publisher(settings, "parse") as publisher:
        for n in numbers:
            publisher.send(Out(PARSED_ARTICLES, parsed(n)))
        publisher.flush()


def expected(settings):
    """Decide the whole log in this process, without Kafka's or a crash's help."""
    states, told = {}, {}
    for raw in read_topic(settings, "parsed-articles"):
        state = states.setdefault(raw.partition, DEDUPE.new_state(settings))
        value = PARSED_ARTICLES.decode(raw.value)
        record = Record(
            "parsed-articles", raw.partition, raw.offset, raw.timestamp, raw.key, value, read_headers(raw.headers)
        )
        for out in state.decide(record):
            told[DEDUPLICATED_ARTICLES.id_of(out.value)] = out.value
    return told


def test_killed_deciders_repeat_their_decisions(pipeline):
    """Kill -9 in the middle of the log, again and again: every decision is there and none differs from another."""
    settings = pipeline
    interrupted = []
    for wave in range(2):
        write_parsed(settings, range(200 * wave, 200 * (wave + 1)))
        with process(settings) as running:
            until(lambda least=200 * wave + 5: count(settings) > least, "some decisions")
            os.kill(running.pid, signal.SIGKILL)
        let_go(settings)
        interrupted.append(decided(settings) < set(expected(settings)))
    assert any(interrupted), "the stage was too quick to be killed in its work"
    wanted = expected(settings)
    with process(settings) as running:
        until(lambda: count(settings) >= len(wanted) and decided(settings) == set(wanted), "all decisions")
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    assert all(wanted[name] == value for name, value in decisions(settings))
    assert not list(read_topic(settings, "dedupe-dlq"))
    saved = {int(path.name) for path in (settings.state_dir / "snapshots").glob("*/0/[0-9]*")}
    assert sum(raw.partition == 0 for raw in read_topic(settings, "parsed-articles")) in saved


def test_a_stage_that_meets_too_much_poison_ends_with_code_3(pipeline):
    """The supervisor sees it, the log says why, and the records stay where they are."""
    with open_publisher(pipeline, "parse") as publisher:
        for _ in range(3):
            publisher.send_raw(PARSED_ARTICLES, b"en", b"{", [("ce_source", b"newswire/parse")], 0)
        publisher.flush()
    with process(pipeline, NEWSWIRE_MAX_CONSECUTIVE_POISON="3") as running:
        _, log = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 3
    assert b"3 bad records in a row" in log
    assert not list(read_topic(pipeline, "dedupe-dlq"))


def test_a_stage_can_be_stopped_while_kafka_is_away(tmp_path):
    """It waits for the broker, and for nothing once it is told to stop."""
    nowhere = Settings(_env_file=None, kafka_bootstrap="127.0.0.1:1", state_dir=tmp_path)
    with process(nowhere) as running:
        until(lambda: list((tmp_path / "metrics").glob("dedupe-*")), "its start")
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0
