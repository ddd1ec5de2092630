"""Exports everything that a search finds, without a limit: as articles, CSV or lines of JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from elasticsearch import Elasticsearch, NotFoundError

from newswire.elastic.client import elastic_outages_as_retry
from newswire.search.as_of import indexes_of
from newswire.search.query import NEWEST_FIRST, build_query
from newswire.search.request import SearchRequest
from newswire.search.results import FoundArticle
from newswire.terminal import printable

PAGE: Final = 1_000
KEEP_ALIVE: Final = "2m"  # of the point-in-time view, from page to page
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


class ExportedArticle(FoundArticle, frozen=True, kw_only=True):
    """An article of an export, with its text; `family_id` and `story_id` show what belongs together."""

    body: str


def export_articles(client: Elasticsearch, prefix: str, request: SearchRequest) -> Iterator[ExportedArticle]:
    """Yield every article that a search finds, the newest first, ungrouped.

    The export sees the index as it was when it began: later changes neither hide nor repeat an article.
    """
    with elastic_outages_as_retry():
        view = _open_view(client, indexes_of(prefix, request))
        if view is None:
            return
        try:
            for found in _pages(client, view, request):
                yield msgspec.convert(found, ExportedArticle)
        finally:
            client.options(ignore_status=404).close_point_in_time(id=view)


def csv_lines(articles: Iterator[ExportedArticle]) -> Iterator[str]:
    """Yield CSV with a header row; the texts are left out, because they do not fit into a spreadsheet's cells."""
    columns = [name for name in ExportedArticle.__struct_fields__ if name != "body"]
    yield _row(columns)
    for article in articles:
        values = msgspec.to_builtins(article)
        yield _row([_cell(values[name]) for name in columns])


def json_lines(articles: Iterator[ExportedArticle]) -> Iterator[str]:
    """Yield one line of JSON for each article."""
    for article in articles:
        yield printable(msgspec.json.encode(article).decode()) + "\n"


def _open_view(client: Elasticsearch, indexes: list[str]) -> str | None:
    try:
        answer = client.open_point_in_time(index=indexes, keep_alive=KEEP_ALIVE, ignore_unavailable=True)
    except NotFoundError:
        return None  # nothing is indexed yet
    return str(answer["id"])


def _pages(client: Elasticsearch, view: str, request: SearchRequest) -> Iterator[dict[str, Any]]:
    query = build_query(request).to_dict()
    after: dict[str, Any] = {}
    while True:
        answer = client.search(
            pit={"id": view, "keep_alive": KEEP_ALIVE},
            query=query,
            sort=NEWEST_FIRST,
            size=PAGE,
            track_total_hits=False,
            source_includes=list(ExportedArticle.__struct_fields__),
            **after,
        )
        hits = answer["hits"]["hits"]
        yield from (hit["_source"] for hit in hits)
        if len(hits) < PAGE:
            return
        after = {"search_after": hits[-1]["sort"]}


def _row(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _cell(value: object) -> str:
    """Return a cell's text, with an apostrophe before what a spreadsheet would take for a formula (OWASP)."""
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
    return printable(f"'{text}" if text.startswith(FORMULA_SIGNS) else text)
