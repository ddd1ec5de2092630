"""`newswire contract`: what a change breaks, and whether a consumer downstream can live with all we may send."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from newswire.commands.contract.check import CaseOutcome, check_group, conformance_topic
from newswire.commands.contract.messages import RANKS, Case, Document, build_cases, downstream_topics, what_is_left
from newswire.errors import ConfigError
from newswire.settings import settings
from schemas.compatibility import Change, compare
from schemas.releases import FOLDER, PARTS, RELEASED, Contracts, read_folder, read_git, released_folders
from schemas.topics import Topic

TOPIC = click.Choice([topic.name for topic in downstream_topics()])


@click.group("contract")
def command() -> None:
    """The contracts for services downstream: compare them, and test a consumer against them."""


@command.command()
@click.option("--against", help="a schemas folder, or a commit, branch or tag; without it, every release")
@click.option("--json", "as_json", is_flag=True)
def diff(against: str | None, *, as_json: bool) -> None:
    """Say what has changed, what that breaks and for whom; exit code 1 on a break that no new version announces."""
    found = {name: compare(old, read_folder()) for name, old in _baselines(against).items()}
    if as_json:
        rows = [
            {
                "against": name,
                "topic": change.topic,
                "version": change.version,
                "says": change.says,
                "breaking": change.is_breaking,
                "announced": change.is_announced,
            }
            for name, changes in found.items()
            for change in changes
        ]
        click.echo(json.dumps(rows, indent=2))
    else:
        for name, changes in found.items():
            _print_changes(name, changes)
    if any(_is_fault(change) for changes in found.values() for change in changes):
        sys.exit(1)


@command.command()
def release() -> None:
    """Keep today's contracts as those of this release, for all later ones to be compared with."""
    folder = RELEASED / version("newswire")
    if folder.exists():
        raise ConfigError(f"{folder.name} is released already; raise the version in pyproject.toml and install it")
    faults = {
        str(change)
        for path in released_folders()
        for change in compare(read_folder(path), read_folder())
        if _is_fault(change)
    }
    if faults:
        raise ConfigError("not released: " + "; ".join(sorted(faults)))
    for part in PARTS:
        source = FOLDER / part
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, folder / part)
    click.echo(f"kept in {folder}")


@command.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="folder to write; made if missing")
@click.option("--topic", "name", type=TOPIC, default="articles", show_default=True)
def messages(out: Path, name: str) -> None:
    """Write the conformance messages as files, one a message, and what should be left in expected.json."""
    topic = _topic(name)
    cases = build_cases(topic, run="files")
    out.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(cases, 1):
        _write(out / f"{number:02}-{case.name}.json", case.document())
    _write(out / "expected.json", what_is_left(topic, cases))
    click.echo(f"{len(cases)} messages in {out}")


@command.command()
@click.option("--group", required=True, help="the consumer group to watch")
@click.option("--topic", "name", type=TOPIC, default="articles", show_default=True, help="whose messages")
@click.option(
    "--wait", "wait_seconds", default=60.0, show_default=True, help="seconds for a member of the group to appear"
)
@click.option("--timeout", "timeout_seconds", default=30.0, show_default=True, help="seconds for each message")
@click.option("--json", "as_json", is_flag=True)
def check(group: str, name: str, wait_seconds: float, timeout_seconds: float, *, as_json: bool) -> None:
    """Run a consumer group against the conformance messages; exit code 1 where it sticks."""
    topic = _topic(name)
    cases = build_cases(topic, run=secrets.token_hex(8))
    click.echo(f"Waiting for group {group} on topic {conformance_topic(settings(), topic)}", err=True)
    outcomes = check_group(
        settings(), topic, group, cases,
        wait_seconds=wait_seconds, timeout_seconds=timeout_seconds, on_outcome=None if as_json else _print_outcome,
    )  # fmt: skip
    has_passed = all(outcome.seconds is not None for outcome in outcomes)
    left = what_is_left(topic, cases)
    if as_json:
        rows = [{"name": each.case.name, "says": each.case.says, "seconds": each.seconds} for each in outcomes]
        click.echo(json.dumps({"passed": has_passed, "messages": rows, "expected": left}, indent=2))
    elif has_passed:
        click.secho(f"{group} got past all {len(cases)} messages. {_left_in_words(topic, left)}", fg="green")
    else:
        click.secho(_stuck(outcomes, cases, timeout_seconds), fg="red")
    if not has_passed:
        sys.exit(1)


def _topic(name: str) -> Topic[Any]:
    return next(topic for topic in downstream_topics() if topic.name == name)


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _print_outcome(outcome: CaseOutcome) -> None:
    mark = "stuck" if outcome.seconds is None else f"{outcome.seconds:.1f} s"
    click.echo(f"  {mark:>7}  {outcome.case.name:<21} {outcome.case.says}")


def _left_in_words(topic: Topic[Any], left: dict[str, Document]) -> str:
    if not topic.compacted:
        return f"A correct consumer has now taken {len(left)} events, each once."
    ranks = {
        key: ", ".join(f"{name} {value.get(name, 0)}" for name in RANKS[topic.name]) for key, value in left.items()
    }
    return "A correct consumer now holds:" + "".join(f"\n  {key} {rank}" for key, rank in ranks.items())


def _stuck(outcomes: list[CaseOutcome], cases: list[Case], timeout_seconds: float) -> str:
    last = outcomes[-1]
    what = f"{last.case.name} ({last.case.says})"
    rest = f"{len(cases) - len(outcomes)} messages were not tried. Its log should say why."
    if last.has_gone:
        return f"It ended at {what}: nobody is in the group any more; {rest}"
    hint = " Does it read that topic, and commit?" if len(outcomes) == 1 else ""
    return f"It did not commit {what} within {timeout_seconds:g} s; {rest}{hint}"


def _baselines(against: str | None) -> dict[str, Contracts]:
    if against is None:
        return {folder.name: read_folder(folder) for folder in released_folders()}
    if Path(against).is_dir():
        try:
            return {against: read_folder(Path(against))}
        except FileNotFoundError as error:
            raise ConfigError(f"{against} is no schemas folder: {error.filename} is missing") from error
    try:
        return {against: read_git(against)}
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        reason = str(getattr(error, "stderr", None) or error).strip()
        raise ConfigError(
            f"{against} is neither a folder nor a commit, branch or tag with schemas: {reason}"
        ) from error


def _is_fault(change: Change) -> bool:
    return change.is_breaking and not change.is_announced


def _print_changes(name: str, changes: list[Change]) -> None:
    click.secho(f"Against {name}: {len(changes) or 'no'} changes", bold=True)
    for change in sorted(changes, key=_is_fault, reverse=True):
        mark, colour = (
            ("breaks", "red")
            if _is_fault(change)
            else ("new version", "yellow")
            if change.is_breaking
            else ("fine", "green")
        )
        click.echo(f"  {click.style(f'{mark:<11}', fg=colour)} {change}")
