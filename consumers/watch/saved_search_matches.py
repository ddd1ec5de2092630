"""Runs saved searches against the article versions of a batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Literal, NamedTuple

from elasticsearch import Elasticsearch
from msgspec import Struct, convert

from newswire.elastic.client import build_index_name
from newswire.errors import Retry
from newswire.saved.searches import MAX_SEARCHES, SavedSearch
from newswire.search.query import build_query
from newswire.search.request import SearchError, SearchRequest
from schemas.messages import IndexedArticle

SEARCHES_AT_ONCE = 250  # bounds a request to some megabytes; larger ones are not faster
REASON_CHARACTERS = 300
Query = dict[str, Any]


class FoundVersion(Struct, frozen=True, kw_only=True):
    """The fields of an article version that an alert carries, under their names in the index."""

    article_id: str
    version: int
    title: str
    outlet: str
    url: str
    story_id: str
    language: str
    published_at: datetime | None = None


class SavedSearchMatch(NamedTuple):
    """A saved search and an article version that it matches."""

    search: SavedSearch
    version: FoundVersion


class SearchRefusal(NamedTuple):
    """A saved search that cannot be run, and why."""

    search: SavedSearch
    reason: str


def find_matches(
    client: Elasticsearch, prefix: str, searches: Sequence[SavedSearch], announced: Sequence[IndexedArticle]
) -> Iterator[SavedSearchMatch | SearchRefusal]:
    """Yield the matches among the announced versions, and the searches that cannot be run.

    Raises Retry when a search fails for a reason outside the search itself.
    """
    if not searches or not announced:
        return
    articles = _indexes_of(prefix, announced, "articles")
    yield from _run(client, searches, articles, announced)
    # Checked last: a version that is still current was current for every search above.
    if superseded := _superseded(client, articles, announced):
        revisions = _indexes_of(prefix, superseded, "revisions")
        # A superseded version is written before the newer one, but the two indexes are not refreshed together.
        client.indices.refresh(index=revisions, ignore_unavailable=True)
        yield from _run(client, searches, revisions, superseded)


def _run(
    client: Elasticsearch, searches: Sequence[SavedSearch], indexes: list[str], announced: Sequence[IndexedArticle]
) -> Iterator[SavedSearchMatch | SearchRefusal]:
    only_these = _only(announced)
    remaining = iter(searches)
    while group := [*islice(remaining, SEARCHES_AT_ONCE)]:
        lines: list[Mapping[str, Any]] = []
        runnable = []
        for search in group:
            try:
                query = {"bool": {"filter": [only_these, _query_of(search.request)]}}
            except SearchError as error:
                yield SearchRefusal(search, str(error))
                continue
            runnable.append(search)
            lines += [{"index": indexes, **_COMPLETE}, {"query": query, "size": len(announced), **_UNRANKED}]
        answers = client.msearch(searches=lines)["responses"] if lines else ()
        for search, answer in zip(runnable, answers, strict=True):
            yield from _read(search, answer)


# A month's index may be missing; from those that exist, a partial answer would look like no match.
_COMPLETE: dict[str, Any] = {
    "ignore_unavailable": True,
    "allow_no_indices": True,
    "allow_partial_search_results": False,
}
_UNRANKED = {"sort": ["_doc"], "track_total_hits": False, "_source": list(FoundVersion.__struct_fields__)}


def _superseded(client: Elasticsearch, indexes: list[str], announced: Sequence[IndexedArticle]) -> list[IndexedArticle]:
    """Return the versions that are no longer among the articles: superseded, or taken down."""
    names = ["article_id", "version"]
    answer = client.search(
        index=indexes, query=_only(announced), size=len(announced), source_includes=names, **_COMPLETE
    )
    current = {tuple(hit["_source"][name] for name in names) for hit in answer["hits"]["hits"]}
    return [article for article in announced if (article.article_id, article.version) not in current]


def _indexes_of(prefix: str, announced: Sequence[IndexedArticle], kind: Literal["articles", "revisions"]) -> list[str]:
    return sorted({build_index_name(prefix, article.first_seen_at, kind) for article in announced})


def _only(announced: Sequence[IndexedArticle]) -> Query:
    """Return the filter for exactly these versions."""
    ids_of: defaultdict[int, list[str]] = defaultdict(list)
    for article in announced:
        ids_of[article.version].append(article.article_id)
    versions = [
        {"bool": {"filter": [{"term": {"version": version}}, {"terms": {"article_id": ids}}]}}
        for version, ids in ids_of.items()
    ]
    return {"bool": {"should": versions, "minimum_should_match": 1}}


@lru_cache(maxsize=MAX_SEARCHES)
def _query_of(request: SearchRequest) -> Query:
    query: Query = build_query(request).to_dict()
    return query


def _read(search: SavedSearch, answer: Mapping[str, Any]) -> Iterator[SavedSearchMatch | SearchRefusal]:
    if error := answer.get("error"):
        causes = error.get("root_cause") or [error]
        reason = f"Elasticsearch refuses it: {causes[0].get('reason')}"[:REASON_CHARACTERS]
        if answer["status"] != 400:
            raise Retry(f"Elasticsearch cannot run the saved search {search.name!r} now: {answer['status']} {reason}")
        yield SearchRefusal(search, reason)
        return
    for hit in answer["hits"]["hits"]:
        yield SavedSearchMatch(search, convert(hit["_source"], FoundVersion))
