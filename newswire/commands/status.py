"""The command `newswire status`: which services run and answer, what is wrong, and how far each stage is behind."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

import click
from rich.console import Console
from rich.table import Table

from newswire.errors import NewswireError
from newswire.settings import Settings, load_settings
from newswire.stack.advice import advise, advise_on, describe_state, is_good
from newswire.stack.report import Answer, ServiceReport, has_supervisor, read_report
from newswire.text.durations import short_duration

COLOURS = {"ready": "green", "done": "dim", "failed": "red", "failing": "red", "stopped": "red", "hung": "red"}


class ServiceStatus(ServiceReport, Answer):
    """A service: what the supervisor knows of it, what its probe says now, and what helps."""

    advice: str | None


class Status(TypedDict):
    """The JSON document that `--json` prints."""

    state_dir: str
    state: str
    is_up: bool
    error: str | None
    supervisor_error: str | None
    advice: str | None
    ports: dict[str, int]
    services: dict[str, ServiceStatus]
    lag: dict[str, int] | None
    lag_error: str | None
    overdue: dict[str, int] | None
    overdue_error: str | None
    quarantined: dict[str, int] | None


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def command(*, as_json: bool) -> None:
    """Show the services, the lag of the stages, and stuck addresses. Exit code 0 if everything is up.

    Every service is asked now whether it is live.
    """
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
    state: str = report.get("state", "stopped")
    if not is_alive and state in ("starting", "up", "stopping"):
        state = "killed"  # its supervisor could not report it
    answers, supervisor_error = _ask(settings.state_dir) if is_alive else ({}, None)
    services = {name: _service(name, one, answers) for name, one in report.get("services", {}).items()}
    is_up = is_alive and state == "up" and supervisor_error is None and all(map(is_good, services.values()))
    here = services if is_alive else {}
    lag, lag_error = _lag(settings) if "kafka" in here or _is_elsewhere("kafka_bootstrap") else (None, None)
    has_ledger = "crawl-migrate" in here or _is_elsewhere("postgres_dsn")
    (overdue, quarantined), overdue_error = _addresses(settings) if has_ledger else ((None, None), None)
    return Status(
        state_dir=str(settings.state_dir.resolve()),
        state=state,
        is_up=is_up,
        error=report.get("error"),
        supervisor_error=supervisor_error,
        advice=None if is_up else advise(state, settings.state_dir, has_answered=supervisor_error is None),
        ports=report.get("ports", {}),
        services=here,
        lag=lag,
        lag_error=lag_error,
        overdue=overdue,
        overdue_error=overdue_error,
        quarantined=quarantined,
    )


def _ask(state_dir: Path) -> tuple[dict[str, Answer], str | None]:
    from newswire.stack.control import ask_liveness

    if "control" not in read_report(state_dir):
        return {}, None  # it has only just begun
    try:
        return ask_liveness(state_dir), None
    except NewswireError as error:
        return {}, str(error)


def _service(name: str, report: ServiceReport, answers: dict[str, Answer]) -> ServiceStatus:
    answer = answers.get(name, Answer(is_live=None, silent_seconds=0.0))
    found = ServiceStatus(**report, **answer, advice=None)
    found["advice"] = advise_on(name, found)
    return found


def _is_elsewhere(address: str) -> bool:
    return address in load_settings(embedded=False).model_fields_set


def _lag(settings: Settings) -> tuple[dict[str, int] | None, str | None]:
    from newswire.kafka.lag import read_lag

    logging.getLogger("kafka").setLevel(logging.CRITICAL)  # its errors are reported in one sentence
    try:
        return read_lag(settings), None
    except NewswireError as error:
        return None, str(error)


def _addresses(settings: Settings) -> tuple[tuple[dict[str, int] | None, dict[str, int] | None], str | None]:
    from newswire.crawl.url_counts import count_overdue, count_quarantined

    try:
        late = timedelta(seconds=settings.overdue_after_seconds)
        return (count_overdue(settings, late), count_quarantined(settings)), None
    except NewswireError as error:
        return (None, None), str(error)


def _print(found: Status) -> None:
    console = Console()
    _write(console, f"The stack in {found['state_dir']} is {found['state']}.")
    for error in filter(None, (found["error"], found["supervisor_error"])):
        _write(console, error, "red")
    if found["advice"]:
        _write(console, found["advice"])
    if found["services"]:
        console.print(_services_table(found))
    for name, service in found["services"].items():
        if service["advice"]:
            _write(console, f"{name}: {service['advice']}", "red")
    _print_flow(console, found)


def _print_flow(console: Console, found: Status) -> None:
    if found["lag"]:
        _write(console, "Records behind: " + ", ".join(f"{stage} {lag}" for stage, lag in found["lag"].items()))
    if found["lag_error"]:
        _write(console, f"The lag is unknown: {found['lag_error']}")
    if found["overdue"]:
        sources = ", ".join(f"{source} {count}" for source, count in found["overdue"].items())
        _write(console, f"Addresses in flight for too long: {sources}", "red")
    if found["quarantined"]:
        sources = ", ".join(f"{source} {count}" for source, count in found["quarantined"].items())
        _write(console, f"Pages of sources in quarantine, left out by parse: {sources}", "red")
    if found["overdue_error"]:
        _write(console, f"The number of stuck addresses is unknown: {found['overdue_error']}")


def _write(console: Console, text: str, style: str | None = None) -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _services_table(found: Status) -> Table:
    table = Table("service", "state", "pid", "up for", "restarts", "port", box=None, padding=(0, 2))
    for name, service in found["services"].items():
        is_running = service["pid"] is not None and service["started_at"] is not None
        state = describe_state(service)
        table.add_row(
            name,
            f"[{COLOURS.get(state, 'yellow')}]{state}",
            str(service["pid"] or ""),
            short_duration(time.time() - (service["started_at"] or 0)) if is_running else "",
            str(service["restarts"] or ""),
            str(found["ports"].get("airflow" if name == "airflow-api" else name, "")),
        )
    return table
