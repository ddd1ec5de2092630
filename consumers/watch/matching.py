"""Asks Elasticsearch which of the saved searches find which of a batch's article versions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from elasticsearch import Elasticsearch
from msgspec import Struct, convert

from newswire.elastic import build_index_name
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


class Match(NamedTuple):
    """A saved search has found an article version."""

    search: SavedSearch
    version: FoundVersion


class Refusal(NamedTuple):
    """A saved search that makes no sense to the server, and why."""

    search: SavedSearch
    reason: str


def find_matches(
    client: Elasticsearch, prefix: str, searches: Sequence[SavedSearch], announced: Sequence[IndexedArticle]
) -> Iterator[Match | Refusal]:
    """Yield what the searches find among the versions announced, and the searches that cannot be run.

    Raises Retry when a search fails for a reason that is not its own.
    """
    if not announced:
        return
    indexes = _indexes_of(prefix, announced)
    only_these, most = _only(announced), 2 * len(announced)  # a version may stand in both indexes for a moment
    waiting = iter(searches)
    while asked := [*islice(waiting, SEARCHES_AT_ONCE)]:
        lines: list[Mapping[str, Any]] = []
        runnable = []
        for search in asked:
            try:
                query = _query_of(search.request)
            except SearchError as error:
                yield Refusal(search, str(error))
                continue
            runnable.append(search)
            lines += [_HEAD | {"index": indexes}, _body(query, only_these, most)]
        answers = client.msearch(searches=lines)["responses"] if lines else ()
        for search, answer in zip(runnable, answers, strict=True):
            yield from _read(search, answer)


# Half an answer would count as none.
_HEAD = {"ignore_unavailable": True, "allow_no_indices": True, "allow_partial_search_results": False}


def _body(query: Query, only_these: Query, most: int) -> dict[str, Any]:
    return {
        "query": {"bool": {"filter": [only_these, query]}},
        "size": most,
        "sort": ["_doc"],
        "track_total_hits": False,
        "_source": list(FoundVersion.__struct_fields__),
    }


def _indexes_of(prefix: str, announced: Sequence[IndexedArticle]) -> list[str]:
    """Return where the versions stand: with their articles, or with the revisions if a newer one has come since."""
    return sorted(
        {build_index_name(prefix, a.first_seen_at, kind) for a in announced for kind in ("articles", "revisions")}
    )


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


def _read(search: SavedSearch, answer: Mapping[str, Any]) -> Iterator[Match | Refusal]:
    if error := answer.get("error"):
        causes = error.get("root_cause") or [error]
        reason = f"Elasticsearch refuses it: {causes[0].get('reason')}"[:REASON_CHARACTERS]
        if answer["status"] != 400:
            raise Retry(f"Elasticsearch cannot run the saved search {search.name!r} now: {answer['status']} {reason}")
        yield Refusal(search, reason)
        return
    for hit in answer["hits"]["hits"]:
        yield Match(search, convert(hit["_source"], FoundVersion))
