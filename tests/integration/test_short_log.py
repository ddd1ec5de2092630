"""A log that is shorter than what a stage has committed, on real Kafka: as after a power cut."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from newswire.kafka.topic_admin import apply_topics
from newswire.stack.session import start_servers
from newswire.testing.naming_stage import member, read_outputs, write_indexed

pytestmark = [pytest.mark.servers, pytest.mark.timeout(600)]
BEFORE, AFTER = 200, 60  # records: fewer come after the cut than were lost, so no log grows beyond its commit
PATIENCE_SECONDS = 120


def until(is_true, what):
    """Wait for what the stage brings about."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, f"still waiting for {what}"
        time.sleep(0.1)


def cut_logs(kafka_home, topic):
    """Take away all records of a topic, as a power cut may: Kafka leaves writing to the operating system."""
    for folder in (kafka_home / "data").glob(f"{topic}-*"):
        for path in folder.glob("0*"):
            if path.suffix == ".log":
                path.write_bytes(b"")
            else:
                path.unlink()


def test_what_comes_after_the_cut_is_taken_and_announced(tmp_path, capsys):
    """The stage notices at its start, reads the log from its beginning, and takes nothing new for a replay."""
    with start_servers(tmp_path, ("kafka",)) as settings:
        apply_topics(settings)
        write_indexed(settings, BEFORE)
        with member(settings):
            until(lambda: len({each.source for each in read_outputs(settings)}) == BEFORE, "the first records")

    cut_logs(tmp_path / "kafka", "indexed-articles")

    with start_servers(tmp_path, ("kafka",)) as settings:
        write_indexed(settings, AFTER, first=BEFORE)
        wanted = {str(number) for number in range(BEFORE, BEFORE + AFTER)}
        with member(settings), suppress(AssertionError):
            until(lambda: wanted <= {each.source for each in read_outputs(settings)}, "the new records")
        assert wanted - {each.source for each in read_outputs(settings)} == set()
