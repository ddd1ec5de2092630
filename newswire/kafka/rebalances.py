"""How a consumer meets the rebalances of its group, and the fix for a join that kafka-python forgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kafka import ConsumerRebalanceListener, TopicPartition


class LostPartitions(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python has no types
    """Collects the partitions that were taken away.

    The client calls it on its own thread, so it only notes; the runner's thread asks.
    """

    def __init__(self) -> None:
        self._lost: list[TopicPartition] = []

    def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """Note partitions that another member shall have."""
        self._lost.extend(revoked)

    def on_partitions_lost(self, lost: Sequence[TopicPartition]) -> None:
        """Note partitions that another member may have already."""
        self._lost.extend(lost)

    def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Do nothing: the runner compares the assignment with what it has placed."""

    def take(self) -> set[TopicPartition]:
        """Return what was lost since the last call."""
        count = len(self._lost)
        taken, self._lost[:count] = set(self._lost[:count]), []
        return taken


def finish_joins(consumer: Any) -> None:
    """Make the client complete every join it has begun.

    kafka-python 3.0.12 forgets a join that news of a topic began when a poll ends in the middle of it: from then on
    the group counts on a member that believes to own nothing. That happens at the start of a stage on a busy machine.
    """
    coordinator = consumer._coordinator  # noqa: SLF001 - there is no public way to ask for a join
    is_due = coordinator.need_rejoin
    coordinator.need_rejoin = lambda: coordinator.rejoining or is_due()
