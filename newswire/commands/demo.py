"""The command `newswire demo`: run the whole pipeline on the demo press and compare the result."""

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

MAX_DIFFERENCES = 25


@click.group()
def command() -> None:
    """See the whole pipeline at work on a fictional press."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; progress goes to stderr.")
def run(*, as_json: bool) -> None:
    """Start everything, crawl the press and compare. Exit code 1 if texts, copies or stories differ from the press."""
    from newswire.demo.run import run_demo, start_with_press

    console = Console(stderr=as_json)
    console.print("Starting PostgreSQL, Kafka, Elasticsearch, Airflow, the stages and the demo press")
    settings = start_with_press(console)
    console.print("The scheduler crawls the press: first today's news, then corrections and late copy")
    result = run_demo(settings, console)
    if as_json:
        click.echo(json.dumps(_document(result), indent=1))
    else:
        _show(console, settings, result)
    sys.exit(1 if result.differences else 0)


def _document(result: DemoResult) -> dict[str, object]:
    return {
        "is_exact": not result.differences,
        "differences": result.differences,
        "seconds": round(result.seconds, 1),
        "outlets": {source: msgspec.to_builtins(tally) for source, tally in result.tallies.items()},
    }


def _show(console: Console, settings: Settings, result: DemoResult) -> None:
    from newswire.commands.stack import show_addresses
    from newswire.stack.report import read_report

    console.print(_table(result))
    _show_other_ends(console, result)
    _show_searches(console, settings, result)
    console.rule("Addresses of the services", align="left")
    show_addresses(console, read_report(settings.state_dir))
    _show_verdict(console, result)


def _table(result: DemoResult) -> Table:
    counts = ("found", "fetched", "parsed", "revised", "copies", "indexed", "other")
    # Fits into 80 columns, however narrow the window.
    table = Table("outlet", *counts, title="\nFinal state of every address", title_justify="left", box=SIMPLE_HEAD)
    table.padding, table.pad_edge = (0, 1, 0, 0), False
    table.columns[0].no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    for source, tally in result.tallies.items():
        numbers = (tally.discovered, tally.fetched, tally.parsed, tally.revisions, tally.copies, tally.indexed)
        table.add_row(result.truth.outlets[source].name, *map(str, numbers), str(tally.ends.total() or ""))
    return table


def _show_other_ends(console: Console, result: DemoResult) -> None:
    console.print("Other, as expected:" if not result.differences else "Other:")
    for source, tally in result.tallies.items():
        for end, count in sorted(tally.ends.items()):
            console.print(f"  {result.truth.outlets[source].name}: {count} {end}", highlight=False)


def _show_searches(console: Console, settings: Settings, result: DemoResult) -> None:
    from newswire.commands.search_view import show_results
    from newswire.demo.actual_run import request_of
    from newswire.elastic.client import open_elasticsearch
    from newswire.search.search import search_articles

    with open_elasticsearch(settings) as client:
        for wanted in result.truth.searches:
            option = f" --language {wanted.language}" if wanted.language else ""
            console.rule(f"newswire search '{wanted.query}'{option}", align="left")
            show_results(console, search_articles(client, settings.index_prefix, request_of(wanted, limit=3)))


def _show_verdict(console: Console, result: DemoResult) -> None:
    count = len(result.truth.articles)
    if not result.differences:
        stories = len({(article.story, article.language) for article in result.truth.articles.values()})
        console.print(f"[green]Exactly what the press published is searchable: {count} articles,")
        console.print(f"[green]each copy with its original, each article in its story ({stories} stories).")
        console.print(f"Crawled and compared in {result.seconds:.0f} s. Stop everything with: make down")
        return
    console.print(f"[red]{len(result.differences)} differences between the press and what is searchable:")
    for line in result.differences[:MAX_DIFFERENCES]:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    console.print("The stack keeps running; see newswire status, newswire logs and newswire dlq list.")
