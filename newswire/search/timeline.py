"""The timeline of a search: counts of articles in steps that suit the range of time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from newswire.search.query import build_query
from newswire.search.request import SearchRequest
from newswire.search.results import TimelineBucket
from newswire.search.time_limits import time_field

MAX_BUCKETS: Final = 60
# Steps, and their Elasticsearch interval; months and years have their calendar length.
STEPS: Final[tuple[tuple[timedelta, dict[str, str]], ...]] = (
    (timedelta(minutes=1), {"fixed_interval": "1m"}),
    (timedelta(minutes=5), {"fixed_interval": "5m"}),
    (timedelta(minutes=15), {"fixed_interval": "15m"}),
    (timedelta(hours=1), {"fixed_interval": "1h"}),
    (timedelta(hours=3), {"fixed_interval": "3h"}),
    (timedelta(hours=12), {"fixed_interval": "12h"}),
    (timedelta(days=1), {"fixed_interval": "1d"}),
    (timedelta(days=7), {"calendar_interval": "1w"}),
    (timedelta(days=30), {"calendar_interval": "1M"}),
    (timedelta(days=365), {"calendar_interval": "1y"}),
)


def span_aggregations(request: SearchRequest) -> dict[str, Any]:
    """Return the aggregations for the times of the first and the last article found."""
    field = time_field(request)
    return {"earliest": {"min": {"field": field}}, "latest": {"max": {"field": field}}}


def timeline_search(request: SearchRequest, answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the search that counts by steps of time; None if nothing was found."""
    earliest, latest = (answer["aggregations"][name]["value"] for name in ("earliest", "latest"))
    if earliest is None:
        return None
    begin = request.since or _moment(earliest)
    end = (request.until - timedelta(milliseconds=1)) if request.until else max(_moment(latest), begin)
    histogram = {
        "field": time_field(request),
        **choose_step(end - begin),
        "min_doc_count": 0,
        "extended_bounds": {"min": _milliseconds(begin), "max": _milliseconds(end)},
    }
    query = build_query(request).to_dict()
    return {"size": 0, "query": query, "aggs": {"timeline": {"date_histogram": histogram}}}


def read_timeline(answer: Mapping[str, Any]) -> tuple[TimelineBucket, ...]:
    """Return the buckets of the answer, including empty ones."""
    buckets = answer["aggregations"]["timeline"]["buckets"]
    return tuple(TimelineBucket(_moment(bucket["key"]), bucket["doc_count"]) for bucket in buckets)


def choose_step(span: timedelta) -> dict[str, str]:
    """Return the smallest step that divides a span into at most MAX_BUCKETS."""
    return next((step for length, step in STEPS if span <= length * MAX_BUCKETS), STEPS[-1][1])


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
