"""The commands for single services of the running stack: restart, stop, start."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import click
from rich.console import Console

from newswire.settings import load_settings
from newswire.stack.report import read_report


def _complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    names = read_report(load_settings(embedded=False).state_dir).get("services", {})
    return [name for name in names if name.startswith(begun)]


def _options(command: Callable[..., None]) -> Callable[..., None]:
    name = click.argument("name", shell_complete=_complete)
    return name(click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")(command))


@click.command()
@_options
def restart(name: str, *, as_json: bool) -> None:
    """Stop NAME and start it again; several processes one after the other.

    NAME is a service (parse-1), or a stage or part with all its processes (parse, airflow). Exit code 0 once it is
    ready, 1 with the reason if it is not.
    """
    _command("restart", name, as_json=as_json)


@click.command()
@_options
def stop(name: str, *, as_json: bool) -> None:
    """Stop NAME until `newswire start NAME`, or the next `newswire up` after a `newswire down`.

    NAME is a service (parse-1), or a stage or part with all its processes (parse, airflow).
    """
    _command("stop", name, as_json=as_json)


@click.command()
@_options
def start(name: str, *, as_json: bool) -> None:
    """Start NAME after `newswire stop NAME`; a service that waits for its next try is tried at once.

    NAME is a service (parse-1), or a stage or part with all its processes (parse, airflow). Exit code 0 once it is
    ready, 1 with the reason if it is not.
    """
    _command("start", name, as_json=as_json)


def _command(action: str, name: str, *, as_json: bool) -> None:
    from newswire.stack.control import command_services, find_services, read_running

    state_dir = load_settings(embedded=False).state_dir
    services = find_services(read_running(state_dir)["services"], name)
    console = Console(stderr=as_json)
    with console.status(f"waiting for {', '.join(services)}") as status:
        outcomes = command_services(state_dir, action, services, status.update)
    good = ("stopped",) if action == "stop" else ("ready", "done")
    has_failed = any(outcome["state"] not in good for outcome in outcomes.values())
    if as_json:
        click.echo(json.dumps({"action": action, "is_done": not has_failed, "services": outcomes}, indent=1))
    else:
        _print(console, outcomes)
    sys.exit(1 if has_failed else 0)


def _print(console: Console, outcomes: Any) -> None:
    for service, outcome in outcomes.items():
        reason = f": {outcome['problem']}; see newswire logs {service}" if outcome["problem"] else ""
        console.print(f"{service} is {outcome['state']}{reason}", markup=False, highlight=False)
