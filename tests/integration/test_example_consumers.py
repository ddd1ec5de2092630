"""The example consumers, and a few bad ones, run through the conformance kit on real Kafka."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import CliRunner

from newswire.commands.contract import command as contract_commands
from newswire.commands.contract.check import check_group, conformance_topic
from newswire.commands.contract.messages import build_cases, what_is_left
from newswire.commands.topics.pipe import pipe_topic
from newswire.errors import ConfigError, NewswireError
from newswire.kafka.clients import open_consumer
from newswire.kafka.rebalances import LostPartitions
from newswire.stack.shared_settings import shared_settings, write_environment
from schemas.topics import ARTICLES

pytestmark = pytest.mark.servers

EXAMPLES = Path(__file__).parents[2] / "examples"
GO = shutil.which("go") or "/usr/local/go/bin/go"  # where Go's own installer puts it
HELD = ("article_id", "version", "story_revision", "title", "copy_of")


@contextmanager
def running(command, **environment):
    """A consumer as a process; what it says is shown when it ended by itself."""
    process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        ended = process.poll()
        process.terminate()
        said = process.communicate(timeout=20)[0].decode()
    assert ended is None, said


def python_consumer(servers, tmp_path):
    return (
        [
            sys.executable, str(EXAMPLES / "python/consumer.py"), "--bootstrap", servers.kafka_bootstrap,
            "--user", servers.kafka_sasl_username,
            "--topic", conformance_topic(servers, ARTICLES), "--group", "example", "--database", str(tmp_path / "held"),
        ],
        lambda: rows(tmp_path / "held"),
    )  # fmt: skip


def rows(database):
    with sqlite3.connect(database) as opened:
        found = opened.execute(f"SELECT {', '.join(HELD)} FROM articles").fetchall()  # noqa: S608 - fixed names
    opened.close()
    return [dict(zip(HELD, row, strict=True)) for row in found]


def go_consumer(servers, tmp_path):
    if not Path(GO).exists():
        pytest.skip("no Go toolchain on this machine")
    built = tmp_path / "consumer"
    done = subprocess.run(
        [GO, "build", "-o", built, "."], cwd=EXAMPLES / "go", capture_output=True, text=True, timeout=240, check=False
    )
    if done.returncode and "dial tcp" in done.stderr:
        pytest.skip("Go's modules cannot be downloaded from here")
    assert done.returncode == 0, done.stderr
    return (
        [
            built, "-bootstrap", servers.kafka_bootstrap, "-user", servers.kafka_sasl_username,
            "-topic", conformance_topic(servers, ARTICLES), "-group", "example", "-file", tmp_path / "held.json",
        ],
        lambda: list(json.loads((tmp_path / "held.json").read_text("utf-8")).values()),
    )  # fmt: skip


def shell_consumer(servers, tmp_path):
    if not shutil.which("jq"):
        pytest.skip("no jq on this machine")
    return (
        [str(EXAMPLES / "shell/consumer.sh"), "example", str(tmp_path / "held"), "conformance-articles"],
        lambda: [json.loads(path.read_text("utf-8")) for path in (tmp_path / "held").glob("*.json")],
    )


@pytest.mark.parametrize("build", [python_consumer, go_consumer, shell_consumer], ids=lambda build: build.__name__)
def test_an_example_gets_past_every_message_and_holds_what_is_right(servers, tmp_path, build):
    """It commits all of them, and its store is what the kit expects: duplicates, old records, tombstones and all."""
    command, held = build(servers, tmp_path)
    cases = build_cases(ARTICLES, run=servers.topic_prefix)
    environment = {
        **write_environment(shared_settings(servers)),
        "KAFKA_PASSWORD": servers.kafka_sasl_password.get_secret_value(),
        "NEWSWIRE_STATE_DIR": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with running(command, **environment):
        outcomes = check_group(servers, ARTICLES, "example", cases, wait_seconds=30, timeout_seconds=20)
    assert [outcome.case.name for outcome in outcomes if outcome.seconds is None] == []
    assert len(outcomes) == len(cases)
    expected = what_is_left(ARTICLES, cases)
    assert {each["article_id"]: each for each in held()} == {
        key: {name: value.get(name, {"story_revision": 0}.get(name)) for name in HELD}
        for key, value in expected.items()
    }


BAD = {
    "strict": ("unknown-field", "assert set(record['value'] or {}) <= KNOWN"),
    "no-nulls": ("tombstone", "record['value']['title']"),
}


@pytest.mark.parametrize(("culprit", "fault"), BAD.values(), ids=BAD)
def test_a_bad_consumer_is_found_out(servers, tmp_path, monkeypatch, culprit, fault):
    """One that refuses unknown fields or knows no tombstones sticks at that message, and the command says so."""
    program = tmp_path / "bad.py"
    known = sorted({name for case in build_cases(ARTICLES, "x")[:8] for name in case.value})
    body = f"KNOWN = set({known!r})\nfor line in sys.stdin:\n    record = json.loads(line)\n    {fault}\n"
    program.write_text(f"import json, sys\n{body}", encoding="utf-8")
    monkeypatch.setattr(contract_commands, "settings", lambda: servers)

    def consume():
        with suppress(NewswireError):
            pipe_topic(servers, "conformance-articles", "bad", [sys.executable, str(program)])

    reader = Thread(target=consume, daemon=True)
    reader.start()
    done = CliRunner().invoke(contract_commands.command, ["check", "--group", "bad"])
    reader.join(30)
    assert done.exit_code == 1, done.output
    assert f"It ended at {culprit} (" in done.output
    assert "messages were not tried" in done.output
    assert not reader.is_alive()


def test_a_consumer_that_does_not_commit_is_not_waited_for_long(servers):
    """A member that reads and never commits is said to be stuck at the first message."""
    cases = build_cases(ARTICLES, "x")
    consumer = open_consumer(servers, group="idle")
    consumer.subscribe([conformance_topic(servers, ARTICLES)], listener=LostPartitions())
    stopped = Event()

    def read():
        while not stopped.is_set():
            consumer.poll(100)

    reader = Thread(target=read, daemon=True)
    reader.start()
    (outcome,) = check_group(servers, ARTICLES, "idle", cases, timeout_seconds=0.5)
    stopped.set()
    reader.join()
    consumer.close(autocommit=False, timeout_ms=1_000)
    assert (outcome.case.name, outcome.seconds, outcome.has_gone) == ("new", None, False)


def test_a_group_that_nobody_is_in_is_named_with_the_way_out(servers):
    """Without a consumer nothing is sent."""
    topic = conformance_topic(servers, ARTICLES)
    with pytest.raises(ConfigError, match=f"no member of group nobody .* Start the consumer with topic {topic}"):
        check_group(servers, ARTICLES, "nobody", build_cases(ARTICLES, "x"), wait_seconds=0.2)
