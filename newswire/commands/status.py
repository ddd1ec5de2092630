"""The command `newswire status`: which services run, how far each stage is behind, and which addresses are stuck."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import timedelta
from typing import TypedDict

import click
from rich.console import Console
from rich.table import Table

from newswire.errors import NewswireError
from newswire.settings import Settings, load_settings
from newswire.stack.report import ServiceReport, has_supervisor, read_report

GOOD = ("ready", "done")
COLOURS = {"ready": "green", "done": "dim", "failed": "red", "stopped": "red"}


class Status(TypedDict):
    """The JSON document that `--json` prints."""

    state: str
    is_up: bool
    error: str | None
    ports: dict[str, int]
    services: dict[str, ServiceReport]
    lag: dict[str, int] | None
    lag_error: str | None
    overdue: dict[str, int] | None
    overdue_error: str | None


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(*, as_json: bool) -> None:
    """Show the services, the lag of the stages, and stuck addresses. Exit code 0 if everything is up."""
    found = read_status(load_settings())
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        _print(found)
    sys.exit(0 if found["is_up"] else 1)


def read_status(settings: Settings) -> Status:
    """Return the state of this folder's stack, the lag of each stage, and the number of overdue addresses by source."""
    report = read_report(settings.state_dir)
    is_alive = has_supervisor(settings.state_dir)
    services = report.get("services", {})
    state: str = report.get("state", "stopped")
    if not is_alive and state in ("starting", "up", "stopping"):
        state = "killed"  # its supervisor could not report it
    is_up = is_alive and state == "up" and all(service["state"] in GOOD for service in services.values())
    here = services if is_alive else {}
    lag, lag_error = _lag(settings) if "kafka" in here or _is_elsewhere("kafka_bootstrap") else (None, None)
    has_ledger = "crawl-migrate" in here or _is_elsewhere("postgres_dsn")
    overdue, overdue_error = _overdue(settings) if has_ledger else (None, None)
    return Status(
        state=state,
        is_up=is_up,
        error=report.get("error"),
        ports=report.get("ports", {}),
        services=here,
        lag=lag,
        lag_error=lag_error,
        overdue=overdue,
        overdue_error=overdue_error,
    )


def _is_elsewhere(address: str) -> bool:
    return address in load_settings(embedded=False).model_fields_set


def _lag(settings: Settings) -> tuple[dict[str, int] | None, str | None]:
    from newswire.kafka.lag import read_lag

    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its errors are reported in one sentence
    try:
        return read_lag(settings), None
    except NewswireError as error:
        return None, str(error)


def _overdue(settings: Settings) -> tuple[dict[str, int] | None, str | None]:
    from newswire.crawl.url_counts import count_overdue

    try:
        return count_overdue(settings, timedelta(seconds=settings.overdue_after_seconds)), None
    except NewswireError as error:
        return None, str(error)


def _print(found: Status) -> None:
    console = Console()
    console.print(f"The stack is {found['state']}." + ("" if found["is_up"] else " Start it with: newswire up"))
    if found["error"]:
        console.print(found["error"], style="red", markup=False, highlight=False, soft_wrap=True)
    if found["services"]:
        console.print(_services_table(found))
    if found["lag"]:
        console.print("Records behind: " + ", ".join(f"{stage} {lag}" for stage, lag in found["lag"].items()))
    if found["lag_error"]:
        console.print(f"The lag is unknown: {found['lag_error']}", markup=False)
    if found["overdue"]:
        sources = ", ".join(f"{source} {count}" for source, count in found["overdue"].items())
        console.print(f"Addresses in flight for too long: {sources}", style="red", markup=False)
    if found["overdue_error"]:
        console.print(f"The number of stuck addresses is unknown: {found['overdue_error']}", markup=False)


def _services_table(found: Status) -> Table:
    table = Table("service", "state", "pid", "up for", "restarts", "port", box=None, padding=(0, 2))
    for name, service in found["services"].items():
        is_running = service["pid"] is not None and service["started_at"] is not None
        table.add_row(
            name,
            f"[{COLOURS.get(service['state'], 'yellow')}]{service['state']}",
            str(service["pid"] or ""),
            _duration(time.time() - (service["started_at"] or 0)) if is_running else "",
            str(service["restarts"] or ""),
            str(found["ports"].get("airflow" if name == "airflow-api" else name, "")),
        )
    return table


def _duration(seconds: float) -> str:
    minutes, hours = seconds / 60, seconds / 3600
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes:.0f} min" if hours < 2 else f"{hours:.1f} h"
