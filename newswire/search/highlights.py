"""Highlights of what matched, in titles and texts: what Elasticsearch is asked for, and how its marks are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from elasticsearch.dsl.query import Bool, MatchNone, MultiMatch, Query

from newswire.search.clauses import match_fields, match_phrase, match_prefix
from newswire.search.query_grammar import is_boolean, parse_boolean
from newswire.search.query_syntax import parse_words
from newswire.search.query_tree import Phrase, Prefix, Words, in_text
from newswire.search.request import SearchRequest
from newswire.search.results import Marked, Piece

MARKED: Final = ("title", "body")
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
    marked = [*_marks(request)]
    return Bool(should=marked) if marked else MatchNone()


def _marks(request: SearchRequest) -> Iterator[Query]:
    fields = [*match_fields("title", request.languages), *match_fields("body", request.languages)]
    if not is_boolean(request.words):
        words = parse_words(request.words)
        yield from (match_phrase(phrase, fields=MARKED) for phrase in words.phrases)
        if words.terms:
            yield MultiMatch(query=words.terms, fields=fields, type="most_fields")
        return
    for leaf in in_text(parse_boolean(request.words)):
        match leaf:
            case Words(text=text):
                yield MultiMatch(query=text, fields=fields, type="most_fields")
            case Phrase(text=text, slop=slop):
                yield match_phrase(text, slop, MARKED)
            case Prefix(text=text):
                yield match_prefix(text, MARKED)


def split_marks(text: str) -> Marked:
    """Split a highlighted text at its marks."""
    pieces = []
    for stretch in text.split(BEGIN):
        match, mark, rest = stretch.partition(END)
        pieces += [Piece(match, is_match=True), Piece(rest, is_match=False)] if mark else [Piece(match, is_match=False)]
    return tuple(piece for piece in pieces if piece.text)
