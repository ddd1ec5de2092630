"""Reads a topic from outside the pipeline, without a group; the commands `topics` and `dlq` look through it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from kafka import TopicPartition

from newswire.broker import Raw
from newswire.errors import ConfigError, Retry
from newswire.kafka import open_consumer, outages_as_retry
from newswire.settings import Settings
from schemas.envelope import read_headers

QUIET_POLLS = 60  # half a second each: how long a broker may say nothing before the end of the topic


@contextmanager
def opened(settings: Settings, name: str) -> Iterator[tuple[Any, list[TopicPartition]]]:
    """Open a topic at its beginning; `name` is without the prefix."""
    consumer: Any = open_consumer(settings, group=None, client="newswire-reader")
    try:
        numbers = consumer.partitions_for_topic(settings.topic_prefix + name)
        if not numbers:
            raise ConfigError(f"Kafka has no topic {settings.topic_prefix}{name}; `newswire topics apply` makes it")
        partitions = [TopicPartition(settings.topic_prefix + name, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        yield consumer, partitions
    finally:
        consumer.close(autocommit=False, timeout_ms=1_000)


def read_topic(settings: Settings, name: str, *, last: int | None = None, follow: bool = False) -> Iterator[Raw]:
    """Yield the records of a topic by partition, or its `last` ones by time; `follow` goes on with what arrives."""
    with outages_as_retry(f"reading {name}"), opened(settings, name) as (consumer, partitions):
        ends = consumer.end_offsets(partitions)
        if last is None:
            yield from _up_to(consumer, ends)
        else:
            begins = consumer.beginning_offsets(partitions)
            for partition in partitions:
                consumer.seek(partition, max(begins[partition], ends[partition] - last))
            yield from sorted(_up_to(consumer, ends), key=lambda raw: raw.timestamp)[-last:]
        while follow:
            for records in consumer.poll(500).values():
                yield from records


def count_records(settings: Settings, names: list[str]) -> dict[str, int | None]:
    """Return how many offsets each topic spans; None where the topic is missing."""
    consumer: Any = open_consumer(settings, group=None, client="newswire-reader")
    try:
        return {name: _span(consumer, settings.topic_prefix + name) for name in names}
    finally:
        consumer.close(autocommit=False, timeout_ms=1_000)


def as_document(raw: Raw, prefix: str = "") -> dict[str, Any]:
    """Return a record as plain data, its value parsed where it is JSON."""
    return {
        "topic": raw.topic.removeprefix(prefix),
        "partition": raw.partition,
        "offset": raw.offset,
        "timestamp_ms": raw.timestamp,
        "key": None if raw.key is None else raw.key.decode("utf-8", "replace"),
        "headers": read_headers(raw.headers),
        "value": _value(raw.value),
    }


def _up_to(consumer: Any, ends: dict[TopicPartition, int]) -> Iterator[Raw]:
    quiet = 0
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        polled = consumer.poll(500)
        quiet = 0 if polled else quiet + 1
        if quiet > QUIET_POLLS:
            raise Retry("Kafka has stopped answering; `newswire status` tells what runs")
        for records in polled.values():
            yield from records


def _span(consumer: Any, topic: str) -> int | None:
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    if not partitions:
        return None
    begins, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
    return sum(int(ends[partition] - begins[partition]) for partition in partitions)


def _value(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value.decode("utf-8", "backslashreplace")
