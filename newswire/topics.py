"""Makes the topics that schemas/topics.yml describes, and shows what travels on them: `newswire topics`."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import click
import structlog
from kafka import errors
from kafka.admin import ConfigResource
from rich.console import Console
from rich.table import Table

from newswire.errors import ConfigError, Retry
from newswire.kafka import DEAD_LETTER_RECORD_BYTES, open_admin, outages_as_retry
from newswire.settings import Settings, settings
from newswire.topic_reader import as_document, count_records, read_topic
from schemas.topics import TOPICS, DeadLetterTopic, Topic, dead_letters_of

NOT_STAGES = {"downstream", "crawl_source"}
SHOWN_CHARACTERS = 300

log = structlog.get_logger()


def stage_names() -> list[str]:
    """Return the stages that topics.yml names as readers."""
    return sorted({reader for topic in TOPICS for reader in topic.read_by} - NOT_STAGES)


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
    """Create what is missing and mend what differs; return `created`, `changed` or `unchanged` for each topic.

    Waits for Kafka. Raises ConfigError where a topic has other partitions: keys would move.
    """
    wanted = {settings.topic_prefix + topic.name: topic for topic in all_topics()}
    admin = _await_admin(settings, wait_seconds)
    try:
        with outages_as_retry("applying topics"):
            described = {topic["name"]: topic for topic in admin.describe_topics() if topic["name"] in wanted}
            _check_partitions(described, wanted)
            created = _create(admin, {n: t for n, t in wanted.items() if n not in described}, settings)
            changed = _mend(admin, {n: t for n, t in wanted.items() if n in described}, settings)
    finally:
        admin.close()
    done = dict.fromkeys(created, "created") | dict.fromkeys(changed, "changed")
    return {topic.name: done.get(name, "unchanged") for name, topic in wanted.items()}


def check_topics(settings: Settings, topics: Sequence[Topic[Any]]) -> None:
    """Raise Retry while one of the topics is missing: somebody may be about to make it."""
    admin = open_admin(settings)
    try:
        with outages_as_retry("looking for topics"):
            there = set(admin.list_topics())
    finally:
        admin.close()
    if missing := [topic.name for topic in topics if settings.topic_prefix + topic.name not in there]:
        raise Retry(f"Kafka has no topic {settings.topic_prefix}{missing[0]}; `newswire topics apply` makes it")


def _await_admin(settings: Settings, wait_seconds: float) -> Any:
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
    for name, found in described.items():
        count = len(found["partitions"])
        if count != wanted[name].partitions:
            raise ConfigError(
                f"topic {name} has {count} partitions, schemas/topics.yml says {wanted[name].partitions}: "
                "keys would move. Use another NEWSWIRE_TOPIC_PREFIX and replay"
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


def _mend(admin: Any, existing: dict[str, Topic[Any]], settings: Settings) -> list[str]:
    if not existing:
        return []
    wanted = {name: topic_configs(topic, settings.kafka_replication) for name, topic in existing.items()}
    found = admin.describe_configs([ConfigResource("topic", name) for name in wanted], config_filter="all")["topic"]
    wrong = {
        name: {key: value for key, value in configs.items() if found[name][key]["value"] != value}
        for name, configs in wanted.items()
    }
    changes = [ConfigResource("topic", name, configs) for name, configs in wrong.items() if configs]
    if changes:
        admin.alter_configs(changes)
    return [change.name for change in changes]


@click.group("topics")
def command() -> None:
    """The topics: make them, list them, look at what travels."""


@command.command()
@click.option("--wait", "wait_seconds", default=60.0, show_default=True, help="seconds to wait for Kafka")
def apply(wait_seconds: float) -> None:
    """Create or mend all topics of schemas/topics.yml."""
    for name, done in apply_topics(settings(), wait_seconds=wait_seconds).items():
        click.echo(f"{done:<10} {settings().topic_prefix}{name}")


@command.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_topics(*, as_json: bool) -> None:
    """Show every topic with its size, its writers and readers."""
    counts = count_records(settings(), [topic.name for topic in all_topics()])
    if as_json:
        rows = [
            {"name": t.name, "partitions": t.partitions, "records": counts[t.name], "read_by": t.read_by}
            for t in all_topics()
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table("topic", "records", "written by", "read by", box=None, header_style="bold")
    for topic in all_topics():
        count = counts[topic.name]
        size = "missing" if count is None else str(count)
        table.add_row(topic.name, size, ", ".join(topic.written_by), ", ".join(topic.read_by))
    Console().print(table)


NAME = click.Choice([topic.name for topic in all_topics()])


@command.command()
@click.argument("name", type=NAME)
@click.option("-n", "last", default=10, show_default=True, type=click.IntRange(min=1), help="how many of the newest")
@click.option("-f", "--follow", is_flag=True, help="go on with what arrives")
@click.option("--json", "as_json", is_flag=True, help="whole records, one a line")
def tail(name: str, last: int, *, follow: bool, as_json: bool) -> None:
    """Print the newest records of a topic."""
    for raw in read_topic(settings(), name, last=last, follow=follow):
        document = as_document(raw, settings().topic_prefix)
        click.echo(json.dumps(document) if as_json else _line(document))


@command.command()
@click.argument("name", type=NAME)
def sample(name: str) -> None:
    """Print the newest record whole, long texts cut."""
    for raw in read_topic(settings(), name, last=1):
        click.echo(json.dumps(_cut(as_document(raw, settings().topic_prefix)), indent=2, ensure_ascii=False))


def _line(document: dict[str, Any]) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(document["timestamp_ms"] / 1000))
    value = json.dumps(_cut(document["value"]), ensure_ascii=False)
    return f"{at} {document['partition']:>2}:{document['offset']:<6} {document['key']} {value[:SHOWN_CHARACTERS]}"


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(inner) for key, inner in value.items()}
    if isinstance(value, str) and len(value) > SHOWN_CHARACTERS:
        return f"{value[:SHOWN_CHARACTERS]}… ({len(value)} characters)"
    return value
