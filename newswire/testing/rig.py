"""A stage on the in-memory broker, whose members a test starts, steps and kills, without real time passing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from kafka import TopicPartition

from newswire.errors import Unfinished
from newswire.kafka.publisher import Publisher
from newswire.runtime.health import Instruments, instruments_for
from newswire.runtime.honoured_takedowns import Takedowns
from newswire.runtime.log_worker import LogWorker
from newswire.runtime.runner import HandlerWorker, Runner, Worker
from newswire.settings import Settings
from newswire.stage import Answer, AnyStage, Handler, LogStage, Out, Record, Sink
from newswire.testing.broker import MemoryBroker, MemoryProducer, MemoryRecord
from newswire.testing.clock import FrozenClock
from newswire.testing.consumer import MemoryConsumer
from schemas.topics import Topic, dead_letters_of


@dataclass(slots=True)
class RigMember:
    """One process of the stage, as far as a test needs it."""

    runner: Runner
    worker: Worker
    consumer: MemoryConsumer
    producers: list[MemoryProducer]
    instruments: Instruments
    stop: Event

    def step(self, times: int = 1) -> None:
        """Run so many steps of the runner."""
        for _ in range(times):
            self.runner.step()


class Rig:
    """A stage, a broker with its topics, and any number of members."""

    def __init__(
        self,
        stage: AnyStage,
        state_dir: Path,
        *,
        partitions: int = 2,
        takedowns: Takedowns | None = None,
        **changes: Any,
    ) -> None:
        self.stage = stage
        self.takedowns = takedowns
        self.settings = Settings(state_dir=state_dir, **changes)
        self.clock = FrozenClock()
        self.reads: tuple[Topic[Any], ...] = stage.reads if isinstance(stage, Sink) else (stage.reads,)
        writes: tuple[Topic[Any], ...] = () if isinstance(stage, Sink) else stage.writes
        self.dead_letters = dead_letters_of(stage.name)
        names = {topic.name: partitions for topic in (*self.reads, *writes)} | {self.dead_letters.name: 1}
        self.broker = MemoryBroker(self.clock, names)
        self._writer = self._publisher("test", [])
        self._stack = ExitStack()

    def start(self) -> RigMember:
        """Start a member and let it join; it gets its first batch in the next step."""
        instruments = instruments_for(self.stage.name, self.clock)
        consumer = self.broker.consumer(self.stage.name, max_records=self.settings.batch_records)
        worker = self._worker(instruments)
        producers: list[MemoryProducer] = []
        publisher, stop = self._publisher(self.stage.name, producers), Event()
        runner = Runner(self.stage, worker, consumer, publisher, self.settings, instruments, stop)
        runner.step()
        return RigMember(runner, worker, consumer, producers, instruments, stop)

    def kill(self, member: RigMember) -> None:
        """End a member as kill -9 does: it leaves the group, and what it has not sent is lost."""
        member.consumer.evict()
        self.broker.forget(member.producers)

    def write(self, *values: Any, topic: Topic[Any] | None = None, partition: int | None = None) -> None:
        """Write messages to the stage's input; bytes and None are written unencoded, to `partition` or else 0."""
        topic = topic or self.reads[0]
        for value in values:
            if value is None or isinstance(value, bytes):
                self._writer.send_raw(topic, b"key", value, [("n", b"1")], partition or 0)
            elif partition is None:
                self._writer.send(Out(topic, value))
            else:
                self._writer.send_raw(topic, topic.key_of(value), topic.encode(value), [], partition)
        self._writer.flush()

    def read(self, topic: Topic[Any]) -> list[Any]:
        """Return the messages of a topic."""
        return [topic.decode(record.value) for record in self.records(topic) if record.value is not None]

    def records(self, topic: Topic[Any]) -> list[MemoryRecord]:
        """Return the records of a topic."""
        return self.broker.records(topic.name)

    def read_dead_letters(self) -> list[MemoryRecord]:
        """Return the stage's dead letters."""
        return self.records(self.dead_letters)

    def offsets(self) -> dict[int, int]:
        """Return the committed offsets by partition of the first input."""
        group = self.broker.groups[self.stage.name]
        return {at.partition: n for at, n in sorted(group.offsets.items()) if at.topic == self.reads[0].name}

    def reset(self, offset: int, partition: int = 0) -> None:
        """Set a committed offset, as an operator does for a replay."""
        self.broker.groups[self.stage.name].offsets[TopicPartition(self.reads[0].name, partition)] = offset

    def _worker(self, instruments: Instruments) -> Worker:
        if isinstance(self.stage, LogStage):
            return LogWorker(self.stage, self.settings, instruments, self.takedowns)
        return HandlerWorker(self._stack.enter_context(self.stage.open(self.settings)))

    def _publisher(self, source: str, producers: list[MemoryProducer]) -> Publisher:
        def connect(compression: str | None) -> MemoryProducer:
            producers.append(self.broker.producer(compression))
            return producers[-1]

        return Publisher(connect, source=source, topic_prefix="", pending_bytes=1 << 20)


def finish(handle: Handler[Any], records: Sequence[Record[Any]]) -> Sequence[Answer]:
    """Call a handler again for as long as it asks for that, as the runner does."""
    while True:
        with suppress(Unfinished):
            return handle(records)
