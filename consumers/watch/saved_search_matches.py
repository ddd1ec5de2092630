"""Asks Elasticsearch which of the saved searches find which of a batch's article versions."""

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
from newswire.saved.searches import MOST, SavedSearch
from newswire.search.query import build_query
from newswire.search.request import SearchError, SearchRequest
from schemas.messages import IndexedArticle

SEARCHES_AT_ONCE = 250  # bounds a request to some megabytes; larger ones are not faster
REASON_CHARACTERS = 300
Query = dict[str, Any]


class FoundVersion(Struct, frozen=True, kw_only=True):
    """What an alert says of an article version; the fields are those of the index."""

    article_id: str
    version: int
    title: str
    outlet: str
    url: str
    story_id: str
    language: str
    published_at: datetime | None = None


class SavedSearchMatch(NamedTuple):
    """A saved search has found an article version."""

    search: SavedSearch
    version: FoundVersion


class Refusal(NamedTuple):
    """A saved search that makes no sense to the server, and why."""

    search: SavedSearch
    reason: str


def find_matches(
    client: Elasticsearch, prefix: str, searches: Sequence[SavedSearch], announced: Sequence[IndexedArticle]
) -> Iterator[SavedSearchMatch | Refusal]:
    """Yield what the searches find among the versions announced, and the searches that cannot be run.

    Raises Retry when a search fails for a reason that is not its own.
    """
    if not searches or not announced:
        return
    articles = _indexes_of(prefix, announced, "articles")
    yield from _ask(client, searches, articles, announced)
    # Asked last: a version that is still there was there for every search.
    if replaced := _replaced(client, articles, announced):
        revisions = _indexes_of(prefix, replaced, "revisions")
        # An older version is written before the newer one, but their indexes are not refreshed at one moment.
        client.indices.refresh(index=revisions, ignore_unavailable=True)
        yield from _ask(client, searches, revisions, replaced)


def _ask(
    client: Elasticsearch, searches: Sequence[SavedSearch], indexes: list[str], announced: Sequence[IndexedArticle]
) -> Iterator[SavedSearchMatch | Refusal]:
    only_these = _only(announced)
    waiting = iter(searches)
    while asked := [*islice(waiting, SEARCHES_AT_ONCE)]:
        lines: list[Mapping[str, Any]] = []
        runnable = []
        for search in asked:
            try:
                query = {"bool": {"filter": [only_these, _query_of(search.request)]}}
            except SearchError as error:
                yield Refusal(search, str(error))
                continue
            runnable.append(search)
            lines += [{"index": indexes, **_WHOLE}, {"query": query, "size": len(announced), **_PLAIN}]
        answers = client.msearch(searches=lines)["responses"] if lines else ()
        for search, answer in zip(runnable, answers, strict=True):
            yield from _read(search, answer)


# A month may be missing; of those that are there, half an answer would count as none.
_WHOLE: dict[str, Any] = {"ignore_unavailable": True, "allow_no_indices": True, "allow_partial_search_results": False}
_PLAIN = {"sort": ["_doc"], "track_total_hits": False, "_source": list(FoundVersion.__struct_fields__)}


def _replaced(client: Elasticsearch, indexes: list[str], announced: Sequence[IndexedArticle]) -> list[IndexedArticle]:
    """Return the versions that are not among the articles any more: replaced, or taken down."""
    names = ["article_id", "version"]
    answer = client.search(index=indexes, query=_only(announced), size=len(announced), source_includes=names, **_WHOLE)
    there = {tuple(hit["_source"][name] for name in names) for hit in answer["hits"]["hits"]}
    return [article for article in announced if (article.article_id, article.version) not in there]


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


@lru_cache(maxsize=MOST)
def _query_of(request: SearchRequest) -> Query:
    query: Query = build_query(request).to_dict()
    return query


def _read(search: SavedSearch, answer: Mapping[str, Any]) -> Iterator[SavedSearchMatch | Refusal]:
    if error := answer.get("error"):
        causes = error.get("root_cause") or [error]
        reason = f"Elasticsearch refuses it: {causes[0].get('reason')}"[:REASON_CHARACTERS]
        if answer["status"] != 400:
            raise Retry(f"Elasticsearch cannot run the saved search {search.name!r} now: {answer['status']} {reason}")
        yield Refusal(search, reason)
        return
    for hit in answer["hits"]["hits"]:
        yield SavedSearchMatch(search, convert(hit["_source"], FoundVersion))
