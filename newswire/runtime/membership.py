"""A stage's share of its topics' partitions: what it owns, from where it reads, and what it may commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Literal

import structlog
from kafka import TopicPartition, errors
from kafka.structs import OffsetAndMetadata

from newswire.clock import Clock
from newswire.errors import Retry
from newswire.kafka.clients import outages_as_retry
from newswire.kafka.protocols import Consumer, Raw
from newswire.kafka.rebalances import LostPartitions

POLL_MS = 500
HOLD_POLL_MS = 100
CALL_MS = 5_000  # how long one call of the broker may take before it counts as away

log = structlog.get_logger()

Batch = dict[TopicPartition, Sequence[Raw]]
Place = Callable[[TopicPartition, int | None], int | None]
Drop = Callable[[TopicPartition], None]
ReportFault = Callable[[Literal["shorter", "expired"]], None]


class Membership:
    """One consumer in its group.

    The client keeps positions across rebalances and moves them with every poll, whether or not the records were
    dealt with. So nothing is left to it: each partition is placed by us when it comes, records of one that is not
    placed yet are dropped and read again, and what is lost leaves the batch in hand.

    `place` turns a partition's committed offset into where to read from (None: the beginning); `drop` is called for
    each partition that is lost, `report_fault` where a log does not hold what the committed offset promises.
    """

    def __init__(
        self,
        consumer: Consumer,
        topics: Sequence[str],
        *,
        place: Place,
        drop: Drop,
        clock: Clock,
        report_fault: ReportFault = lambda _kind: None,
    ) -> None:
        self.committed: dict[TopicPartition, int] = {}  # of every placed partition; records below it are a replay
        self._consumer = consumer
        self._place = place
        self._drop = drop
        self._clock = clock
        self._report_fault = report_fault
        self._losses = LostPartitions()
        consumer.subscribe(topics, listener=self._losses)

    def poll(self) -> Batch:
        """Return records of placed partitions; raises Retry while Kafka is away."""
        self.forget_lost({})
        self._place_new()
        with outages_as_retry("polling"):
            batch = dict(self._consumer.poll(POLL_MS))
        self.forget_lost(batch)
        return {partition: records for partition, records in batch.items() if partition in self.committed}

    def hold(self, seconds: float, is_over: Callable[[], bool]) -> None:
        """Stay a member and take nothing in, for a time or until `is_over`; polls at least once."""
        until = self._clock.monotonic() + seconds
        self._poll_paused()
        while self._clock.monotonic() < until and not is_over():
            self._poll_paused()
        for partition in self._consumer.paused():
            with suppress(KeyError):  # taken away a moment ago, on the client's own thread
                self._consumer.resume(partition)

    def forget_lost(self, batch: Batch) -> None:
        """Drop partitions that were taken away, from the batch too."""
        lost = self._losses.take()
        for partition in lost:
            batch.pop(partition, None)
            if self.committed.pop(partition, None) is not None:
                self._drop(partition)
        if lost:
            log.info("membership.lost", partitions=_names(lost))

    def place_again(self, partitions: Iterable[TopicPartition]) -> None:
        """Start partitions again with the next poll, from where `place` then says."""
        for partition in partitions:
            if self.committed.pop(partition, None) is not None:
                self._drop(partition)

    def commit(self, batch: Batch) -> dict[TopicPartition, int]:
        """Commit the batch, never backwards; return the partitions whose replay is over and their offsets now."""
        reached = {partition: records[-1].offset + 1 for partition, records in batch.items()}
        ahead = {partition: offset for partition, offset in reached.items() if offset > self.committed[partition]}
        if ahead:
            offsets = {partition: OffsetAndMetadata(offset, "", -1) for partition, offset in ahead.items()}
            with outages_as_retry("committing"):
                self._consumer.commit(offsets, timeout_ms=CALL_MS)
        self.committed |= ahead
        return {partition: offset for partition, offset in reached.items() if offset == self.committed[partition]}

    def lag(self, partition: TopicPartition) -> int:
        """Return how many records of a partition are still to come, as of the last poll."""
        try:
            end = self._consumer.highwater(partition)
        except (errors.IllegalStateError, KeyError):  # taken away a moment ago
            return 0
        return max(0, end - self.committed.get(partition, 0)) if end else 0

    def is_at_end(self) -> bool:
        """Tell whether every partition in hand has been dealt with up to its end."""
        owned = self._consumer.assignment()
        if not owned or owned != self.committed.keys():
            return False
        ends = {partition: self._consumer.highwater(partition) for partition in owned}
        return all(end is not None and self.committed[partition] >= end for partition, end in ends.items())

    def _place_new(self) -> None:
        for partition in sorted(self._consumer.assignment() - self.committed.keys()):
            with outages_as_retry(f"reading the committed offset of {partition.topic}"):
                committed = self._consumer.committed(partition, timeout_ms=CALL_MS)
                (begin,) = self._consumer.beginning_offsets([partition]).values()
                (end,) = self._consumer.end_offsets([partition]).values()
            committed = self._check_log(partition, committed, begin, end)
            start = self._place(partition, committed)
            with suppress(ValueError):  # taken away again
                if start is None:
                    self._consumer.seek_to_beginning(partition)
                else:
                    self._consumer.seek(partition, start)
                self.committed[partition] = committed or 0
                log.info("membership.placed", partition=_names([partition]), committed=committed, start=start)

    def _check_log(self, partition: TopicPartition, committed: int | None, begin: int, end: int) -> int | None:
        """Return the committed offset, or None where the log is not the one that it belongs to.

        A log ends before its commit after a power cut (Kafka does not fsync), an unclean leader election, or when the
        topic was made again. What it holds now may be new, so all of it is read.
        """
        if committed is None or begin <= committed <= end:
            return committed
        where = _names([partition])
        if committed > end:
            log.error("membership.log_shorter_than_commit", partition=where, committed=committed, begin=begin, end=end)
            self._report_fault("shorter")
            return None
        log.error("membership.records_expired", partition=where, committed=committed, lost=begin - committed)
        self._report_fault("expired")
        return committed

    def _poll_paused(self) -> None:
        for partition in self._consumer.assignment() - self._consumer.paused():
            with suppress(KeyError):
                self._consumer.pause(partition)
        # A partition that arrives during the poll is not paused yet; placing it brings back what is dropped here.
        try:
            with outages_as_retry("polling"):
                self._consumer.poll(HOLD_POLL_MS)
        except Retry:
            self._clock.sleep(HOLD_POLL_MS / 1000)


def _names(partitions: Sequence[TopicPartition] | set[TopicPartition]) -> list[str]:
    return sorted(f"{partition.topic}:{partition.partition}" for partition in partitions)
