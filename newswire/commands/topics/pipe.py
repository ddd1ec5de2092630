"""Hands a topic's records to a program, batch by batch, and commits what it has taken: `newswire topics pipe`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka.structs import OffsetAndMetadata

from newswire.errors import NewswireError
from newswire.kafka.clients import open_consumer, outages_as_retry
from newswire.kafka.reader import as_document
from newswire.kafka.rebalances import LostPartitions
from newswire.settings import Settings

CALL_MS = 30_000


def pipe_topic(settings: Settings, name: str, group: str, command: Sequence[str]) -> None:
    """Read as a member of a group until stopped; `command` gets the records as JSON lines on its standard input.

    Commits a batch once the command has ended well, so that nothing is lost; raises NewswireError where it has not.
    """
    with outages_as_retry(f"reading {name}"), _member(settings, name, group) as consumer:
        while True:
            batch = consumer.poll(500)
            lines = [
                json.dumps(as_document(raw, settings.topic_prefix)) + "\n" for raws in batch.values() for raw in raws
            ]
            if not lines:
                continue
            ended = subprocess.run(command, input="".join(lines), text=True, check=False).returncode
            if ended:
                raise NewswireError(f"{command[0]} ended with {ended}: its {len(lines)} records come again next time")
            offsets = {each: OffsetAndMetadata(raws[-1].offset + 1, "", -1) for each, raws in batch.items()}
            consumer.commit(offsets, timeout_ms=CALL_MS)


@contextmanager
def _member(settings: Settings, name: str, group: str) -> Iterator[Any]:
    consumer: Any = open_consumer(settings, group=group, client="newswire-pipe")
    try:
        consumer.subscribe([settings.topic_prefix + name], listener=LostPartitions())
        yield consumer
    finally:
        consumer.close(autocommit=False, timeout_ms=1_000)
