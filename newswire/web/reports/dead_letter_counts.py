"""Counts the indexed dead letters by stage and reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from elasticsearch import Elasticsearch
from msgspec import Struct

from newswire.elastic.client import build_alias
from newswire.search.client import run_searches

MAX_KINDS: Final = 1_000
FIELDS: Final = ("stage", "reason", "is_expected")


class DeadLetterCount(Struct, frozen=True, kw_only=True):
    """How many records of a stage were dead-lettered for a reason; `is_expected` for rejections, its normal work."""

    stage: str
    reason: str
    is_expected: bool
    count: int
    newest_at: datetime


def count_dead_letters(client: Elasticsearch, prefix: str, *, since: datetime) -> tuple[DeadLetterCount, ...]:
    """Return the counts of dead letters since then, unexpected and frequent ones first."""
    body: dict[str, Any] = {
        "size": 0,
        "query": {"range": {"at": {"gte": since.isoformat()}}},
        "aggs": {
            "kinds": {
                "composite": {"size": MAX_KINDS, "sources": [{name: {"terms": {"field": name}}} for name in FIELDS]},
                "aggs": {"newest_at": {"max": {"field": "at"}}},
            }
        },
    }
    (answer,) = run_searches(client, [build_alias(prefix, "dead-letters")], [body])
    buckets = answer["aggregations"]["kinds"]["buckets"] if "aggregations" in answer else []
    counts = (
        DeadLetterCount(
            **bucket["key"],
            count=bucket["doc_count"],
            newest_at=datetime.fromtimestamp(bucket["newest_at"]["value"] / 1000, UTC),
        )
        for bucket in buckets
    )
    return tuple(sorted(counts, key=lambda one: (one.is_expected, -one.count, one.stage, one.reason)))
