"""`newswire search`: the first window for analysts, on the terminal and for scripts."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from newswire.search.options import WORDS_SETTINGS, read_request, search_options
from newswire.settings import settings
from newswire.terminal import one_line, printable

if TYPE_CHECKING:
    from newswire.search.results import FoundArticle, Hit, Marked, SearchResults

MATCH_STYLE = "bold yellow"
QUIET_STYLE = "dim"
INDENT = 4


@click.command(context_settings=WORDS_SETTINGS)
@search_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
def command(*, words: tuple[str, ...], as_json: bool, **wishes: object) -> None:
    """Search the articles: words, "exact phrases", -without this. Exit code 0, found or not; 1 on an error."""
    import msgspec

    from newswire.elastic import open_elasticsearch
    from newswire.search.finding import search

    request = read_request(words, wishes)
    with open_elasticsearch(settings()) as client:
        results = search(client, settings().index_prefix, request)
    if as_json:
        click.echo(printable(msgspec.json.format(msgspec.json.encode(results), indent=2).decode()))
    else:
        show_results(Console(highlight=False), results)


def show_results(console: Console, results: SearchResults) -> None:
    """Print results for a reader; the demo shows its searches with this too."""
    console.print(Text(_headline(results), QUIET_STYLE))
    for number, hit in enumerate(results.hits, 1):
        _show_hit(console, number, hit)


def _headline(results: SearchResults) -> str:
    if not results.total:
        return "Nothing found."
    folded = f" in {results.groups} groups" if results.groups != results.total else ""
    return f"{results.total} {'article' if results.total == 1 else 'articles'}{folded}, {results.took_ms} ms"


def _show_hit(console: Console, number: int, hit: Hit) -> None:
    title = Text(f"{number:>2}. ") + _marked(hit.title, "bold")
    console.print()
    console.print(title)
    for line in (Text(_byline(hit), "cyan"), *(_marked(snippet) for snippet in hit.snippets)):
        console.print(Padding(line, (0, 0, 0, INDENT)))
    # Never wrapped: an address is there to be copied.
    console.print(Text(" " * INDENT + printable(hit.article.url), QUIET_STYLE), soft_wrap=True)


def _marked(pieces: Marked, style: str = "") -> Text:
    text = Text(style=style)
    for piece in pieces:
        text.append(printable(re.sub(r"\s+", " ", piece.text)), MATCH_STYLE if piece.is_match else "")
    return text


def _byline(hit: Hit) -> str:
    article = hit.article
    when = f"{article.dated_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    parts = [article.outlet, when if article.published_at else f"seen {when}", article.language]
    if article.is_copy:
        parts.append("a copy")
    if hit.folded_count:
        parts.append(_folded(hit.folded_count, hit.folded))
    return one_line(" · ".join(parts))


def _folded(count: int, members: tuple[FoundArticle, ...]) -> str:
    names = ", ".join(member.outlet for member in members)
    more = f" and {count - len(members)} more" if count > len(members) else ""
    if not all(member.is_copy for member in members):
        return f"with {count} more: {names}{more}"
    return f"{count} {'copy' if count == 1 else 'copies'}: {names}{more}"
