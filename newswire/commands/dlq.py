"""`newswire dlq`: look at dead letters and send them back to the stage that could not take them."""

from __future__ import annotations

import json
from collections import Counter, deque
from datetime import UTC, datetime
from typing import Any

import click
import structlog
from rich.console import Console
from rich.table import Table

from newswire.errors import ConfigError
from newswire.kafka.dead_letter_retry import open_dead_letters, retry_dead_letters
from newswire.kafka.dead_letters import DeadLetter
from newswire.kafka.lag import stages_and_topics
from newswire.kafka.reader import as_document, read_record
from newswire.runtime.skip_list import Skip, add_skip
from newswire.settings import settings
from newswire.terminal import user_name
from schemas.topics import stage_names

STAGE = click.Choice(stage_names())

log = structlog.get_logger()


@click.group("dlq")
def command() -> None:
    """Dead letters: what the stages could not take, and why."""


@command.command("list")
@click.option("--stage", type=STAGE, help="only this stage")
@click.option("--reason", help="only this reason")
@click.option("--json", "as_json", is_flag=True)
def list_dead_letters(stage: str | None, reason: str | None, *, as_json: bool) -> None:
    """Count dead letters by stage and reason."""
    counts = Counter(
        (name, letter.reason, letter.is_expected)
        for name in ([stage] if stage else stage_names())
        for letter in open_dead_letters(settings(), name)
        if reason in (None, letter.reason)
    )
    if as_json:
        keys = ("stage", "reason", "expected", "count")
        click.echo(json.dumps([dict(zip(keys, (*key, n), strict=True)) for key, n in sorted(counts.items())], indent=2))
    elif not counts:
        click.echo("no dead letters")
    else:
        table = Table("stage", "reason", "expected", "letters", box=None, header_style="bold")
        for (name, why, is_expected), count in sorted(counts.items()):
            table.add_row(name, why, "yes" if is_expected else "no", str(count))
        Console().print(table)


@command.command()
@click.argument("stage", type=STAGE)
@click.option("--reason", help="only this reason")
@click.option("-n", "count", default=10, show_default=True, type=click.IntRange(min=1), help="how many of the newest")
@click.option("--json", "as_json", is_flag=True, help="with the whole record, one a line")
def show(stage: str, reason: str | None, count: int, *, as_json: bool) -> None:
    """Show a stage's dead letters."""
    letters = (letter for letter in open_dead_letters(settings(), stage) if reason in (None, letter.reason))
    for letter in deque(letters, maxlen=count):
        click.echo(json.dumps(_document(letter)) if as_json else _line(letter))


@command.command()
@click.argument("stage", type=STAGE)
@click.option("--reason", help="only this reason; without it, all that were not expected")
@click.option("--limit", type=click.IntRange(min=1), help="at most so many")
def retry(stage: str, reason: str | None, limit: int | None) -> None:
    """Send dead letters back to the stage's input."""
    count = retry_dead_letters(settings(), stage, reason=reason, limit=limit)
    click.echo(f"{count} dead letters sent back to {stage}")


@command.command()
@click.argument("stage", type=STAGE)
@click.option("--topic", help="the topic that the record is in; needed where the stage reads several")
@click.option("--partition", type=click.IntRange(min=0), required=True)
@click.option("--offset", type=click.IntRange(min=0), required=True)
@click.option("--why", required=True, help="the reason, for those who read the dead letter later")
@click.option("--by", help="who decides this; by default the user who runs the command")
def skip(stage: str, topic: str | None, partition: int, offset: int, why: str, by: str | None) -> None:
    """Have a stage pass over one record: the last resort for a record that ends its process.

    The record goes to the dead letters with the reason `skipped`, who and why. It counts from the next start on.
    """
    reads = stages_and_topics()[stage]
    if topic is None and len(reads) > 1:
        raise click.UsageError(f"{stage} reads {', '.join(reads)}: name one with --topic")
    name = topic or reads[0]
    if name not in reads:
        raise click.UsageError(f"{stage} does not read {name}; it reads {', '.join(reads)}")
    if read_record(settings(), name, partition, offset) is None:
        raise ConfigError(
            f"{name} has no record at {partition}:{offset}; `newswire topics tail {name}` shows what it has"
        )
    now = datetime.now(UTC).isoformat(timespec="seconds")
    given = Skip(topic=name, partition=partition, offset=offset, by=by or user_name(), why=why, at=now)
    add_skip(settings().state_dir, stage, given)
    click.echo(f"{stage} will pass over {name} {partition}:{offset}. Next: newswire restart {stage}")


def _document(letter: DeadLetter) -> dict[str, Any]:
    return as_document(letter.raw, settings().topic_prefix)


def _line(letter: DeadLetter) -> str:
    key = (letter.raw.key or b"").decode("utf-8", "replace")
    return (
        f"{letter.at} {letter.origin} {letter.partition}:{letter.origin_offset} {key} {letter.reason}: {letter.detail}"
    )
