"""Move records through a stage: poll, answer, deliver, commit; holds while a server is away and loses nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Any, Protocol, TypeVar

import structlog
from kafka import TopicPartition

from newswire.errors import NewswireError, Retry, Unfinished
from newswire.kafka.protocols import Consumer
from newswire.kafka.publisher import Publisher
from newswire.runtime.decoded_batch import Item, decode
from newswire.runtime.fuse import Fuse
from newswire.runtime.health import Instruments
from newswire.runtime.isolation import answer_isolated
from newswire.runtime.membership import Batch, Membership
from newswire.runtime.outbox import Outbox
from newswire.runtime.skip_list import SkipList
from newswire.settings import Settings
from newswire.stage import Answer, AnyStage, Handler, Out, Record, Reject, Sink
from schemas.topics import Topic

FIRST_DELAY_SECONDS = 0.2
BROKER_DELAY_SECONDS = 1.0  # Kafka's client backs off by itself

log = structlog.get_logger()

T = TypeVar("T")


class Worker(Protocol):
    """What differs between a stage that keeps nothing and one that keeps its log's state."""

    def place(self, partition: TopicPartition, committed: int | None, /) -> int | None:
        """Return the offset to read a new partition from, None for its beginning."""

    def answer(self, records: Sequence[Record[Any]], /) -> Sequence[Answer]:
        """Answer for every record, in order; may raise Retry or StateBrokenError."""

    def settled(self, partition: TopicPartition, offset: int, /) -> None:
        """Take note that everything before the offset is delivered and committed."""

    def drop(self, partition: TopicPartition, /) -> None:
        """Forget a partition."""

    def due(self) -> Sequence[Out[Any]]:
        """Return what is to be sent beside the answers, until `announced` takes note of it; may raise Retry."""

    def announced(self) -> None:
        """Take note that what was due is delivered."""


class HandlerWorker:
    """Hands batches to a stage's handler and keeps nothing."""

    def __init__(self, handle: Handler[Any]) -> None:
        self._handle = handle

    def place(self, _partition: TopicPartition, committed: int | None, /) -> int | None:
        """Read on where the group has stopped."""
        return committed

    def answer(self, records: Sequence[Record[Any]], /) -> Sequence[Answer]:
        """Ask the handler; a record that it crashes on is rejected alone."""
        return answer_isolated(self._handle, records)

    def settled(self, partition: TopicPartition, offset: int, /) -> None:
        """Do nothing."""

    def drop(self, partition: TopicPartition, /) -> None:
        """Do nothing."""

    def due(self) -> Sequence[Out[Any]]:
        """Return nothing."""
        return ()

    def announced(self) -> None:
        """Do nothing."""


class StateBrokenError(NewswireError):
    """A state raised while it decided: it is to be built again from its log, without the record."""


class _AbandonedError(Exception):
    """Nothing of the batch is ours any more, or the stage is to stop while an outage lasts."""


