"""Create the topics that schemas/topics.yml describes, and find where a cluster differs from it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import structlog
from kafka import errors
from kafka.admin import ConfigResource

from newswire.errors import ConfigError, Retry
from newswire.kafka.clients import DEAD_LETTER_RECORD_BYTES, open_admin, outages_as_retry
from newswire.settings import Settings
from schemas.topics import TOPICS, DeadLetterTopic, Topic, dead_letters_of, stage_names

CONFORMANCE = "conformance-"  # begins the topics of `newswire contract check`
SET_ON_TOPIC = "DYNAMIC_TOPIC_CONFIG"

log = structlog.get_logger()


def all_topics() -> list[Topic[Any]]:
    """Return every topic, dead letters included."""
    return [*TOPICS, *(dead_letters_of(stage) for stage in stage_names())]


def topic_configs(topic: Topic[Any], replication: int) -> dict[str, str]:
    """Return the broker's settings of a topic."""
    configs = {"compression.type": topic.compression, "min.insync.replicas": "2" if replication > 2 else "1"}
    configs |= topic.kept()
    if isinstance(topic, DeadLetterTopic):
        configs["max.message.bytes"] = str(DEAD_LETTER_RECORD_BYTES + 4096)
    return configs


def apply_topics(settings: Settings, *, wait_seconds: float = 60.0) -> dict[str, str]:
    """Create what is missing and correct what differs; return `created`, `changed` or `unchanged` for each topic.

    Waits for Kafka. Raises ConfigError where a topic has other partitions: keys would move.
    """
    wanted = {settings.topic_prefix + topic.name: topic for topic in all_topics()}
    admin = await_admin(settings, wait_seconds)
    try:
        with outages_as_retry("applying topics"):
            described = {topic["name"]: topic for topic in admin.describe_topics() if topic["name"] in wanted}
            _check_partitions(described, wanted)
            created = _create(admin, {n: t for n, t in wanted.items() if n not in described}, settings)
            changed = _correct(admin, {n: t for n, t in wanted.items() if n in described}, settings)
    finally:
        admin.close()
    done = dict.fromkeys(created, "created") | dict.fromkeys(changed, "changed")
    return {topic.name: done.get(name, "unchanged") for name, topic in wanted.items()}


@dataclass(frozen=True, slots=True)
class TopicDifference:
    """Where the cluster is not as topics.yml says; `kind` is missing, extra, partitions, setting or extra-setting."""

    topic: str
    kind: str
    says: str


def find_differences(settings: Settings) -> list[TopicDifference]:
    """Compare the cluster with topics.yml; `extra` is what else it has under our prefix.

    Raises Retry while Kafka is away.
    """
    prefix = settings.topic_prefix
    wanted = {prefix + topic.name: topic for topic in all_topics()}
    admin = open_admin(settings)
    try:
        with outages_as_retry("comparing topics"):
            ours = [name for name in admin.list_topics() if name.startswith(prefix) and not name.startswith("__")]
            described = {topic["name"]: topic for topic in admin.describe_topics([n for n in ours if n in wanted])}
            found = _configs(admin, list(described))
    finally:
        admin.close()
    extra = sorted(n for n in ours if n not in wanted and not n.startswith(prefix + CONFORMANCE))
    missing = [name for name in wanted if name not in described]
    return [
        *(TopicDifference(name, "missing", "is missing: `newswire topics apply` makes it") for name in missing),
        *(TopicDifference(name, "extra", "stands on the cluster and not in topics.yml") for name in extra),
        *_partition_differences(described, wanted),
        *(each for name in found for each in _setting_differences(name, found[name], wanted[name], settings)),
    ]


def _partition_differences(described: dict[str, Any], wanted: dict[str, Topic[Any]]) -> Iterator[TopicDifference]:
    for name, found in described.items():
        count = len(found["partitions"])
        if count != wanted[name].partitions:
            yield TopicDifference(
                name, "partitions", f"has {count} partitions, topics.yml says {wanted[name].partitions}"
            )


def _setting_differences(
    name: str, found: dict[str, Any], topic: Topic[Any], settings: Settings
) -> Iterator[TopicDifference]:
    configs = topic_configs(topic, settings.kafka_replication)
    for key, value in configs.items():
        if found[key]["value"] != value:
            yield TopicDifference(name, "setting", f"has {key}={found[key]['value']}, topics.yml says {value}")
    for key, entry in found.items():
        if key not in configs and entry["config_source"] == SET_ON_TOPIC:
            yield TopicDifference(name, "extra-setting", f"has {key}={entry['value']}, topics.yml says nothing of it")


def _configs(admin: Any, names: list[str]) -> dict[str, dict[str, Any]]:
    if not names:
        return {}
    resources = [ConfigResource("topic", name) for name in names]
    found: dict[str, dict[str, Any]] = admin.describe_configs(resources, config_filter="all")["topic"]
    return found


def await_admin(settings: Settings, wait_seconds: float) -> Any:
    """Return an admin client as soon as a broker answers. Raises Retry if none does for that long."""
    deadline = time.monotonic() + wait_seconds
    log.debug("topics.kafka_awaited", bootstrap=settings.kafka_bootstrap)
    while True:
        try:
            return open_admin(settings)
        except Retry as error:
            if time.monotonic() > deadline:
                raise Retry(f"{error}; waited {wait_seconds:g} s. Is it running? See `newswire status`") from error
            time.sleep(0.2)


def _check_partitions(described: dict[str, Any], wanted: dict[str, Topic[Any]]) -> None:
    for wrong in _partition_differences(described, wanted):
        raise ConfigError(
            f"topic {wrong.topic} {wrong.says}: keys would move. Use another NEWSWIRE_TOPIC_PREFIX and replay"
        )


def _create(admin: Any, missing: dict[str, Topic[Any]], settings: Settings) -> list[str]:
    if not missing:
        return []
    answer = admin.create_topics(
        {
            name: {
                "num_partitions": topic.partitions,
                "replication_factor": settings.kafka_replication,
                "configs": topic_configs(topic, settings.kafka_replication),
            }
            for name, topic in missing.items()
        },
        raise_errors=False,
    )
    for topic in answer["topics"]:
        error = errors.for_code(topic["error_code"])
        if error not in (errors.NoError, errors.TopicAlreadyExistsError):
            raise ConfigError(f"Kafka refuses topic {topic['name']}: {topic['error_message'] or error.__name__}")
    admin.wait_for_topics(list(missing))
    return list(missing)


def _correct(admin: Any, existing: dict[str, Topic[Any]], settings: Settings) -> list[str]:
    if not existing:
        return []
    wanted = {name: topic_configs(topic, settings.kafka_replication) for name, topic in existing.items()}
    found = _configs(admin, list(wanted))
    wrong = {
        name: {key: value for key, value in configs.items() if found[name][key]["value"] != value}
        for name, configs in wanted.items()
    }
    changes = [ConfigResource("topic", name, configs) for name, configs in wrong.items() if configs]
    if changes:
        admin.alter_configs(changes)
    return [change.name for change in changes]
