"""The records of one poll on their way through a stage: decoded, answered for, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from kafka import TopicPartition

from newswire.kafka.protocols import Raw
from newswire.stage import Answer, Record, Reject
from schemas.bounds import MAX_HEADER_BYTES, MAX_VALUE_BYTES
from schemas.dead_letters import DeadLetterReason
from schemas.envelope import find_type_fault, read_headers
from schemas.topics import DeadLetterTopic, Topic


@dataclass(slots=True)
class Item:
    """A record and the answer for it; `record` is None when it cannot be decoded."""

    raw: Raw
    partition: TopicPartition
    topic: Topic[Any]
    record: Record[Any] | None
    answer: Answer
    is_replay: bool

    @property
    def outcome(self) -> str:
        """Return the word that the record is counted under."""
        if self.is_replay:
            return "replayed"
        if not isinstance(self.answer, Reject):
            return "ok"
        return "poison" if self.answer.is_poison else "rejected"

    @property
    def trips_fuse(self) -> bool:
        """Whether too many like this mean that something of ours is broken."""
        return self.outcome == "poison" and isinstance(self.answer, Reject) and not self.answer.from_site


def decode(raw: Raw, topics: Mapping[str, Topic[Any]], committed: int) -> Item:
    """Read a record's value and headers; what cannot be read is rejected, whoever wrote it."""
    topic, partition = topics[raw.topic], TopicPartition(raw.topic, raw.partition)
    is_replay = raw.offset < committed
    headers = read_headers(raw.headers)
    try:
        if fault := _find_fault(raw, topic, headers):
            return Item(raw, partition, topic, None, Reject(*fault), is_replay)
        value = None if raw.value is None else topic.decode(raw.value)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return Item(raw, partition, topic, None, Reject("undecodable", str(error)), is_replay)
    record = Record(topic.name, raw.partition, raw.offset, raw.timestamp, raw.key, value, headers)
    return Item(raw, partition, topic, record, (), is_replay)


def _find_fault(raw: Raw, topic: Topic[Any], headers: Mapping[str, str]) -> tuple[DeadLetterReason, str] | None:
    """Return what is wrong with a record before its value is read."""
    if isinstance(topic, DeadLetterTopic):
        return None  # it holds what others could not take
    header_bytes = sum(len(name) + len(value or b"") for name, value in raw.headers)
    if header_bytes > MAX_HEADER_BYTES:
        return "headers-too-large", f"{header_bytes} bytes of headers; at most {MAX_HEADER_BYTES} are read"
    if raw.value is None and not topic.compacted:
        return "undecodable", f"no value, and {topic.name} has no tombstones"
    if raw.value is not None and len(raw.value) > MAX_VALUE_BYTES:
        return "record-too-large", f"a value of {len(raw.value)} bytes; at most {MAX_VALUE_BYTES} are read"
    return find_type_fault(topic, headers)
