"""Finds articles by full text and filters, and groups near-duplicates under their representative."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from elasticsearch import Elasticsearch
from msgspec import structs

from newswire.search import facets, timeline
from newswire.search.as_of import indexes_of
from newswire.search.client import run_searches
from newswire.search.cursor import Cursor, check_window, read_cursor, write_cursor
from newswire.search.grouping import FOLD_FIELDS, SHOWN, open_groups
from newswire.search.query import NEWEST_FIRST, build_query
from newswire.search.query_grammar import is_boolean, parse_boolean
from newswire.search.query_syntax import parse_words
from newswire.search.query_tree import describe
from newswire.search.request import SearchRequest
from newswire.search.results import SearchResults, TimelineBucket
from newswire.search.spelling import suggest_spelling

MIN_WORDS_TO_LOOSEN = 2  # a single word cannot be left out
PRECISE_COUNT = 10_000  # groups above this number are estimated


def search_articles(client: Elasticsearch, prefix: str, request: SearchRequest) -> SearchResults:
    """Return the articles found; if none has enough of the words, those that have most of them.

    Raises SearchError for an invalid request, Retry when the server is unavailable.
    """
    results = _search(client, prefix, request)
    if is_boolean(request.words):
        return structs.replace(results, understood=describe(parse_boolean(request.words)))
    if not request.after and not request.offset:
        results = structs.replace(results, suggestion=suggest_spelling(client, prefix, request, results.total))
    if results.total or request.needs == "most" or not _may_loosen(request.words):
        return results
    loose = _search(client, prefix, replace(request, needs="most"))
    return structs.replace(loose, is_loose=True, suggestion=results.suggestion) if loose.total else results


def _may_loosen(text: str) -> bool:
    """Return whether words may be left out: never from a Boolean search, which says itself what may be missing."""
    return not is_boolean(text) and len(parse_words(text).terms.split()) >= MIN_WORDS_TO_LOOSEN


def _search(client: Elasticsearch, prefix: str, request: SearchRequest) -> SearchResults:
    cursor = read_cursor(request)
    check_window(cursor, request)
    own_counts = facets.facet_searches(request) if request.facets else []
    answers = run_searches(client, indexes_of(prefix, request), [_body(request, cursor), *own_counts])
    answer = answers[0]
    found = answer["hits"]["hits"]
    total = answer["hits"]["total"]["value"]
    groups = answer.get("aggregations", {}).get("groups", {}).get("value", total)
    return SearchResults(
        total=total,
        groups=groups,
        hits=open_groups(client, prefix, request, found),
        took_ms=max(one["took"] for one in answers),
        next=write_cursor(cursor, request, found, groups),
        facets=facets.read_facets(request, answers) if request.facets else (),
        timeline=_timeline(client, prefix, request, answer),
    )


def _body(request: SearchRequest, cursor: Cursor) -> dict[str, Any]:
    is_ranked = request.words.strip() and request.sort == "relevance"
    body: dict[str, Any] = {
        "query": build_query(request).to_dict(),
        "size": request.limit,
        "sort": [{"_score": "desc"}, *NEWEST_FIRST] if is_ranked else NEWEST_FIRST,
        "track_total_hits": True,
        "track_scores": True,
        "aggs": _aggregations(request),
        "_source": SHOWN,
    }
    body |= {"from": cursor.passed} if cursor.sort_values is None else {"search_after": list(cursor.sort_values)}
    if field := FOLD_FIELDS.get(request.fold):
        body["collapse"] = {"field": field}
        body["aggs"]["groups"] = {"cardinality": {"field": field, "precision_threshold": PRECISE_COUNT}}
    return body


def _aggregations(request: SearchRequest) -> dict[str, Any]:
    wanted = facets.facet_aggregations(request) if request.facets else {}
    return wanted | (timeline.span_aggregations(request) if request.timeline else {})


def _timeline(
    client: Elasticsearch, prefix: str, request: SearchRequest, answer: Mapping[str, Any]
) -> tuple[TimelineBucket, ...]:
    body = timeline.timeline_search(request, answer) if request.timeline and "aggregations" in answer else None
    return timeline.read_timeline(run_searches(client, indexes_of(prefix, request), [body])[0]) if body else ()
