"""An in-memory broker: the calls of newswire/kafka/protocols.py with Kafka's rules, in one thread, failing on demand.

The contract suite runs against it and real Kafka alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from kafka import TopicPartition, errors
from kafka.partitioner.default import murmur2

from newswire.testing.clock import FrozenClock
from newswire.testing.consumer import MemoryConsumer
from newswire.testing.group import MemoryGroup

Call = Literal["poll", "commit", "committed", "send", "flush"]


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A record in a log."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass(slots=True)
class MemoryFuture:
    """What `send` returns."""

    is_done: bool = False
    error: Exception | None = None
    _calls: list[Callable[[Any], object]] = field(default_factory=list)

    def get(self, timeout: float) -> Any:
        """Return at once, or raise the error."""
        if not self.is_done:
            raise errors.KafkaTimeoutError(f"not acknowledged within {timeout} s")
        if self.error:
            raise self.error

    def add_both(self, call: Callable[[Any], object], /) -> object:
        """Call a function with the error, or None, when the send is done."""
        if self.is_done:
            call(self.error)
        else:
            self._calls.append(call)
        return self

    def finish(self, error: Exception | None) -> None:
        """Complete the future and make its calls."""
        self.is_done, self.error = True, error
        for call in self._calls:
            call(error)


class MemoryBroker:
    """Topics and groups; `watch` is called before every client call and may cause a failure there."""

    def __init__(self, clock: FrozenClock, topics: Mapping[str, int]) -> None:
        self.clock = clock
        self.is_up = True
        self.refused_sends = 0  # the last so many records of the next delivery fail
        self.watch: Callable[[Call], None] = lambda _call: None
        self.logs: dict[TopicPartition, list[MemoryRecord]] = {
            TopicPartition(topic, number): [] for topic, count in topics.items() for number in range(count)
        }
        self.begins: dict[TopicPartition, int] = {}  # of logs whose oldest records have expired
        self.groups: dict[str, MemoryGroup] = {}
        self._producers: list[MemoryProducer] = []

    def consumer(self, group: str, *, max_records: int = 200) -> MemoryConsumer:
        """Return a consumer that joins the group with its first poll."""
        return MemoryConsumer(self, self.groups.setdefault(group, MemoryGroup(self.logs)), max_records)

    def producer(self, compression: str | None = None) -> MemoryProducer:
        """Return a producer."""
        del compression
        self._producers.append(MemoryProducer(self))
        return self._producers[-1]

    def records(self, topic: str) -> list[MemoryRecord]:
        """Return a topic's records, partition by partition."""
        return [
            record for partition in sorted(self.logs) if partition.topic == topic for record in self.logs[partition]
        ]

    def deliver_late(self) -> None:
        """Let producers deliver what they hold without a flush, as their threads do."""
        for producer in self._producers:
            producer.deliver()

    def forget(self, producers: Sequence[MemoryProducer]) -> None:
        """Lose what producers hold, as if their process had been killed."""
        self._producers = [known for known in self._producers if known not in producers]

    def reachable(self, call: Call, timeout_seconds: float) -> bool:
        """Call `watch`, then return whether the broker responds; if not, the whole timeout passes."""
        self.watch(call)
        if not self.is_up:
            self.clock.sleep(timeout_seconds)
        return self.is_up


class MemoryProducer:
    """A producer that holds records until they are flushed or delivered late."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker = broker
        self._held: list[tuple[MemoryRecord, MemoryFuture]] = []

    def send(
        self,
        topic: str,
        *,
        value: bytes | None,
        key: bytes | None,
        headers: list[tuple[str, bytes]],
        partition: int | None,
    ) -> MemoryFuture:
        """Hold a record."""
        self._broker.watch("send")
        count = sum(known.topic == topic for known in self._broker.logs)
        if not count:
            raise errors.KafkaTimeoutError(f"no topic {topic}")
        number = partition if partition is not None else (murmur2(key or b"") & 0x7FFFFFFF) % count
        at = int(self._broker.clock.now().timestamp() * 1000)
        self._held.append((MemoryRecord(topic, number, -1, at, key, value, headers), MemoryFuture()))
        return self._held[-1][1]

    def flush(self, timeout: float) -> None:
        """Deliver the held records."""
        if self._held and not self._broker.reachable("flush", timeout):
            raise errors.KafkaTimeoutError(f"not flushed within {timeout} s")
        self.deliver()

    def deliver(self) -> None:
        """Append to the logs; after a failed record all later ones fail too, as with an idempotent producer."""
        if not self._broker.is_up:
            return
        held, self._held = self._held, []
        good = len(held) - min(self._broker.refused_sends, len(held))
        self._broker.refused_sends = 0
        for record, future in held[:good]:
            log = self._broker.logs[TopicPartition(record.topic, record.partition)]
            log.append(
                MemoryRecord(
                    record.topic, record.partition, len(log), record.timestamp, record.key, record.value, record.headers
                )
            )
            future.finish(None)
        for _, future in held[good:]:
            future.finish(errors.RequestTimedOutError())

    def close(self, timeout: float) -> None:
        """Flush."""
        self.flush(timeout)
