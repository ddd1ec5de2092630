"""Suggests other words where a search found hardly anything: nearest spellings that the index has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from elasticsearch import Elasticsearch

from newswire.search.client import ask, indexes_of
from newswire.search.query import build_query
from newswire.search.request import SearchRequest, parse_words

FEW_HITS: Final = 3
MOST_WORDS: Final = 8
FIELDS: Final = ("title", "body")
MUCH_MORE_COMMON: Final = 10  # times as many articles: then the word that exists is a misspelling too
NEAR: Final = {"suggest_mode": "always", "prefix_length": 1, "min_word_length": 4, "size": 1}


def suggest(client: Elasticsearch, prefix: str, request: SearchRequest, total: int) -> str | None:
    """Return words that find more than these did, or None; it asks only where `total` is small."""
    words = parse_words(request.words).terms.split()[:MOST_WORDS]
    if total >= FEW_HITS or not words:
        return None
    indexes = indexes_of(prefix, request)
    (answer,) = ask(client, indexes, [_spellings(words)])
    other = request.words
    for word in words:
        if spelling := _better(word, answer):
            other = " ".join(spelling if part == word else part for part in other.split(" "))
    if other == request.words:
        return None
    query = build_query(replace(request, words=other)).to_dict()
    (counted,) = ask(client, indexes, [{"size": 0, "query": query, "track_total_hits": True}])
    return other if counted["hits"]["total"]["value"] > total else None


def _spellings(words: list[str]) -> dict[str, Any]:
    """Ask for the nearest word that titles and texts have, and in how many articles the reader's own stands."""
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
    offers = [(offer["score"], offer["freq"], offer["text"]) for entry in entries for offer in entry["options"]]
    if len(entries) != len(FIELDS) or not offers:  # a word of several parts, such as covid-19, is left as it is
        return None
    _, articles, spelling = max(offers)
    own = answer["aggregations"]["as_spelt"]["buckets"][word]["doc_count"]
    return str(spelling) if articles > own * MUCH_MORE_COMMON else None
