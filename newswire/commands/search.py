"""The command `newswire search`: search articles on the terminal and from scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click
from rich.console import Console

from newswire.commands.search_options import WORDS_SETTINGS, Moment, read_request, search_options
from newswire.commands.search_view import show_results
from newswire.settings import settings
from newswire.terminal import printable

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

    from newswire.search.request import SearchRequest

COUNT_EVERY = 1_000


@click.command(context_settings=WORDS_SETTINGS)
@search_options
@click.option("--as-of", type=Moment(), help="Search the articles as they were at this time.")
@click.option("--facets", is_flag=True, help="Count hits by outlet, language, country, kind, section and date.")
@click.option("--timeline", is_flag=True, help="Count hits over time.")
@click.option("--after", metavar="CURSOR", help="The next page; each page prints its CURSOR at the end.")
@click.option(
    "--export",
    "form",
    type=click.Choice(["csv", "ndjson"]),
    help="Print all hits without a limit; ndjson includes the texts.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, words: tuple[str, ...], form: Literal["csv", "ndjson"] | None, as_json: bool, **filters: object) -> None:
    """Search articles by words, "exact phrases" and -excluded words, or with AND, OR, NOT and fields.

    docs/searching.md lists all that can be written. Exit code 0 even without hits, 1 on an error.
    """
    import msgspec

    from newswire.elastic.client import open_elasticsearch
    from newswire.search.search import search_articles

    request = read_request(words, filters)
    with open_elasticsearch(settings()) as client:
        if form:
            _export(client, request, form)
            return
        results = search_articles(client, settings().index_prefix, request)
    if as_json:
        click.echo(printable(msgspec.json.format(msgspec.json.encode(results), indent=2).decode()))
    else:
        show_results(Console(highlight=False), results)


def _export(client: Elasticsearch, request: SearchRequest, form: Literal["csv", "ndjson"]) -> None:
    from newswire.search.export import csv_lines, export_articles, json_lines

    lines = csv_lines if form == "csv" else json_lines
    with Console(stderr=True).status("Exporting") as status:
        for number, line in enumerate(lines(export_articles(client, settings().index_prefix, request))):
            click.echo(line, nl=False)
            if number and not number % COUNT_EVERY:
                status.update(f"Exporting: {number:,} articles")
