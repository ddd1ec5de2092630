"""Finds articles: full text with filters, copies under their original; command and pages ask through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from elasticsearch import BadRequestError, Elasticsearch
from msgspec import Struct, convert

from newswire.elastic import build_alias, outages_as_retry
from newswire.search_query import SearchError, SearchRequest, build_query, match_fields

FOLD_FIELDS = {"copies": "family_id", "stories": "story_id"}
FOLDED_SHOWN = 5
SNIPPETS = 2
SNIPPET_CHARACTERS = 180
# A page's text holds no such characters; did it, a mark would stand in the wrong place, and no more.
BEGIN, END = "\x02", "\x03"
PRECISE_COUNT = 10_000  # groups above this number are estimated


class Piece(NamedTuple):
    """A stretch of text, and whether it matched."""

    text: str
    is_match: bool


Marked = tuple[Piece, ...]


class FoundArticle(Struct, frozen=True, kw_only=True):
    """What a list shows of an article; the fields are those of the index."""

    article_id: str
    url: str
    canonical_url: str
    source: str
    outlet: str
    host: str
    language: str
    title: str
    version: int
    story_id: str
    is_copy: bool
    dated_at: datetime
    first_seen_at: datetime
    published_at: datetime | None = None
    copy_of: str | None = None
    authors: tuple[str, ...] = ()
    word_count: int = 0


class Hit(Struct, frozen=True, kw_only=True):
    """One article that was found, the pieces that matched, and what is folded under it."""

    article: FoundArticle
    title: Marked
    snippets: tuple[Marked, ...]
    score: float | None
    folded_count: int
    folded: tuple[FoundArticle, ...]


class SearchResults(Struct, frozen=True, kw_only=True):
    """The hits of a page; `total` counts articles, `groups` what they fold into."""

    total: int
    groups: int
    hits: tuple[Hit, ...]
    took_ms: int


def search(client: Elasticsearch, prefix: str, request: SearchRequest) -> SearchResults:
    """Find articles; nothing indexed yet is nothing found.

    Raises SearchError for a request that makes no sense, Retry when the server is away.
    """
    body = _body(request)
    try:
        with outages_as_retry():
            answer = client.search(index=build_alias(prefix), ignore_unavailable=True, allow_no_indices=True, **body)
    except BadRequestError as error:
        raise SearchError(f"Elasticsearch does not understand the search: {_reason(error)}") from error
    total = answer["hits"]["total"]["value"]
    groups = answer.get("aggregations", {}).get("groups", {}).get("value", total)
    hits = tuple(_hit(found) for found in answer["hits"]["hits"])
    return SearchResults(total=total, groups=groups, hits=hits, took_ms=answer["took"])


def _body(request: SearchRequest) -> dict[str, Any]:
    is_ranked = request.words.strip() and request.sort == "relevance"
    newest_first = [{"dated_at": "desc"}, {"article_id": "asc"}]
    body: dict[str, Any] = {
        "query": build_query(request).to_dict(),
        "from_": request.offset,
        "size": request.limit,
        "sort": [{"_score": "desc"}, *newest_first] if is_ranked else newest_first,
        "track_total_hits": True,
        "track_scores": True,
        **_shown(),
    }
    if field := FOLD_FIELDS.get(request.fold):
        body |= {
            "collapse": {"field": field, "inner_hits": _folded()},
            "aggs": {"groups": {"cardinality": {"field": field, "precision_threshold": PRECISE_COUNT}}},
        }
    return body


def _shown() -> dict[str, Any]:
    return {"source_includes": list(FoundArticle.__struct_fields__), "highlight": _highlight()}


def _folded() -> dict[str, Any]:
    """Ask for the members of a group, the original first: it heads the group even where a copy ranks above it."""
    return {
        "name": "folded",
        "size": FOLDED_SHOWN + 1,
        "sort": [{"is_copy": "asc"}, {"first_seen_at": "asc"}, {"article_id": "asc"}],
        "_source": list(FoundArticle.__struct_fields__),
        "highlight": _highlight(),
    }


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


def _hit(found: Mapping[str, Any]) -> Hit:
    group: dict[str, Any] = {"hits": [found], "total": {"value": 1}}
    if "inner_hits" in found:
        group = found["inner_hits"]["folded"]["hits"]
    head, *folded = group["hits"]
    article = convert(head["_source"], FoundArticle)
    marked = head.get("highlight", {})
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


def _reason(error: BadRequestError) -> str:
    causes: Sequence[Mapping[str, Any]] = error.info["error"].get("root_cause") or [error.info["error"]]
    return str(causes[0].get("reason"))
