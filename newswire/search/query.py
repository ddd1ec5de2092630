"""Builds Elasticsearch queries from search requests; search.py and the watch stage send them."""

from __future__ import annotations

from typing import Final

from elasticsearch.dsl.query import Bool, Exists, MatchAll, Query, Range, Term, Terms

from newswire.search.as_of import valid_at
from newswire.search.boolean_query import build_boolean
from newswire.search.clauses import any_of, match_phrase, match_words
from newswire.search.query_grammar import is_boolean
from newswire.search.query_syntax import parse_words
from newswire.search.request import DATE_SOURCES, DateTrust, SearchError, SearchRequest
from newswire.search.results import FacetName
from newswire.search.time_limits import time_field

# enough: all of up to three words, three quarters of more. most: all but one of up to four words, 60 % of more.
MIN_WORDS_MATCHED: Final = {"enough": "3<75%", "most": "1<-1 4<60%"}
NEWEST_FIRST: Final = [{"dated_at": "desc"}, {"article_id": "asc"}]
# facet -> the fields that contain its values
FACET_FIELDS: Final[dict[FacetName, tuple[str, ...]]] = {
    "outlet": ("outlet", "source"),
    "language": ("language",),
    "country": ("country",),
    "kind": ("kind",),
    "section": ("section",),
}


def build_query(request: SearchRequest, *, without: FacetName | None = None) -> Query:
    """Return the query of a request; for the counts of facet `without`, its own choice is left out.

    Raises SearchError for an empty range of time.
    """
    if request.since and request.until and request.since >= request.until:
        raise SearchError(f"since ({request.since}) is not before until ({request.until})")
    must, must_not = _text_clauses(request)
    return Bool(must=must or [MatchAll()], must_not=must_not, filter=[*_scope(request), *_choices(request, without)])


def chosen_values(request: SearchRequest, name: FacetName) -> tuple[str, ...]:
    """Return the values that a request chooses in a facet."""
    return {
        "outlet": request.outlets,
        "language": request.languages,
        "country": request.countries,
        "kind": request.kinds,
        "section": request.sections,
        "date_trust": request.date_trust,
    }[name]


def build_date_trust_query(trust: DateTrust) -> Query:
    """Return the query for articles whose publication date has this level of trust."""
    if sources := DATE_SOURCES[trust]:
        return Terms("published_source", list(sources))
    return Bool(must_not=[Exists(field="published_at")])


def _text_clauses(request: SearchRequest) -> tuple[list[Query], list[Query]]:
    """Return what an article's text must match, and what it must not."""
    if is_boolean(request.words):
        return [build_boolean(request)], []
    words = parse_words(request.words)
    must: list[Query] = [match_phrase(phrase) for phrase in words.phrases]
    if words.terms:
        must.append(match_words(words.terms, request.languages, MIN_WORDS_MATCHED[request.needs]))
    return must, [match_phrase(phrase) for phrase in words.excluded]


def _scope(request: SearchRequest) -> list[Query]:
    """Return the filters that are not facets."""
    filters: list[Query] = []
    if request.since or request.until:
        bounds = {"gte": request.since, "lt": request.until}
        filters.append(Range(time_field(request), {name: bound for name, bound in bounds.items() if bound}))
    if request.as_of:
        filters.append(valid_at(request))
    if request.hosts:
        filters.append(any_of(("host",), request.hosts))
    if request.story_id:
        filters.append(Term("story_id", {"value": request.story_id}))
    if request.family_id:
        filters.append(Term("family_id", {"value": request.family_id}))
    if request.which != "all":
        filters.append(Term("is_copy", {"value": request.which == "copies"}))
    return filters


def _choices(request: SearchRequest, without: FacetName | None) -> list[Query]:
    """Return the filters of the facets; several values of one facet mean any of them."""
    filters: list[Query] = [
        any_of(fields, values)
        for name, fields in FACET_FIELDS.items()
        if name != without and (values := chosen_values(request, name))
    ]
    if request.date_trust and without != "date_trust":
        filters.append(
            Bool(should=[build_date_trust_query(trust) for trust in request.date_trust], minimum_should_match=1)
        )
    return filters
