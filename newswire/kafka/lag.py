"""How far each stage is behind the topics that it reads, and how many processes of it are at work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from newswire.kafka.clients import open_admin, outages_as_retry
from newswire.settings import Settings
from schemas.topics import OUTSIDERS, TOPICS, dead_letters_for


def stages_and_topics() -> dict[str, list[str]]:
    """Return the topics that each stage reads, without the prefix; the stages are in the order of the path."""
    along_the_path = dict.fromkeys(reader for topic in TOPICS for reader in topic.read_by)
    return {
        stage: [topic.name for topic in (*TOPICS, *dead_letters_for(stage)) if stage in topic.read_by]
        for stage in along_the_path
        if stage not in OUTSIDERS
    }


class ConsumerGroup(NamedTuple):
    """A stage's consumer group: the records it has yet to deal with, and its members."""

    lag: int
    members: int


def read_lag(settings: Settings) -> dict[str, int]:
    """Return for each stage how many records it has yet to deal with; empty before the topics are made.

    Raises Retry while Kafka is away.
    """
    return {stage: group.lag for stage, group in read_groups(settings).items()}


def read_groups(settings: Settings) -> dict[str, ConsumerGroup]:
    """Return the group of each stage, in the order of the topics; empty before these are made.

    Raises Retry while Kafka is away.
    """
    reads = stages_and_topics()
    prefix = settings.topic_prefix
    admin = open_admin(settings)
    try:
        with outages_as_retry("asking for offsets"):
            partitions = _partitions(admin, {prefix + name for names in reads.values() for name in names})
            if not partitions:
                return {}
            begins = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
            ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
            committed = admin.list_group_offsets([prefix + stage for stage in reads])
            described = admin.describe_groups([prefix + stage for stage in reads])
    finally:
        admin.close()

    def lag(stage: str, names: list[str]) -> int:
        return sum(
            ends[p].offset - _position(committed.get(prefix + stage, {}), p, begins[p].offset)
            for p in partitions
            if p.topic.removeprefix(prefix) in names
        )

    return {
        stage: ConsumerGroup(lag(stage, names), len(described.get(prefix + stage, {}).get("members", ())))
        for stage, names in reads.items()
    }


def _partitions(admin: Any, topics: Iterable[str]) -> list[TopicPartition]:
    present = set(admin.list_topics())
    described = admin.describe_topics([topic for topic in topics if topic in present])
    return [TopicPartition(topic["name"], p["partition_index"]) for topic in described for p in topic["partitions"]]


def _position(committed: Mapping[TopicPartition, Any], partition: TopicPartition, begin: int) -> int:
    entry = committed.get(partition)
    return max(begin, entry.offset) if entry is not None and entry.offset >= 0 else begin
