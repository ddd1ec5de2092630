"""`newswire topics`: make the topics, compare them with a cluster, look at what travels on them."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from random import SystemRandom
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from newswire.commands.topics.pipe import pipe_topic
from newswire.commands.topics.record_filter import Filter, parse_ago
from newswire.kafka.reader import as_document, count_records, read_topic, sample_topic
from newswire.kafka.topic_admin import all_topics, apply_topics, find_differences
from newswire.settings import settings
from newswire.terminal import printable

SHOWN_CHARACTERS = 300


@click.group("topics")
def command() -> None:
    """The topics: make them, compare them, look at what travels."""


@command.command()
@click.option("--wait", "wait_seconds", default=60.0, show_default=True, help="seconds to wait for Kafka")
@click.option("--json", "as_json", is_flag=True)
def apply(wait_seconds: float, *, as_json: bool) -> None:
    """Create or mend all topics of schemas/topics.yml."""
    done = apply_topics(settings(), wait_seconds=wait_seconds)
    if as_json:
        click.echo(json.dumps(done, indent=2))
        return
    for name, what in done.items():
        click.echo(f"{what:<10} {settings().topic_prefix}{name}")


@command.command()
@click.option("--ignore-extra", is_flag=True, help="what topics.yml does not name may be there")
@click.option("--json", "as_json", is_flag=True)
def diff(*, ignore_extra: bool, as_json: bool) -> None:
    """Compare the cluster with schemas/topics.yml; exit code 1 where they differ."""
    found = [each for each in find_differences(settings()) if not (ignore_extra and each.kind.startswith("extra"))]
    if as_json:
        click.echo(
            json.dumps([{"topic": each.topic, "kind": each.kind, "says": each.says} for each in found], indent=2)
        )
    else:
        for each in found:
            click.echo(f"{each.topic} {each.says}")
        if not found:
            click.echo(f"all {len(all_topics())} topics are as schemas/topics.yml says")
    if found:
        sys.exit(1)


@command.command("list")
@click.option("--json", "as_json", is_flag=True)
def list_topics(*, as_json: bool) -> None:
    """Show every topic with its size, its writers and readers."""
    counts = count_records(settings(), [topic.name for topic in all_topics()])
    if as_json:
        rows = [
            {"name": t.name, "partitions": t.partitions, "records": counts[t.name], "read_by": t.readers}
            for t in all_topics()
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table("topic", "records", "written by", "read by", box=None, header_style="bold")
    for topic in all_topics():
        count = counts[topic.name]
        size = "missing" if count is None else str(count)
        table.add_row(topic.name, size, ", ".join(topic.written_by), ", ".join(topic.readers))
    Console().print(table)


NAME = click.Choice([topic.name for topic in all_topics()])


@command.command()
@click.argument("name", type=NAME)
@click.option("-n", "last", default=10, show_default=True, type=click.IntRange(min=1), help="how many of the newest")
@click.option("--since", "since_ms", callback=parse_ago, help="all of the last 90s, 10m, 6h, 2d")
@click.option("--from-start", is_flag=True, help="all that there is")
@click.option("-f", "--follow", is_flag=True, help="go on with what arrives")
@click.option("--filter", "conditions", multiple=True, help="path=value, such as language=en; may be repeated")
@click.option("--json", "as_json", is_flag=True, help="whole records, one a line")
def tail(
    name: str, last: int, since_ms: int | None, conditions: tuple[str, ...], *,
    from_start: bool, follow: bool, as_json: bool
) -> None:  # fmt: skip
    """Print the newest records of a topic; ctrl-C ends it."""
    found = read_topic(
        settings(),
        name,
        last=None if from_start or since_ms else last,
        since_ms=None if since_ms is None else round(time.time() * 1000) - since_ms,
        keeps=Filter(conditions) if conditions else None,
        follow=follow,
    )
    with suppress(KeyboardInterrupt):
        for raw in found:
            document = as_document(raw, settings().topic_prefix)
            click.echo(json.dumps(document) if as_json else _line(name, document, raw.value))


@command.command()
@click.argument("name", type=NAME)
@click.option("-n", "count", default=1, show_default=True, type=click.IntRange(min=1), help="how many")
@click.option("--random", "at_random", is_flag=True, help="from anywhere in the topic, not its newest")
@click.option("--json", "as_json", is_flag=True, help="whole records, one a line")
def sample(name: str, count: int, *, at_random: bool, as_json: bool) -> None:
    """Print a few real records, long texts cut."""
    found = (
        sample_topic(settings(), name, count, SystemRandom()) if at_random else read_topic(settings(), name, last=count)
    )
    for raw in found:
        document = as_document(raw, settings().topic_prefix)
        shown = json.dumps(document) if as_json else json.dumps(_cut(document), indent=2, ensure_ascii=False)
        click.echo(printable(shown))


@command.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.option("--group", required=True, help="the consumer group to read as")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED)
def pipe(name: str, group: str, program: tuple[str, ...]) -> None:
    """Give a topic's records to PROGRAM as JSON lines, a batch at a time; commit when it ends well.

    For consumers in shell: `newswire topics pipe articles --group mine -- ./take-them.sh`.
    """
    with suppress(KeyboardInterrupt):
        pipe_topic(settings(), name, group, program)


def _line(name: str, document: dict[str, Any], raw_value: bytes | None) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(document["timestamp_ms"] / 1000))
    value = json.dumps(_cut(document["value"]), ensure_ascii=False)[:SHOWN_CHARACTERS]
    line = f"{at} {document['partition']:>2}:{document['offset']:<6} {document['key']} {value}"
    return printable(line + _complaint(name, raw_value))


def _complaint(name: str, raw_value: bytes | None) -> str:
    """Say where a value is not what its topic carries."""
    topic = next(topic for topic in all_topics() if topic.name == name)
    try:
        if raw_value is not None:
            topic.decode(raw_value)
    except msgspec.MsgspecError as error:
        return f"  NOT A {topic.message.__name__}: {error}"
    return ""


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(inner) for key, inner in value.items()}
    if isinstance(value, str) and len(value) > SHOWN_CHARACTERS:
        return f"{value[:SHOWN_CHARACTERS]}… ({len(value)} characters)"
    return value
