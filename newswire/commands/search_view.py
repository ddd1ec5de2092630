"""Print search results on a terminal, for the commands `search`, `saved run` and `demo run`."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from newswire.search.results import Facet, FacetValue, FoundArticle, Hit, Marked, SearchResults, TimelineBucket
from newswire.terminal import one_line, printable

MATCH_STYLE = "bold yellow"
QUIET_STYLE = "dim"
INDENT = 4
BARS = " ▁▂▃▄▅▆▇█"


def show_results(console: Console, results: SearchResults) -> None:
    """Print results as text."""
    console.print(Text(_headline(results), QUIET_STYLE))
    if results.understood:
        console.print(Text(f"Searched for {printable(results.understood)}", QUIET_STYLE), soft_wrap=True)
    if results.is_loose:
        console.print(Text("No article has all of these words; these have most of them.", "yellow"))
    if results.suggestion:
        console.print(Text(f"Did you mean: {printable(results.suggestion)}", "yellow"))
    if results.timeline:
        console.print(Text(draw_timeline(results.timeline)), soft_wrap=True)
    if results.facets:
        console.print(_facets(results.facets))
    for number, hit in enumerate(results.hits, 1):
        _show_hit(console, number, hit)
    if results.next:
        console.print(Text(f"\nMore with --after {results.next}", QUIET_STYLE), soft_wrap=True)


def draw_timeline(buckets: tuple[TimelineBucket, ...]) -> str:
    """Return one line with a bar for each time step, between its first and last time."""
    most = max(bucket.count for bucket in buckets)
    bars = "".join(BARS[-(-bucket.count * (len(BARS) - 1) // most)] if most else " " for bucket in buckets)
    return f"{_minute(buckets[0].start)} {bars} {_minute(buckets[-1].start)}, at most {most} per step"


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
    # Not wrapped, so that the URL can be copied.
    console.print(Text(" " * INDENT + printable(hit.article.url), QUIET_STYLE), soft_wrap=True)


def _marked(pieces: Marked, style: str = "") -> Text:
    text = Text(style=style)
    for piece in pieces:
        text.append(printable(re.sub(r"\s+", " ", piece.text)), MATCH_STYLE if piece.is_match else "")
    return text


def _byline(hit: Hit) -> str:
    article = hit.article
    when = f"{_minute(article.dated_at)} UTC"
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


def _facets(facets: tuple[Facet, ...]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    for facet in facets:
        if facet.values:
            table.add_row(facet.name.replace("_", " "), Text(one_line(" · ".join(map(_value, facet.values)))))
    return table


def _value(value: FacetValue) -> str:
    return f"{'✓ ' if value.chosen else ''}{value.value} {value.count}"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"
