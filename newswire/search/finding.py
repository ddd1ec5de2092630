"""Finds articles: full text with filters, copies under the telling that leads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.dsl.query import Bool, Terms
from msgspec import convert, structs

from newswire.search import facets, timeline
from newswire.search.asking import ask, indexes_of
from newswire.search.cursor import Cursor, check_window, read_cursor, write_cursor
from newswire.search.query import build_query, match_fields
from newswire.search.request import SearchRequest, parse_words
from newswire.search.results import FoundArticle, Hit, Marked, Piece, SearchResults, TimelineBucket
from newswire.search.suggesting import suggest
from newswire.search.telling import TELLING_ORDER

FOLD_FIELDS = {"copies": "family_id", "stories": "story_id"}
# A story is headed by the first of its originals, a family by the rule of telling.py.
FOLD_ORDERS = {
    "copies": TELLING_ORDER,
    "stories": [{"is_copy": "asc"}, {"first_seen_at": "asc"}, {"article_id": "asc"}],
}
FOLDED_SHOWN = 5
SNIPPETS = 2
LEAST_TO_LOOSEN = 2  # words: of one, none can be missing
SNIPPET_CHARACTERS = 180
# A page's text holds no such characters; did it, a mark would stand in the wrong place, and no more.
BEGIN, END = "\x02", "\x03"
PRECISE_COUNT = 10_000  # groups above this number are estimated
NEWEST_FIRST = [{"dated_at": "desc"}, {"article_id": "asc"}]
SHOWN = list(FoundArticle.__struct_fields__)
Marks = Mapping[str, list[str]]  # field -> its stretches, with BEGIN and END around what matched


def search(client: Elasticsearch, prefix: str, request: SearchRequest) -> SearchResults:
    """Find articles; where none has enough of the words, those that have most of them. Nothing indexed, nothing found.

    Raises SearchError for a request that makes no sense, Retry when the server is away.
    """
    results = _search(client, prefix, request)
    if results.total or request.needs == "most" or len(parse_words(request.words).terms.split()) < LEAST_TO_LOOSEN:
        return results
    loose = _search(client, prefix, replace(request, needs="most"))
    return structs.replace(loose, is_loose=True, suggestion=results.suggestion) if loose.total else results


def _search(client: Elasticsearch, prefix: str, request: SearchRequest) -> SearchResults:
    cursor = read_cursor(request)
    check_window(cursor, request)
    own_counts = facets.own_searches(request) if request.facets else []
    answers = ask(client, indexes_of(prefix, request), [_body(request, cursor), *own_counts])
    answer = answers[0]
    found = answer["hits"]["hits"]
    marked = _mark_heads(client, prefix, request, found)
    total = answer["hits"]["total"]["value"]
    groups = answer.get("aggregations", {}).get("groups", {}).get("value", total)
    return SearchResults(
        total=total,
        groups=groups,
        hits=tuple(_hit(one, marked) for one in found),
        took_ms=max(one["took"] for one in answers),
        next=write_cursor(cursor, request, found, groups),
        suggestion=None if cursor.passed else suggest(client, prefix, request, total),
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
        "highlight": _highlight(),
    }
    body |= {"from": cursor.passed} if cursor.sort_values is None else {"search_after": list(cursor.sort_values)}
    if field := FOLD_FIELDS.get(request.fold):
        body["collapse"] = {"field": field, "inner_hits": _folded(request)}
        body["aggs"]["groups"] = {"cardinality": {"field": field, "precision_threshold": PRECISE_COUNT}}
    return body


def _aggregations(request: SearchRequest) -> dict[str, Any]:
    asked = facets.aggregations(request) if request.facets else {}
    return asked | (timeline.span_aggregations(request) if request.timeline else {})


def _timeline(
    client: Elasticsearch, prefix: str, request: SearchRequest, answer: Mapping[str, Any]
) -> tuple[TimelineBucket, ...]:
    body = timeline.timeline_search(request, answer) if request.timeline and "aggregations" in answer else None
    return timeline.read_timeline(ask(client, indexes_of(prefix, request), [body])[0]) if body else ()


def _folded(request: SearchRequest) -> dict[str, Any]:
    """Ask for the members of a group, its head first: it stands above even where another one ranks higher."""
    return {
        "name": "folded",
        "size": FOLDED_SHOWN + 1,
        "sort": FOLD_ORDERS[request.fold],
        "_source": SHOWN,
    }


def _mark_heads(
    client: Elasticsearch, prefix: str, request: SearchRequest, found: Sequence[Mapping[str, Any]]
) -> dict[str, Marks]:
    """Return what matched in each article that is shown.

    Most are the hits themselves; for heads that are not, one more request costs less than marking all members.
    """
    marks = {one["_source"]["article_id"]: one.get("highlight", {}) for one in found}
    heads = [_group(one)["hits"][0]["_source"]["article_id"] for one in found]
    if missing := [head for head in heads if head not in marks]:
        query = Bool(must=[build_query(request)], filter=[Terms("article_id", missing)])
        body = {"query": query.to_dict(), "size": len(missing), "_source": ["article_id"], "highlight": _highlight()}
        (answer,) = ask(client, indexes_of(prefix, request), [body])
        marks |= {one["_source"]["article_id"]: one.get("highlight", {}) for one in answer["hits"]["hits"]}
    return marks


def _group(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a hit's group, its head first."""
    alone: dict[str, Any] = {"hits": [found], "total": {"value": 1}}
    return found["inner_hits"]["folded"]["hits"] if "inner_hits" in found else alone


def _highlight() -> dict[str, Any]:
    whole = {"number_of_fragments": 0, "matched_fields": match_fields("title")}
    parts = {
        "number_of_fragments": SNIPPETS,
        "fragment_size": SNIPPET_CHARACTERS,
        "no_match_size": SNIPPET_CHARACTERS,
        "matched_fields": match_fields("body"),
    }
    return {
        "pre_tags": [BEGIN],
        "post_tags": [END],
        "order": "score",
        "fields": {"title": whole, "body": parts},
    }


def _hit(found: Mapping[str, Any], marks: Mapping[str, Marks]) -> Hit:
    group = _group(found)
    head, *folded = group["hits"]
    article = convert(head["_source"], FoundArticle)
    marked = marks.get(article.article_id, {})
    return Hit(
        article=article,
        title=_marked(marked.get("title", [article.title])[0]),
        snippets=tuple(_marked(text) for text in marked.get("body", ())),
        score=found["_score"],
        folded_count=group["total"]["value"] - 1,
        folded=tuple(convert(member["_source"], FoundArticle) for member in folded),
    )


def _marked(text: str) -> Marked:
    """Take a highlighted text apart at its marks."""
    pieces = []
    for stretch in text.split(BEGIN):
        match, mark, rest = stretch.partition(END)
        pieces += [Piece(match, is_match=True), Piece(rest, is_match=False)] if mark else [Piece(match, is_match=False)]
    return tuple(piece for piece in pieces if piece.text)
