"""Turns what a reader asks for into a query of Elasticsearch; search.py sends it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from elasticsearch.dsl.query import Bool, DisMax, MatchAll, MultiMatch, Query, Range, Term, Terms

from newswire.errors import NewswireError
from schemas.index_fields import ANALYZERS, suffix_of

# A word in the title says more of an article than one in its text.
EXACT_FIELDS = ("title^4", "heading^3", "summary^2", "authors.words^2", "tags.words^2", "body")
PHRASE_FIELDS = ("title^4", "heading^3", "summary^2", "authors.words^2", "body")
STEMMED_FIELDS = ("title_{}^4", "body_{}")
ENOUGH_WORDS = "3<75%"  # up to three words all of them, above that three quarters
QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"'))
_PART = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


class SearchError(NewswireError):
    """What was asked for makes no sense to the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What to find, what to leave out, and in which order.

    `words` are plain words, "exact phrases" and -excluded words or -"phrases"; empty finds everything.
    `by` says which time `since` (inclusive) and `until` (exclusive) look at: `published` is the time of publication,
    or the first sight where none is known or the one told lies ahead. `fold` shows copies under their original,
    or a story as one.
    """

    words: str = ""
    since: datetime | None = None
    until: datetime | None = None
    by: Literal["published", "seen"] = "published"
    outlets: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    story_id: str | None = None
    which: Literal["all", "originals", "copies"] = "all"
    fold: Literal["copies", "stories", "nothing"] = "copies"
    sort: Literal["relevance", "date"] = "relevance"
    limit: int = 10
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a request, taken apart."""

    terms: str
    phrases: tuple[str, ...]
    excluded: tuple[str, ...]


def parse_words(text: str) -> Words:
    """Take a reader's words apart; quotes of any style count, and one that is left open ends with the text."""
    terms, phrases, excluded = [], [], []
    for part in _PART.finditer(text.translate(QUOTES)):
        said = (part["phrase"] if part["word"] is None else part["word"]).strip()
        if not said:
            continue
        if part["minus"]:
            excluded.append(said)
        elif part["word"] is None:
            phrases.append(said)
        else:
            terms.append(said)
    return Words(" ".join(terms), tuple(phrases), tuple(excluded))


def build_query(request: SearchRequest) -> Query:
    """Return the query of a request; raises SearchError where nothing could match."""
    if request.since and request.until and request.since >= request.until:
        raise SearchError(f"since ({request.since}) is not before until ({request.until})")
    words = parse_words(request.words)
    must: list[Query] = [_phrase(phrase) for phrase in words.phrases]
    if words.terms:
        must.append(_terms(words.terms, request.languages))
    return Bool(
        must=must or [MatchAll()],
        must_not=[_phrase(phrase) for phrase in words.excluded],
        filter=_filters(request),
    )


def match_fields(name: Literal["title", "body"]) -> list[str]:
    """Return the exact and the stemmed fields that hold a text: a highlighter joins their matches."""
    return [name, *(f"{name}_{suffix}" for suffix in ANALYZERS)]


def _terms(terms: str, languages: tuple[str, ...]) -> Query:
    """Rank exact and stemmed matches together: an article in which both match stands above one with either."""
    wanted = {suffix_of(language) for language in languages} if languages else set(ANALYZERS)
    groups = [[field.format(suffix) for field in STEMMED_FIELDS] for suffix in sorted(filter(None, wanted))]
    return DisMax(queries=[_group(terms, fields) for fields in ([*EXACT_FIELDS], *groups)], tie_breaker=1.0)


def _group(terms: str, fields: list[str]) -> Query:
    # cross_fields looks for each word in any field of the group, as if they were one.
    return MultiMatch(query=terms, fields=fields, type="cross_fields", minimum_should_match=ENOUGH_WORDS)


def _phrase(phrase: str) -> Query:
    return MultiMatch(query=phrase, fields=list(PHRASE_FIELDS), type="phrase")


def _filters(request: SearchRequest) -> list[Query]:
    filters: list[Query] = []
    if request.since or request.until:
        field = "dated_at" if request.by == "published" else "first_seen_at"
        bounds = {"gte": request.since, "lt": request.until}
        filters.append(Range(field, {name: bound for name, bound in bounds.items() if bound}))
    if request.outlets:
        filters.append(_any_of(("outlet", "source"), request.outlets))
    if request.languages:
        filters.append(Terms("language", list(request.languages)))
    if request.hosts:
        filters.append(_any_of(("host",), request.hosts))
    if request.story_id:
        filters.append(Term("story_id", {"value": request.story_id}))
    if request.which != "all":
        filters.append(Term("is_copy", {"value": request.which == "copies"}))
    return filters


def _any_of(fields: tuple[str, ...], values: tuple[str, ...]) -> Query:
    exact = [Term(field, {"value": value, "case_insensitive": True}) for field in fields for value in values]
    return Bool(should=[*exact], minimum_should_match=1)
