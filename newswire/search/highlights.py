"""Highlights of what matched, in titles and texts: what Elasticsearch is asked for, and how its marks are read."""

from __future__ import annotations

from typing import Any, Final

from elasticsearch.dsl.query import Bool, MatchNone, MultiMatch, Query

from newswire.search.query import match_fields
from newswire.search.query_syntax import parse_words
from newswire.search.request import SearchRequest
from newswire.search.results import Marked, Piece

SNIPPETS: Final = 2
SNIPPET_CHARACTERS: Final = 180
# Control characters that a page's text does not contain; if it did, only a highlight would be misplaced.
BEGIN, END = "\x02", "\x03"


def build_highlight(request: SearchRequest) -> dict[str, Any]:
    """Return the `highlight` part of a search: the whole title, and snippets of the body."""
    languages = request.languages
    whole = {"number_of_fragments": 0, "matched_fields": match_fields("title", languages)}
    parts = {
        "number_of_fragments": SNIPPETS,
        "fragment_size": SNIPPET_CHARACTERS,
        "no_match_size": SNIPPET_CHARACTERS,
        "matched_fields": match_fields("body", languages),
    }
    return {
        "pre_tags": [BEGIN],
        "post_tags": [END],
        "order": "score",
        "highlight_query": build_mark_query(request).to_dict(),
        "fields": {"title": whole, "body": parts},
    }


def build_mark_query(request: SearchRequest) -> Query:
    """Return the query to highlight in titles and texts: only the words, as the whole search is much slower."""
    words = parse_words(request.words)
    fields = [*match_fields("title", request.languages), *match_fields("body", request.languages)]
    marked: list[Query] = [
        MultiMatch(query=phrase, fields=["title", "body"], type="phrase") for phrase in words.phrases
    ]
    if words.terms:
        marked.append(MultiMatch(query=words.terms, fields=fields, type="most_fields"))
    return Bool(should=marked) if marked else MatchNone()


def split_marks(text: str) -> Marked:
    """Split a highlighted text at its marks."""
    pieces = []
    for stretch in text.split(BEGIN):
        match, mark, rest = stretch.partition(END)
        pieces += [Piece(match, is_match=True), Piece(rest, is_match=False)] if mark else [Piece(match, is_match=False)]
    return tuple(piece for piece in pieces if piece.text)
