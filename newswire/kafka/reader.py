"""Reads a topic from outside the pipeline, without a group; the commands `topics` and `dlq` look through it."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from random import Random
from typing import Any

import msgspec
from kafka import TopicPartition

from newswire.errors import ConfigError, Retry
from newswire.kafka.clients import open_consumer, outages_as_retry
from newswire.kafka.protocols import Raw
from newswire.settings import Settings
from schemas.envelope import read_headers

QUIET_POLLS = 60  # half a second each: how long a broker may be silent before the end of the topic
TRIES = 3  # random places for each record of a sample: behind a gap two lead to the same


@contextmanager
def opened(settings: Settings, name: str) -> Iterator[tuple[Any, list[TopicPartition]]]:
    """Open a topic at its beginning; `name` is without the prefix."""
    with _reading(settings) as consumer:
        numbers = consumer.partitions_for_topic(settings.topic_prefix + name)
        if not numbers:
            raise ConfigError(f"Kafka has no topic {settings.topic_prefix}{name}; `newswire topics apply` makes it")
        partitions = [TopicPartition(settings.topic_prefix + name, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        yield consumer, partitions


@contextmanager
def _reading(settings: Settings) -> Iterator[Any]:
    """Yield a consumer without a group, and close it."""
    consumer: Any = open_consumer(settings, group=None, client="newswire-reader")
    try:
        yield consumer
    finally:
        consumer.close(autocommit=False, timeout_ms=1_000)


def read_topic(
    settings: Settings,
    name: str,
    *,
    last: int | None = None,
    since_ms: int | None = None,
    keeps: Callable[[Raw], bool] | None = None,
    follow: bool = False,
) -> Iterator[Raw]:
    """Yield the records of a topic by partition: all, those since a time, or the `last` ones in the order of time.

    `keeps` chooses among them; the last ones are then found by reading all. `follow` goes on with what arrives.
    """
    with outages_as_retry(f"reading {name}"), opened(settings, name) as (consumer, partitions):
        ends = consumer.end_offsets(partitions)
        if since_ms is not None:
            _seek_to_time(consumer, ends, since_ms)
        elif last is not None and keeps is None:
            _seek_to_last(consumer, ends, last)
        found = filter(keeps or _all, read_up_to(consumer, ends))
        yield from found if last is None else sorted(heapq.nlargest(last, found, key=_when), key=_when)
        while follow:
            for records in consumer.poll(500).values():
                yield from filter(keeps or _all, records)


def sample_topic(settings: Settings, name: str, count: int, random: Random) -> Iterator[Raw]:
    """Yield so many records from random places of a topic, or all where it has no more; none twice."""
    with outages_as_retry(f"sampling {name}"), opened(settings, name) as (consumer, partitions):
        begins, ends = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        sizes = [ends[partition] - begins[partition] for partition in partitions]
        seen: set[tuple[int, int]] = set()
        for number in random.sample(range(sum(sizes)), min(sum(sizes), TRIES * count)):
            partition, offset = _place(number, partitions, sizes)
            consumer.assign([partition])
            consumer.seek(partition, begins[partition] + offset)
            raw = next(
                read_up_to(consumer, {partition: ends[partition]}), None
            )  # compaction leaves gaps, also at the end
            if raw and (raw.partition, raw.offset) not in seen:
                seen.add((raw.partition, raw.offset))
                yield raw
            if len(seen) == count:
                return


def read_record(settings: Settings, name: str, partition: int, offset: int) -> Raw | None:
    """Return the record at an offset; None where the topic has no such partition or does not hold it any more."""
    with outages_as_retry(f"reading {name}"), opened(settings, name) as (consumer, partitions):
        wanted = TopicPartition(settings.topic_prefix + name, partition)
        if wanted not in partitions:
            return None
        (begin,) = consumer.beginning_offsets([wanted]).values()
        (end,) = consumer.end_offsets([wanted]).values()
        if not begin <= offset < end:
            return None
        consumer.assign([wanted])
        consumer.seek(wanted, offset)
        found = next(read_up_to(consumer, {wanted: offset + 1}), None)
        return found if found and found.offset == offset else None


def count_records(settings: Settings, names: list[str]) -> dict[str, int | None]:
    """Return how many offsets each topic spans; None where the topic is missing. Raises Retry while Kafka is away."""
    with outages_as_retry("counting records"), _reading(settings) as consumer:
        return {name: _span(consumer, settings.topic_prefix + name) for name in names}


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


def read_up_to(consumer: Any, ends: dict[TopicPartition, int]) -> Iterator[Raw]:
    """Yield the records from where the consumer is up to these offsets. Raises Retry if the broker falls silent."""
    quiet = 0
    while any(consumer.position(partition) < end for partition, end in ends.items()):
        polled = consumer.poll(500)
        quiet = 0 if polled else quiet + 1
        if quiet > QUIET_POLLS:
            raise Retry("Kafka has stopped answering; `newswire status` shows what runs")
        for records in polled.values():
            yield from records


def _all(_raw: Raw) -> bool:
    return True


def _when(raw: Raw) -> tuple[int, int, int]:
    return raw.timestamp, raw.partition, raw.offset


def _place(number: int, partitions: list[TopicPartition], sizes: list[int]) -> tuple[TopicPartition, int]:
    """Return partition and offset of the n-th record, counted through the partitions."""
    ends = list(accumulate(sizes))
    index = bisect_right(ends, number)
    return partitions[index], number - ends[index] + sizes[index]


def _seek_to_last(consumer: Any, ends: dict[TopicPartition, int], last: int) -> None:
    for partition, begin in consumer.beginning_offsets(list(ends)).items():
        consumer.seek(partition, max(begin, ends[partition] - last))


def _seek_to_time(consumer: Any, ends: dict[TopicPartition, int], since_ms: int) -> None:
    for partition, found in consumer.offsets_for_times(dict.fromkeys(ends, since_ms)).items():
        consumer.seek(partition, ends[partition] if found is None else found.offset)


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
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return value.decode("utf-8", "backslashreplace")
