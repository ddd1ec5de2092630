"""Runs a consumer against the conformance messages and watches what its group commits: `newswire contract check`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition

from newswire.commands.contract.messages import Case
from newswire.errors import ConfigError
from newswire.kafka.clients import open_admin, open_producer, outages_as_retry
from newswire.settings import Settings
from schemas.topics import DAY_MS, Topic

PREFIX = "conformance-"
ACK_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.1
GONE = ("Empty", "Dead", None)  # states of a group that nobody is in


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """What became of one message; `seconds` is None where the group did not get past it in time, or has gone."""

    case: Case
    seconds: float | None
    has_gone: bool = False


def conformance_topic(settings: Settings, topic: Topic[Any]) -> str:
    """Return the name of the topic that the consumer under test reads."""
    return f"{settings.topic_prefix}{PREFIX}{topic.name}"


def check_group(
    settings: Settings,
    topic: Topic[Any],
    group: str,
    cases: Sequence[Case],
    *,
    wait_seconds: float = 60.0,
    timeout_seconds: float = 30.0,
    on_outcome: Callable[[CaseOutcome], object] | None = None,
) -> list[CaseOutcome]:
    """Send the messages one by one, each once the group has committed the one before; stop where it sticks.

    Makes the conformance topic first. Raises ConfigError where no member of the group shows up in time, Retry while
    Kafka is away.
    """
    name = conformance_topic(settings, topic)
    partition = TopicPartition(name, 0)
    outcomes: list[CaseOutcome] = []
    with outages_as_retry("checking a group"), _clients(settings) as (admin, producer):
        _make_topic(admin, settings, name)
        if not _within(wait_seconds, lambda: _state(admin, group) == "Stable"):
            raise ConfigError(
                f"no member of group {group} showed up within {wait_seconds:g} s. "
                f"Start the consumer with topic {name} and group {group}, and check again"
            )
        for case in cases:
            sent = producer.send(name, value=case.encoded(), key=case.key.encode(), headers=case.headers, partition=0)
            outcomes.append(_watch(admin, group, partition, sent.get(ACK_SECONDS).offset, case, timeout_seconds))
            if on_outcome:
                on_outcome(outcomes[-1])
            if outcomes[-1].seconds is None:
                break
    return outcomes


@contextmanager
def _clients(settings: Settings) -> Iterator[tuple[Any, Any]]:
    admin, producer = open_admin(settings), open_producer(settings, client="newswire-conformance")
    try:
        yield admin, producer
    finally:
        producer.close(ACK_SECONDS)
        admin.close()


def _make_topic(admin: Any, settings: Settings, name: str) -> None:
    """One partition: the messages have one order, and the first that sticks is the culprit."""
    if name in admin.list_topics():
        return
    configs = {"retention.ms": str(DAY_MS)}
    shape = {"num_partitions": 1, "replication_factor": settings.kafka_replication, "configs": configs}
    admin.create_topics({name: shape}, wait_for_metadata=True)


def _watch(
    admin: Any, group: str, partition: TopicPartition, offset: int, case: Case, timeout_seconds: float
) -> CaseOutcome:
    """Wait for the group to commit past the message; one without members will not, and need not be waited for."""
    began = time.monotonic()
    _within(
        timeout_seconds,
        lambda: _committed(admin, group, partition) > offset or _state(admin, group) in GONE,
    )
    has_passed = _committed(admin, group, partition) > offset
    seconds = time.monotonic() - began if has_passed else None
    return CaseOutcome(case, seconds, has_gone=not has_passed and _state(admin, group) in GONE)


def _state(admin: Any, group: str) -> str | None:
    return next((str(each["group_state"]) for each in admin.list_groups() if each["group_id"] == group), None)


def _committed(admin: Any, group: str, partition: TopicPartition) -> int:
    entry = admin.list_group_offsets([group]).get(group, {}).get(partition)
    return -1 if entry is None else int(entry.offset)


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_SECONDS)
    return True
