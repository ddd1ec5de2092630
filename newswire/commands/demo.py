"""The command `newswire demo`: the whole product on the demo press, with a verdict."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click
import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from newswire.demo.run import DemoResult
    from newswire.settings import Settings

MOST_DIFFERENCES = 25


@click.group()
def command() -> None:
    """See the whole product at work on a fictional press."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON; progress goes to stderr.")
def run(*, as_json: bool) -> None:
    """Start everything, crawl the press, and compare; exit code 0 if texts, copies and stories are as it has them."""
    from newswire.demo.run import run_demo, start_with_press

    console = Console(stderr=as_json)
    console.print("Starting PostgreSQL, Kafka, Elasticsearch, Airflow, the stages and the demo press")
    settings = start_with_press(console)
    console.print("The scheduler crawls the press: today's news, then corrections and late copy")
    outcome = run_demo(settings, console)
    if as_json:
        click.echo(json.dumps(_document(outcome), indent=1))
    else:
        _show(console, settings, outcome)
    sys.exit(1 if outcome.differences else 0)


def _document(outcome: DemoResult) -> dict[str, object]:
    return {
        "is_exact": not outcome.differences,
        "differences": outcome.differences,
        "seconds": round(outcome.seconds, 1),
        "outlets": {source: msgspec.to_builtins(tally) for source, tally in outcome.tallies.items()},
    }


def _show(console: Console, settings: Settings, outcome: DemoResult) -> None:
    from newswire.commands.stack import show_addresses
    from newswire.stack.report import read_report

    console.print(_table(outcome))
    _show_other_ends(console, outcome)
    _show_searches(console, settings, outcome)
    console.rule("Where everything is", align="left")
    show_addresses(console, read_report(settings.state_dir))
    _show_verdict(console, outcome)


def _table(outcome: DemoResult) -> Table:
    counts = ("found", "fetched", "parsed", "revised", "copies", "indexed", "else")
    # Fits into 80 columns, however narrow the window.
    table = Table("outlet", *counts, title="\nWhat became of every address", title_justify="left", box=SIMPLE_HEAD)
    table.padding, table.pad_edge = (0, 1, 0, 0), False
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for source, tally in outcome.tallies.items():
        numbers = (tally.discovered, tally.fetched, tally.parsed, tally.revisions, tally.copies, tally.indexed)
        table.add_row(outcome.truth.outlets[source].name, *map(str, numbers), str(tally.ends.total() or ""))
    return table


def _show_other_ends(console: Console, outcome: DemoResult) -> None:
    console.print("Else, as it should be:" if not outcome.differences else "Else:")
    for source, tally in outcome.tallies.items():
        for end, count in sorted(tally.ends.items()):
            console.print(f"  {outcome.truth.outlets[source].name}: {count} {end}", highlight=False)


def _show_searches(console: Console, settings: Settings, outcome: DemoResult) -> None:
    from newswire.commands.search_view import show_results
    from newswire.demo.actual import request_of
    from newswire.elastic.client import open_elasticsearch
    from newswire.search.search import search

    with open_elasticsearch(settings) as client:
        for wanted in outcome.truth.searches:
            option = f" --language {wanted.language}" if wanted.language else ""
            console.rule(f"newswire search '{wanted.query}'{option}", align="left")
            show_results(console, search(client, settings.index_prefix, request_of(wanted, limit=3)))


def _show_verdict(console: Console, outcome: DemoResult) -> None:
    count = len(outcome.truth.articles)
    if not outcome.differences:
        stories = len({(article.story, article.language) for article in outcome.truth.articles.values()})
        console.print(f"[green]Exactly what the press published is searchable: {count} articles,")
        console.print(f"[green]each copy with its original, each telling in its story ({stories} stories).")
        console.print(f"Crawled and checked in {outcome.seconds:.0f} s. Stop everything with: make down")
        return
    console.print(f"[red]{len(outcome.differences)} differences between the press and what is searchable:")
    for line in outcome.differences[:MOST_DIFFERENCES]:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    console.print("The stack stays up: newswire status, newswire logs, newswire dlq list tell more.")