class Runner:
    """One member of a stage's group: `run` until `stop` is set, or `step` by step."""

    def __init__(
        self,
        stage: AnyStage,
        worker: Worker,
        consumer: Consumer,
        publisher: Publisher,
        settings: Settings,
        instruments: Instruments,
        stop: Event,
    ) -> None:
        reads = stage.reads if isinstance(stage, Sink) else (stage.reads,)
        self._topics: dict[str, Topic[Any]] = {settings.topic_prefix + topic.name: topic for topic in reads}
        self._worker = worker
        self._clock, self._metrics, self._health = instruments.clock, instruments.metrics, instruments.health
        self._outbox = Outbox(stage, publisher, self._clock)
        self._skips = SkipList(settings.state_dir, stage.name, settings.topic_prefix)
        self._fuse = Fuse(stage.name, settings.max_consecutive_poison)
        self._hold_max_seconds = settings.hold_max_seconds
        self._stop = stop
        self.membership = Membership(
            consumer,
            list(self._topics),
            place=worker.place,
            drop=self._drop,
            clock=self._clock,
            report_fault=lambda kind: self._metrics.count("stage_log_faults_total", kind=kind),
        )

    def run(self) -> None:
        """Work until asked to stop; the batch in hand is finished first, unless a server is away."""
        while not self._stop.is_set():
            self.step()

    def step(self) -> None:
        """Poll once and see what came through to its commit."""
        self._health.beat()
        try:
            if due := self._worker.due():
                self._outbox.announce(due)
                self._worker.announced()
            batch = self.membership.poll()
        except Retry as error:
            self._hold("poll", FIRST_DELAY_SECONDS, error)
            return
        if self.membership.committed and not self._health.is_ready:
            self._health.is_ready = True
            self._metrics.gauge("stage_ready", 1)
        if batch:
            self._work(batch)

    def _work(self, batch: Batch) -> None:
        started = self._clock.monotonic()
        try:
            items = self._insist("answer", batch, lambda: self._answer(batch), self._hold_max_seconds)
            self._insist("deliver", batch, lambda: self._outbox.deliver(items, batch))
            self._insist("commit", batch, lambda: self._commit(batch))
        except StateBrokenError as error:
            log.warning("runner.state_rebuilt", error=str(error))
            self._metrics.count("stage_state_rebuilds_total")
            self.membership.place_again(batch)
            return
        except _AbandonedError:
            self._outbox.abandon()
            log.info("runner.batch_abandoned", stopping=self._stop.is_set())
            return
        self._measure(items, batch, self._clock.monotonic() - started)

    def _insist(self, step: str, batch: Batch, act: Callable[[], T], longest: float = BROKER_DELAY_SECONDS) -> T:
        """Try until it succeeds, holding in between; partitions lost meanwhile leave the batch."""
        for delay in delays(longest):
            try:
                return self._finish(batch, act)
            except Retry as error:
                self._hold(step, delay, error)
            self._check_still_ours(batch)
        raise _AbandonedError

    def _finish(self, batch: Batch, act: Callable[[], T]) -> T:
        """Call a step that does its work in slices until it has finished; the consumer polls in between."""
        while True:
            self._health.beat()
            try:
                return act()
            except Unfinished:
                self.membership.hold(0, self._stop.is_set)
            self._check_still_ours(batch)

    def _check_still_ours(self, batch: Batch) -> None:
        self.membership.forget_lost(batch)
        if self._stop.is_set() or not batch:
            raise _AbandonedError

    def _hold(self, step: str, seconds: float, error: Retry) -> None:
        log.warning("runner.held", step=step, seconds=round(seconds, 1), error=str(error))
        self._metrics.count("stage_retries_total", step=step)
        started = self._clock.monotonic()
        self.membership.hold(seconds, self._stop.is_set)
        self._metrics.count("stage_hold_seconds_total", self._clock.monotonic() - started)

    def _drop(self, partition: TopicPartition) -> None:
        self._worker.drop(partition)
        self._metrics.count("stage_lost_partitions_total")

    def _answer(self, batch: Batch) -> list[Item]:
        committed = self.membership.committed
        items = [decode(raw, self._topics, committed[at]) for at, raws in batch.items() for raw in raws]
        for item in items:
            if skipped := self._skips.find(item.raw):
                item.record, item.answer = None, skipped
        asked = [(item, item.record) for item in items if item.record is not None]
        answers = self._worker.answer([record for _, record in asked])
        for (item, _), answer in zip(asked, answers, strict=True):
            item.answer = answer
        self._fuse.check(items)
        return items

    def _commit(self, batch: Batch) -> None:
        self.membership.forget_lost(batch)
        for partition, offset in self.membership.commit(batch).items():
            self._worker.settled(partition, offset)

    def _measure(self, items: Sequence[Item], batch: Batch, seconds: float) -> None:
        self._metrics.observe("stage_batch_seconds", seconds)
        self._metrics.observe("stage_batch_records", len(items))
        self._metrics.gauge("stage_pending_bytes", self._outbox.pending_bytes)
        for at in batch:
            labels = {"topic": self._topics[at.topic].name, "partition": str(at.partition)}
            self._metrics.gauge("stage_lag_records", self.membership.lag(at), **labels)
        now = self._clock.now()
        for item in items:
            self._metrics.count("stage_records_total", topic=item.topic.name, outcome=item.outcome)
            if item.is_replay:
                continue
            if isinstance(item.answer, Reject):
                self._metrics.count("stage_rejects_total", reason=item.answer.reason)
            if fetched_at := getattr(item.record and item.record.value, "fetched_at", None):
                self._metrics.observe("stage_end_to_end_seconds", (now - fetched_at).total_seconds())


def delays(longest: float) -> Iterator[float]:
    """Yield ever longer waits, in seconds."""
    delay = FIRST_DELAY_SECONDS
    while True:
        yield min(delay, longest) * random.uniform(0.5, 1)  # noqa: S311 - members must not all come back at once
        delay = min(delay * 2, longest)
