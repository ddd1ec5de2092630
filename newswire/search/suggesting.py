"""Suggests other words where a search found hardly anything: nearest spellings that the index has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from elasticsearch import Elasticsearch

from newswire.search.asking import ask, indexes_of
from newswire.search.query import build_query
from newswire.search.request import SearchRequest, parse_words

FEW_HITS: Final = 3
FIELDS: Final = ("title", "body")


def suggest(client: Elasticsearch, prefix: str, request: SearchRequest, total: int) -> str | None:
    """Return words that find more than these did, or None; it asks only where `total` is small."""
    terms = parse_words(request.words).terms
    if total >= FEW_HITS or not terms:
        return None
    indexes = indexes_of(prefix, request)
    (spellings,) = ask(client, indexes, [{"size": 0, "suggest": {"text": terms, **_suggesters()}}])
    other = _respell(request.words, spellings.get("suggest", {}))
    if other == request.words:
        return None
    query = build_query(replace(request, words=other)).to_dict()
    (counted,) = ask(client, indexes, [{"size": 0, "query": query, "track_total_hits": True}])
    return other if counted["hits"]["total"]["value"] > total else None


def _suggesters() -> dict[str, Any]:
    """Ask each field; `popular` offers also for a word that exists, if the other is in more articles."""
    options = {"suggest_mode": "popular", "prefix_length": 1, "min_word_length": 4, "size": 1}
    return {field: {"term": {"field": field, **options}} for field in FIELDS}


def _respell(words: str, found: Mapping[str, Any]) -> str:
    """Put the best spelling of each word in its place."""
    best: dict[str, tuple[float, int, str]] = {}
    for entry in (entry for field in FIELDS for entry in found.get(field, ())):
        for option in entry["options"]:
            offer = (option["score"], option["freq"], option["text"])
            best[entry["text"]] = max(best.get(entry["text"], offer), offer)
    parts = words.split(" ")
    return " ".join(best[part.casefold()][2] if part.casefold() in best else part for part in parts)
