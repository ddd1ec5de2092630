"""The command `crawl`: has Airflow crawl sources or a whole tier now, and follows the run."""

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
TITLES = {"queued": "waiting", "scheduled": "waiting", "success": "done", "up_for_retry": "trying again"}


class CrawlResult(TypedDict):
    """What `--json` prints."""

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
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 500), help="Articles a source.")
@click.option("--fresh", is_flag=True, help="Read lists that say they did not change, too.")
@click.option("--no-wait", is_flag=True, help="Start the run and leave.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    sources: tuple[str, ...], tier: TierName | None, limit: int, *, fresh: bool, no_wait: bool, as_json: bool
) -> None:
    """Crawl SOURCES now, or all of a tier; exit code 0 if the run succeeded."""
    settings = load_settings()
    dag_id, conf = _order(settings, sources, tier, limit=limit, fresh=fresh)
    console = Console(stderr=as_json)
    with open_airflow(settings) as airflow:
        run = airflow.trigger(dag_id, conf)
        if not no_wait:
            run = _follow(airflow, run, console)
        outcome = _outcome(airflow, run)
    if as_json:
        click.echo(json.dumps(outcome, indent=1))
    else:
        _print(outcome, console)
    sys.exit(1 if run.state == "failed" else 0)


def _order(
    settings: Settings, sources: tuple[str, ...], tier: TierName | None, *, limit: int, fresh: bool
) -> tuple[str, dict[str, object]]:
    """Return the DAG to run and its parameters; a source that cannot be crawled is told before anything starts."""
    if bool(sources) == bool(tier):
        raise ConfigError("name the sources to crawl, or a --tier; `newswire sources list` shows them")
    catalogue = load_catalogue(settings)
    if tier:
        if not catalogue.enabled(tier):
            raise ConfigError(f"no enabled source has the tier {tier}; see `newswire sources list`")
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
    """Return the tasks in words, such as "discover 3 done, 1 running; fetch 4 waiting"."""
    words: dict[str, list[str]] = {}
    for (task, state), number in sorted(tasks.items()):
        words.setdefault(task, []).append(f"{number} {TITLES.get(state, state)}")
    return "; ".join(f"{task} {', '.join(states)}" for task, states in words.items())


def _outcome(airflow: Airflow, run: Run) -> CrawlResult:
    totals = (airflow.returned(run.dag_id, run.run_id, CLOSING_TASK, COUNTS) if run.has_ended else None) or {}
    return CrawlResult(
        dag_id=run.dag_id,
        run_id=run.run_id,
        state=run.state,
        page=airflow.page(run),
        counts=totals.get("counts", {}),
        failed=totals.get("reasons", {}),
        verdict=totals.get("verdict"),
    )


def _print(outcome: CrawlResult, console: Console) -> None:
    colour = "red" if outcome["state"] == "failed" else "green"
    console.print(f"[{colour}]{outcome['dag_id']}: {outcome['state']}[/]")
    if outcome["verdict"]:
        console.print(outcome["verdict"], markup=False)
    if outcome["counts"]:
        table = Table("", "", show_header=False, box=None)
        for name, number in outcome["counts"].items():
            if number:
                table.add_row(name.replace("_", " "), str(number))
        console.print(table)
    for member, reason in outcome["failed"].items():
        console.print(f"{member}: {reason}", markup=False, style="red")
    console.print(f"The run: {outcome['page']}", markup=False, soft_wrap=True)
    if outcome["counts"].get("fetched"):
        console.print("The stages go on from here. Next: newswire status, then newswire search 'words'")
