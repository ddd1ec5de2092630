"""A consumer of the in-memory broker: kafka-python's calls, which keep positions across rebalances."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kafka import TopicPartition, errors
from kafka.structs import OffsetAndMetadata

from newswire.kafka.protocols import Raw
from newswire.testing.group import MemoryGroup

if TYPE_CHECKING:
    from newswire.testing.broker import MemoryBroker


class MemoryConsumer:
    """A member of a group."""

    def __init__(self, broker: MemoryBroker, group: MemoryGroup, max_records: int) -> None:
        self._broker = broker
        self._group = group
        self._max_records = max_records
        self._topics: set[str] = set()
        self._listener: Any = None
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()

    def subscribe(self, topics: Sequence[str], *, listener: Any) -> None:
        """Set the topics to read; joining happens in `poll`."""
        self._topics, self._listener = set(topics), listener

    def poll(self, timeout_ms: int) -> Mapping[TopicPartition, Sequence[Raw]]:
        """Take part in rebalances, then return records; if there are none, the timeout passes."""
        if not self._broker.reachable("poll", timeout_ms / 1000):
            return {}
        self._rebalance()
        polled: dict[TopicPartition, Sequence[Raw]] = {}
        room = self._max_records
        for partition in sorted(self._positions.keys() - self._paused):
            position = max(self._positions[partition], self._broker.begins.get(partition, 0))
            records = self._broker.logs[partition][position : position + room]
            if records:
                polled[partition] = records
                self._positions[partition] = position + len(records)
                room -= len(records)
        if not polled:
            self._broker.clock.sleep(timeout_ms / 1000)
        return polled

    def assignment(self) -> set[TopicPartition]:
        """Return the partitions that this member takes to be its own."""
        return set(self._positions)

    def pause(self, *partitions: TopicPartition) -> None:
        """Fetch nothing from partitions."""
        self._paused.update(self._owned(partition) for partition in partitions)

    def paused(self) -> set[TopicPartition]:
        """Return the paused partitions."""
        return set(self._paused)

    def resume(self, *partitions: TopicPartition) -> None:
        """Fetch again."""
        self._paused.difference_update(self._owned(partition) for partition in partitions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from an offset."""
        if partition not in self._positions:
            raise ValueError(f"unassigned partition {partition}")
        self._positions[partition] = offset

    def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        """Read on from the first offset."""
        for partition in partitions:
            self.seek(partition, self._broker.begins.get(partition, 0))

    def committed(self, partition: TopicPartition, *, timeout_ms: int) -> int | None:
        """Return the group's offset."""
        if not self._broker.reachable("committed", timeout_ms / 1000):
            raise errors.KafkaTimeoutError("no response")
        return self._group.offsets.get(partition)

    def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], timeout_ms: int) -> None:
        """Set the group's offsets, as a member in good standing."""
        if not self._broker.reachable("commit", timeout_ms / 1000):
            raise errors.KafkaTimeoutError("no response")
        self._group.commit(self, {partition: offset.offset for partition, offset in offsets.items()})

    def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the first offset of each log that is still there."""
        return {partition: self._broker.begins.get(partition, 0) for partition in partitions}

    def end_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the offset that the next record of each log gets."""
        return {partition: len(self._broker.logs[partition]) for partition in partitions}

    def highwater(self, partition: TopicPartition) -> int | None:
        """Return the end of a partition's log."""
        if partition not in self._positions:
            raise errors.IllegalStateError("not assigned")
        return len(self._broker.logs[partition])

    def close(self, *, autocommit: bool, timeout_ms: int) -> None:
        """Leave the group."""
        del autocommit, timeout_ms
        self._group.leave(self)
        self._lose(self.assignment(), self._listener.on_partitions_revoked)

    def evict(self) -> None:
        """Remove the member from the group, as after a missed poll; it notices at its next poll or commit."""
        self._group.leave(self)

    def _rebalance(self) -> None:
        if not self._group.has(self):
            self._lose(self.assignment(), self._listener.on_partitions_lost)
            self._group.join(self, self._topics)
        revoked, added = self._group.sync(self)
        self._lose(revoked, self._listener.on_partitions_revoked)
        for partition in added:
            self._positions[partition] = self._group.offsets.get(partition, 0)
        if added:
            self._listener.on_partitions_assigned(added)

    def _lose(self, partitions: set[TopicPartition], notify: Callable[[set[TopicPartition]], None]) -> None:
        for partition in partitions:
            self._positions.pop(partition, None)
            self._paused.discard(partition)
        if partitions:
            notify(partitions)

    def _owned(self, partition: TopicPartition) -> TopicPartition:
        if partition not in self._positions:
            raise KeyError(partition)
        return partition
