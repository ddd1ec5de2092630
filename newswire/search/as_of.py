"""Searches as of a past time: the versions that were the newest then, and the indexes that hold them."""

from __future__ import annotations

from elasticsearch.dsl.query import Bool, Query, Range

from newswire.elastic.client import build_alias
from newswire.search.request import SearchRequest


def indexes_of(prefix: str, request: SearchRequest) -> list[str]:
    """Return the aliases to search; superseded versions are searched only with `as_of`."""
    return [build_alias(prefix), *([build_alias(prefix, "revisions")] if request.as_of else [])]


def valid_at(request: SearchRequest) -> Query:
    """Return the query for the version of each article that was the newest at that time.

    It goes by times of fetching: they stay the same when the index is rebuilt, times of indexing do not.
    """
    return Bool(
        filter=[Range("fetched_at", {"lte": request.as_of})],
        must_not=[Range("superseded_at", {"lte": request.as_of})],
    )
