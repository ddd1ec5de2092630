"""Read the result of a run over the demo press from the crawl state and Elasticsearch alone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import helpers

from newswire.crawl.database import open_reader
from newswire.demo.expectations import ActualArticle, ActualRun, ExpectedSearch, Truth
from newswire.elastic.client import build_alias, elastic_outages_as_retry, open_elasticsearch
from newswire.search.request import SearchRequest
from newswire.search.search import search_articles
from newswire.settings import Settings

IN_FLIGHT = ("fetched", "parsed")
READ = ("parsed", "indexed", "unchanged")
FIELDS = [
    "article_id", "canonical_url", "source", "title", "body", "language", "published_at", "authors", "version",
    "is_copy", "family_id", "copy_of", "copy_tier", "story_id",
]  # fmt: skip


@dataclass(slots=True)
class Tally:
    """One outlet's row in the final table of the demo."""

    discovered: int = 0
    fetched: int = 0
    parsed: int = 0
    revisions: int = 0
    copies: int = 0
    indexed: int = 0
    ends: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Progress:
    """The number of the press's addresses by state, and how many are still due."""

    by_state: Counter[str]
    due: int

    @property
    def discovered(self) -> int:
        """Return how many addresses are known, in any state."""
        return self.by_state.total()

    @property
    def is_quiet(self) -> bool:
        """Return whether nothing is in flight through the topics."""
        return not any(self.by_state[state] for state in IN_FLIGHT)


def read_progress(settings: Settings, sources: Iterable[str]) -> Progress:
    """Return the progress of the addresses of these sources. Raises Retry while PostgreSQL is unavailable."""
    rows = _urls(settings, sources)
    due = sum(row["state"] == "discovered" or row["is_changed"] for row in rows)
    return Progress(Counter(row["state"] for row in rows), due)


def read_actual_run(settings: Settings, truth: Truth) -> tuple[ActualRun, dict[str, Tally]]:
    """Return all searchable articles and the final state of every address, and the same as a tally per outlet."""
    articles = list(_articles(settings, truth.outlets))
    rows = _urls(settings, truth.outlets)
    tallies = {source: Tally() for source in truth.outlets}
    for row in rows:
        _count_url(tallies[row["source"]], row)
    for article in articles:
        tally = tallies[article["source"]]
        tally.indexed += 1
        tally.copies += bool(article.get("is_copy"))
        tally.revisions += article["version"] - 1
    found = {article["canonical_url"]: _found_article(article) for article in articles}
    return ActualRun(found, {row["url"]: _end(row) for row in rows}), tallies


def find_missing_hits(settings: Settings, truth: Truth) -> list[str]:
    """Return a line for each article that a demonstrated search should find and does not."""
    missed = []
    with open_elasticsearch(settings) as client:
        for wanted in truth.searches:
            found = search_articles(client, settings.index_prefix, request_of(wanted, fold="nothing", limit=50))
            urls = {hit.article.canonical_url for hit in found.hits}
            missed += [f"{url}: not found by the search {wanted.query!r}" for url in wanted.urls if url not in urls]
    return missed


def request_of(wanted: ExpectedSearch, **options: Any) -> SearchRequest:
    """Return the request of a demonstrated search."""
    languages = (wanted.language,) if wanted.language else ()
    return SearchRequest(words=wanted.query, languages=languages, **options)


def _count_url(tally: Tally, row: dict[str, Any]) -> None:
    tally.discovered += 1
    tally.fetched += row["fetched_at"] is not None
    tally.parsed += row["state"] in READ
    if row["state"] not in READ:
        tally.ends[_end(row)] += 1


def _end(row: dict[str, Any]) -> str:
    return f"{row['state']}({row['reason']})" if row["reason"] else str(row["state"])


def _found_article(document: dict[str, Any]) -> ActualArticle:
    published = document.get("published_at")
    return ActualArticle(
        article_id=document["article_id"],
        family_id=document["family_id"],
        story_id=document["story_id"],
        title=document["title"],
        body=document["body"],
        language=document["language"],
        day=dt.datetime.fromisoformat(published).astimezone(dt.UTC).date() if published else None,
        authors=tuple(document.get("authors", ())),
        version=document["version"],
        derived_from=document.get("copy_of") if document.get("copy_tier") == "derived" else None,
    )


def _articles(settings: Settings, sources: Iterable[str]) -> Iterator[dict[str, Any]]:
    query = {"query": {"terms": {"source": list(sources)}}, "_source": FIELDS}
    with open_elasticsearch(settings) as client, elastic_outages_as_retry():
        client.indices.refresh(index=build_alias(settings.index_prefix))
        for hit in helpers.scan(client, query=query, index=build_alias(settings.index_prefix)):
            yield hit["_source"]


def _urls(settings: Settings, sources: Iterable[str]) -> list[dict[str, Any]]:
    query = "select url, source, state, reason, fetched_at, is_changed from urls where source = any(%s)"
    with open_reader(settings) as connection:
        return connection.execute(query, [list(sources)]).fetchall()
