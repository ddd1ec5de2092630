"""Suggests other spellings where a search found hardly anything (Elasticsearch's term suggester)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from elasticsearch import Elasticsearch

from newswire.search.as_of import indexes_of
from newswire.search.client import run_searches
from newswire.search.query import build_query
from newswire.search.query_syntax import parse_words
from newswire.search.request import SearchRequest

FEW_HITS: Final = 3
MAX_WORDS: Final = 8
FIELDS: Final = ("title", "body")
MUCH_MORE_COMMON: Final = 10  # times as many articles: then the reader's word is a misspelling that others made too
NEAR: Final = {"suggest_mode": "always", "prefix_length": 1, "min_word_length": 4, "size": 1}


def suggest_spelling(client: Elasticsearch, prefix: str, request: SearchRequest, total: int) -> str | None:
    """Return a spelling that finds more articles than `total`, or None; it searches only where `total` is small."""
    words = parse_words(request.words).terms.split()[:MAX_WORDS]
    if total >= FEW_HITS or not words:
        return None
    indexes = indexes_of(prefix, request)
    (answer,) = run_searches(client, indexes, [_spellings(words)])
    other = request.words
    for word in words:
        if spelling := _better(word, answer):
            other = " ".join(spelling if part == word else part for part in other.split(" "))
    if other == request.words:
        return None
    query = build_query(replace(request, words=other)).to_dict()
    (counted,) = run_searches(client, indexes, [{"size": 0, "query": query, "track_total_hits": True}])
    return other if counted["hits"]["total"]["value"] > total else None


def _spellings(words: list[str]) -> dict[str, Any]:
    """Return the search for similar words in titles and texts, and for the number of articles with each word."""
    as_spelt = {word: {"multi_match": {"query": word, "fields": list(FIELDS)}} for word in words}
    return {
        "size": 0,
        "aggs": {"as_spelt": {"filters": {"filters": as_spelt}}},
        "suggest": {
            f"{field} {word}": {"text": word, "term": {"field": field, **NEAR}} for word in words for field in FIELDS
        },
    }


def _better(word: str, answer: Mapping[str, Any]) -> str | None:
    entries = [entry for field in FIELDS for entry in answer.get("suggest", {}).get(f"{field} {word}", ())]
    options = [(option["score"], option["freq"], option["text"]) for entry in entries for option in entry["options"]]
    if len(entries) != len(FIELDS) or not options:  # a word of several parts, such as covid-19, is left as it is
        return None
    _, articles, spelling = max(options)
    own = answer["aggregations"]["as_spelt"]["buckets"][word]["doc_count"]
    return str(spelling) if articles > own * MUCH_MORE_COMMON else None
