"""The commands `newswire saved`: save a search under a name, run it, or push its new hits to the topic `alerts`."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from newswire.commands.search_options import WORDS_SETTINGS, read_request, search_options
from newswire.settings import settings
from newswire.terminal import one_line, printable

if TYPE_CHECKING:
    from newswire.saved.searches import SavedSearch
    from newswire.search.request import SearchRequest

MAX_NAME_CHARACTERS = 200

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Save searches under a name, list and run them."""


@command.command(context_settings=WORDS_SETTINGS)
@click.argument("name")
@search_options
@click.option("--push", "pushes", is_flag=True, help="Send articles that match it from now on to the topic alerts.")
@as_json_option
def add(*, name: str, words: tuple[str, ...], pushes: bool, as_json: bool, **filters: object) -> None:
    """Save a search with the words and filters of `newswire search`. Ages such as 7d are stored as times."""
    from newswire.elastic.client import open_elasticsearch
    from newswire.saved.searches import SavedSearch, add_search, search_id_of
    from newswire.search.search import search_articles

    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise click.BadParameter(f"must have 1 to {MAX_NAME_CHARACTERS} characters", param_hint="NAME")
    request = read_request(words, filters)
    now = datetime.now(UTC)
    saved = SavedSearch(query_id=search_id_of(name), name=name, request=request, created_at=now, pushes=pushes)
    with open_elasticsearch(settings()) as client:
        # Fails if the search cannot be run, and then it is not saved.
        results = search_articles(client, settings().index_prefix, request)
        add_search(client, settings().index_prefix, saved)
    if as_json:
        _print_json(saved)
        return
    found = 0 if results.is_loose else results.total  # articles with only most of the words are never pushed
    click.echo(printable(f"Saved as {name!r}. It matches {found} articles now."))
    if pushes:
        click.echo("New matches are sent to the topic alerts: newswire topics tail alerts --follow")


@command.command("list")
@as_json_option
def list_(*, as_json: bool) -> None:
    """List the saved searches: their words and filters, which push, and which are disabled and why."""
    from newswire.elastic.client import open_elasticsearch
    from newswire.saved.searches import list_searches

    with open_elasticsearch(settings()) as client:
        searches = list_searches(client, settings().index_prefix)
    if as_json:
        _print_json(searches)
        return
    table = Table("name", "search", "saved", "state", box=None, pad_edge=False)
    for saved in searches:
        cells = (saved.name, describe(saved.request), f"{saved.created_at:%Y-%m-%d %H:%M} UTC", _state(saved))
        table.add_row(*map(one_line, cells))
    Console(highlight=False, markup=False).print(table if searches else "No saved searches.")
    disabled = sum(saved.disabled_reason is not None for saved in searches)
    click.echo(f"{len(searches)} saved, {sum(saved.pushes for saved in searches)} push, {disabled} disabled")


@command.command()
@click.argument("name")
@as_json_option
def run(name: str, *, as_json: bool) -> None:
    """Run a saved search. Exit code 0 even without hits, 1 on an error."""
    from newswire.commands.search_view import show_results
    from newswire.elastic.client import open_elasticsearch
    from newswire.saved.searches import find_search
    from newswire.search.search import search_articles

    with open_elasticsearch(settings()) as client:
        saved = find_search(client, settings().index_prefix, name)
        results = search_articles(client, settings().index_prefix, saved.request)
    if as_json:
        _print_json(results)
    else:
        show_results(Console(highlight=False), results)


@command.command()
@click.argument("name")
def remove(name: str) -> None:
    """Delete a saved search."""
    from newswire.elastic.client import open_elasticsearch
    from newswire.saved.searches import remove_search

    with open_elasticsearch(settings()) as client:
        remove_search(client, settings().index_prefix, name)
    click.echo(printable(f"Removed {name!r}."))


def describe(request: SearchRequest) -> str:
    """Return a request as one line: its words, and every filter that differs from the default."""
    chosen = [
        f"{field.name}={_plain(value)}"
        for field in fields(request)
        if field.name != "words" and (value := getattr(request, field.name)) != field.default
    ]
    return " ".join([request.words or "everything", *chosen])


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value.isoformat(timespec="minutes") if isinstance(value, datetime) else str(value)


def _state(saved: SavedSearch) -> str:
    if saved.disabled_reason:
        return f"disabled: {saved.disabled_reason}"
    return "pushes" if saved.pushes else ""


def _print_json(value: object) -> None:
    import msgspec

    click.echo(printable(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()))
