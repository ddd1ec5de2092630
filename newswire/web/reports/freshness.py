"""The newest article of every source and the number of the last 24 hours, which show that a source is silent."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from elasticsearch import Elasticsearch
from msgspec import Struct

from newswire.elastic.client import build_alias
from newswire.search.client import run_searches

MAX_SOURCES: Final = 10_000  # the most that the server returns


class Newest(Struct, frozen=True, kw_only=True):
    """The newest article of a source, and how many were first seen in the last 24 hours."""

    article_id: str
    title: str
    language: str
    first_seen_at: datetime
    of_day: int


def read_newest(client: Elasticsearch, prefix: str) -> dict[str, Newest]:
    """Return source id -> its newest article; sources without one are missing. Raises Retry during an outage."""
    by_source = {"terms": {"field": "source", "size": MAX_SOURCES}}
    body: dict[str, Any] = {
        "size": MAX_SOURCES,
        "sort": [{"first_seen_at": "desc"}, {"article_id": "asc"}],
        "collapse": {"field": "source"},
        "_source": ["source", "article_id", "title", "language", "first_seen_at"],
        "aggs": {"day": {"filter": {"range": {"first_seen_at": {"gte": "now-24h"}}}, "aggs": {"sources": by_source}}},
    }
    (answer,) = run_searches(client, [build_alias(prefix)], [body])
    if "aggregations" not in answer:
        return {}
    of_day = {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["day"]["sources"]["buckets"]}
    newest = (found["_source"] for found in answer["hits"]["hits"])
    return {
        one["source"]: Newest(
            article_id=one["article_id"],
            title=one["title"],
            language=one["language"],
            first_seen_at=datetime.fromisoformat(one["first_seen_at"]),
            of_day=of_day.get(one["source"], 0),
        )
        for one in newest
    }
