"""The records of one poll on their way through a stage: decoded, answered for, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from kafka import TopicPartition

from newswire.errors import PoisonError
from newswire.kafka.protocols import Raw
from newswire.stage import Answer, Record, Reject
from schemas.envelope import read_headers
from schemas.topics import Topic


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


def decode(raw: Raw, topics: Mapping[str, Topic[Any]], committed: int) -> Item:
    """Read a record's value and headers; what cannot be read is rejected."""
    topic, partition = topics[raw.topic], TopicPartition(raw.topic, raw.partition)
    is_replay = raw.offset < committed
    try:
        value = None if raw.value is None else topic.decode(raw.value)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return Item(raw, partition, topic, None, Reject("undecodable", str(error)), is_replay)
    headers = read_headers(raw.headers)
    record = Record(topic.name, raw.partition, raw.offset, raw.timestamp, raw.key, value, headers)
    return Item(raw, partition, topic, record, (), is_replay)


class PoisonWatch:
    """Counts bad records in a row, over batches."""

    def __init__(self, stage: str, limit: int) -> None:
        self._stage = stage
        self._limit = limit
        self._in_a_row = 0

    def look(self, items: Iterable[Item]) -> None:
        """Raise PoisonError at the limit; before anything of the batch is sent, so the next start sees it again."""
        for item in items:
            if not item.is_replay:
                self._in_a_row = self._in_a_row + 1 if item.outcome == "poison" else 0
            if self._in_a_row >= self._limit:
                raise PoisonError(
                    f"{self._stage}: {self._in_a_row} bad records in a row, the last at {item.raw.topic} "
                    f"{item.raw.partition}:{item.raw.offset}: {item.answer}. Mend their writer or this stage and "
                    "start again; NEWSWIRE_MAX_CONSECUTIVE_POISON moves the limit"
                )
