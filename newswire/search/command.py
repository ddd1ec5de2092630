"""`newswire search`: the first window for analysts, on the terminal and for scripts."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from newswire.settings import settings
from newswire.terminal import one_line, printable

if TYPE_CHECKING:
    from newswire.search.results import FoundArticle, Hit, Marked, SearchResults

MATCH_STYLE = "bold yellow"
QUIET_STYLE = "dim"
INDENT = 4
_AGO = re.compile(r"(\d{1,5})(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Moment(click.ParamType[datetime]):
    """A day, a time or an age: 2026-03-02, 2026-03-02T08:30, 90m, 12h, 7d, 2w; without a zone it is UTC.

    A day means its first moment, or its last when `is_end`.
    """

    name = "time"

    def __init__(self, *, is_end: bool = False) -> None:
        self._is_end = is_end

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the moment."""
        text = str(value)
        if ago := _AGO.fullmatch(text):
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is no time; say 2026-03-02, 2026-03-02T08:30 or an age such as 12h or 7d", param, ctx)
        is_day = "T" not in text and " " not in text
        if self._is_end and is_day:
            moment += timedelta(days=1)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command(context_settings={"ignore_unknown_options": True})  # -word is a word to exclude
@click.argument("words", nargs=-1)
@click.option("--since", type=Moment(), help="Not before this day, time or age (7d).")
@click.option("--until", type=Moment(is_end=True), help="Not after this day or time.")
@click.option("--by", type=click.Choice(["published", "seen"]), default="published", help="Which time these mean.")
@click.option("--outlet", "outlets", multiple=True, help="Only this outlet, by name or source id; repeatable.")
@click.option("--language", "languages", multiple=True, help="Only this language (en, es …); repeatable.")
@click.option("--host", "hosts", multiple=True, help="Only this host; repeatable.")
@click.option("--story", "story_id", help="Only this story's articles, by its id.")
@click.option("--originals", "which", flag_value="originals", default="all", help="Leave copies out.")
@click.option("--copies", "which", flag_value="copies", help="Only copies.")
@click.option("--fold", type=click.Choice(["copies", "stories", "nothing"]), default="copies", show_default=True)
@click.option("--sort", type=click.Choice(["relevance", "date"]), default="relevance", show_default=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
def command(*, words: tuple[str, ...], as_json: bool, **wishes: object) -> None:
    """Search the articles: words, "exact phrases", -without this. Exit code 0, found or not; 1 on an error."""
    import msgspec

    from newswire.elastic import open_elasticsearch
    from newswire.search.finding import search
    from newswire.search.request import SearchRequest

    if misspelt := [word for word in words if word.startswith("--")]:
        raise click.NoSuchOption(misspelt[0])
    request = msgspec.convert({"words": " ".join(words), **wishes}, SearchRequest)
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
