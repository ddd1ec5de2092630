"""Builds Elasticsearch queries from search requests; search.py and the watch stage send them."""

from __future__ import annotations

from typing import Final, Literal

from elasticsearch.dsl.query import Bool, DisMax, Exists, MatchAll, MultiMatch, Query, Range, Term, Terms

from newswire.search.as_of import valid_at
from newswire.search.query_syntax import parse_words
from newswire.search.request import DATE_SOURCES, DateTrust, SearchError, SearchRequest
from newswire.search.results import FacetName
from schemas.analyzers import ANALYZERS, suffix_of

# A word in the title says more about an article than one in its text.
EXACT_FIELDS = ("title^4", "heading^3", "summary^2", "authors.words^2", "tags.words^2", "body")
PHRASE_FIELDS = ("title^4", "heading^3", "summary^2", "authors.words^2", "body")
STEMMED_FIELDS = ("title_{}^4", "body_{}")
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
    words = parse_words(request.words)
    must: list[Query] = [_phrase(phrase) for phrase in words.phrases]
    if words.terms:
        must.append(_terms(words.terms, request))
    return Bool(
        must=must or [MatchAll()],
        must_not=[_phrase(phrase) for phrase in words.excluded],
        filter=[*_scope(request), *_choices(request, without)],
    )


def match_fields(name: Literal["title", "body"], languages: tuple[str, ...] = ()) -> list[str]:
    """Return the exact and the stemmed fields of a text; a highlighter combines their matches."""
    return [name, *(f"{name}_{suffix}" for suffix in _suffixes(languages))]


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


def time_field(request: SearchRequest) -> str:
    """Return the field that a request's time limits and timeline refer to."""
    return "dated_at" if request.by == "published" else "first_seen_at"


def build_date_trust_query(trust: DateTrust) -> Query:
    """Return the query for articles whose publication date has this level of trust."""
    if sources := DATE_SOURCES[trust]:
        return Terms("published_source", list(sources))
    return Bool(must_not=[Exists(field="published_at")])


def _terms(terms: str, request: SearchRequest) -> Query:
    """Rank exact and stemmed matches together: an article with both comes before one with either."""
    groups = [[field.format(suffix) for field in STEMMED_FIELDS] for suffix in _suffixes(request.languages)]
    least = MIN_WORDS_MATCHED[request.needs]
    return DisMax(queries=[_group(terms, fields, least) for fields in ([*EXACT_FIELDS], *groups)], tie_breaker=1.0)


def _suffixes(languages: tuple[str, ...]) -> list[str]:
    """Return the suffixes of the stemmed fields of some languages, or of all."""
    return sorted(filter(None, {suffix_of(language) for language in languages} if languages else set(ANALYZERS)))


def _group(terms: str, fields: list[str], least: str) -> Query:
    # cross_fields searches for each word in any field of the group, as if they were one field.
    return MultiMatch(query=terms, fields=fields, type="cross_fields", minimum_should_match=least)


def _phrase(phrase: str) -> Query:
    return MultiMatch(query=phrase, fields=list(PHRASE_FIELDS), type="phrase")


def _scope(request: SearchRequest) -> list[Query]:
    """Return the filters that are not facets."""
    filters: list[Query] = []
    if request.since or request.until:
        bounds = {"gte": request.since, "lt": request.until}
        filters.append(Range(time_field(request), {name: bound for name, bound in bounds.items() if bound}))
    if request.as_of:
        filters.append(valid_at(request))
    if request.hosts:
        filters.append(_any_of(("host",), request.hosts))
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
        _any_of(fields, values)
        for name, fields in FACET_FIELDS.items()
        if name != without and (values := chosen_values(request, name))
    ]
    if request.date_trust and without != "date_trust":
        filters.append(
            Bool(should=[build_date_trust_query(trust) for trust in request.date_trust], minimum_should_match=1)
        )
    return filters


def _any_of(fields: tuple[str, ...], values: tuple[str, ...]) -> Query:
    exact = [Term(field, {"value": value, "case_insensitive": True}) for field in fields for value in values]
    return Bool(should=[*exact], minimum_should_match=1)
