"""The command `newswire crawl`: let Airflow crawl sources or a whole tier now, and follow the run."""

from __future__ import annotations

import json
import sys
from typing import TypedDict

import click
from rich.console import Console
from rich.table import Table

from newswire.airflow.rest_client import Airflow, Run, TaskCounts, open_airflow
from newswire.errors import ConfigError
from newswire.settings import Settings, load_settings
from newswire.sources.catalogue import load_catalogue
from newswire.sources.schedule import TIERS, TierName

DAG_ID = "crawl_source"
CLOSING_TASK = "announce"
COUNTS = "counts"
TIMEOUT_SECONDS = 1800.0
STATE_LABELS = {"queued": "waiting", "scheduled": "waiting", "success": "done", "up_for_retry": "retrying"}


class CrawlResult(TypedDict):
    """The JSON document that `--json` prints."""

    dag_id: str
    run_id: str
    state: str
    page: str
    counts: dict[str, int]
    failed: dict[str, str]
    verdict: str | None


@click.command("crawl")
@click.argument("sources", nargs=-1)
@click.option("--tier", type=click.Choice(list(TIERS)), help="Crawl every source of a tier instead.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500), help="Articles per source.")
@click.option("--fresh", is_flag=True, help="Also read lists that report no change.")
@click.option("--no-wait", is_flag=True, help="Start the run and exit without waiting for it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    sources: tuple[str, ...], tier: TierName | None, limit: int, *, fresh: bool, no_wait: bool, as_json: bool
) -> None:
    """Crawl SOURCES now, or all sources of a tier. Exit code 1 if the run failed."""
    settings = load_settings()
    dag_id, conf = _dag_and_conf(settings, sources, tier, limit=limit, fresh=fresh)
    console = Console(stderr=as_json)
    with open_airflow(settings) as airflow:
        run = airflow.trigger(dag_id, conf)
        if not no_wait:
            run = _follow(airflow, run, console)
        result = _read_result(airflow, run)
    if as_json:
        click.echo(json.dumps(result, indent=1))
    else:
        _print(result, console)
    sys.exit(1 if run.state == "failed" else 0)


def _dag_and_conf(
    settings: Settings, sources: tuple[str, ...], tier: TierName | None, *, limit: int, fresh: bool
) -> tuple[str, dict[str, object]]:
    """Return the DAG to run and its parameters; raises ConfigError before anything starts if a source is unknown."""
    if bool(sources) == bool(tier):
        raise ConfigError("name the sources to crawl, or give a --tier (not both); `newswire sources list` shows them")
    catalogue = load_catalogue(settings)
    if tier:
        if not catalogue.enabled(tier):
            raise ConfigError(f"no source of tier {tier} is enabled; see `newswire sources list`")
        return f"crawl_{tier}", {}
    for source in sources:
        catalogue.choose(source)
    return DAG_ID, {"sources": sorted(set(sources)), "limit": limit, "fresh": fresh}


def _follow(airflow: Airflow, run: Run, console: Console) -> Run:
    with console.status(f"{run.dag_id}: waiting for Airflow") as status:

        def watch(tasks: TaskCounts) -> None:
            status.update(f"{run.dag_id}: {_progress(tasks)}")

        return airflow.wait(run.dag_id, run.run_id, timeout_seconds=TIMEOUT_SECONDS, watch=watch)


def _progress(tasks: TaskCounts) -> str:
    """Return the tasks as text, such as "discover 3 done, 1 running; fetch 4 waiting"."""
    parts: dict[str, list[str]] = {}
    for (task, state), number in sorted(tasks.items()):
        parts.setdefault(task, []).append(f"{number} {STATE_LABELS.get(state, state)}")
    return "; ".join(f"{task} {', '.join(states)}" for task, states in parts.items())


def _read_result(airflow: Airflow, run: Run) -> CrawlResult:
    totals = (airflow.xcom(run.dag_id, run.run_id, CLOSING_TASK, COUNTS) if run.has_ended else None) or {}
    return CrawlResult(
        dag_id=run.dag_id,
        run_id=run.run_id,
        state=run.state,
        page=airflow.page(run),
        counts=totals.get("counts", {}),
        failed=totals.get("reasons", {}),
        verdict=totals.get("verdict"),
    )


def _print(result: CrawlResult, console: Console) -> None:
    colour = "red" if result["state"] == "failed" else "green"
    console.print(f"[{colour}]{result['dag_id']}: {result['state']}[/]")
    if result["verdict"]:
        console.print(result["verdict"], markup=False)
    if result["counts"]:
        table = Table("", "", show_header=False, box=None)
        for name, number in result["counts"].items():
            if number:
                table.add_row(name.replace("_", " "), str(number))
        console.print(table)
    for member, reason in result["failed"].items():
        console.print(f"{member}: {reason}", markup=False, style="red")
    console.print(f"Run: {result['page']}", markup=False, soft_wrap=True)
    if result["counts"].get("fetched"):
        console.print("The stages now process the pages. Next: newswire status, then newswire search 'words'")
