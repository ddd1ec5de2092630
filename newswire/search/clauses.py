"""The clauses that queries are made of: words, phrases, prefixes and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from elasticsearch.dsl.query import Bool, DisMax, Intervals, MultiMatch, Query, Term

from schemas.analyzers import ANALYZERS, suffix_of

# A word in the title says more about an article than one in its text.
EXACT_FIELDS = ("title^4", "heading^3", "summary^2", "authors.words^2", "tags.words^2", "body")
PHRASE_FIELDS = ("title^4", "heading^3", "summary^2", "authors.words^2", "body")
STEMMED_FIELDS = ("title_{}^4", "body_{}")
TEXT_PARTS: Final = ("title", "heading", "summary", "body")


def match_fields(name: Literal["title", "body"], languages: tuple[str, ...] = ()) -> list[str]:
    """Return the exact and the stemmed fields of a text; a highlighter combines their matches."""
    return [name, *(f"{name}_{suffix}" for suffix in _suffixes(languages))]


def match_words(
    words: str,
    languages: tuple[str, ...],
    least: str,
    exact: Sequence[str] = EXACT_FIELDS,
    stemmed: Sequence[str] = STEMMED_FIELDS,
) -> Query:
    """Rank exact and stemmed matches together: an article with both comes before one with either.

    Args:
        words: plain words.
        languages: whose stems count; empty: those of all languages.
        least: how many of the words an article must have (`minimum_should_match`).
        exact: fields that hold words as they are written.
        stemmed: fields that hold a language's stems, with `{}` for the language.
    """
    groups = [[field.format(suffix) for field in stemmed] for suffix in _suffixes(languages)] if stemmed else []
    return DisMax(queries=[_group(words, fields, least) for fields in ([*exact], *groups)], tie_breaker=1.0)


def match_phrase(phrase: str, slop: int = 0, fields: Sequence[str] = PHRASE_FIELDS) -> Query:
    """Return the clause for words in this order, up to `slop` positions off."""
    if slop:
        return MultiMatch(query=phrase, fields=list(fields), type="phrase", slop=slop)
    return MultiMatch(query=phrase, fields=list(fields), type="phrase")


def match_prefix(prefix: str, fields: Sequence[str] = EXACT_FIELDS) -> Query:
    """Return the clause for words that begin with a text."""
    return MultiMatch(query=prefix, fields=list(fields), type="bool_prefix")


def match_near(first: str, second: str, distance: int) -> Query:
    """Return the clause for two words or phrases with at most `distance` words between them, in any order."""
    parts = [{"match": {"query": text, "ordered": True, "max_gaps": 0}} for text in (first, second)]
    rule = {"all_of": {"intervals": parts, "max_gaps": distance, "ordered": False}}
    return Bool(should=[Intervals(field, rule) for field in TEXT_PARTS], minimum_should_match=1)


def any_of(fields: Sequence[str], values: Sequence[str]) -> Query:
    """Return the clause for any of these values in any of these fields, in any case."""
    exact = [Term(field, {"value": value, "case_insensitive": True}) for field in fields for value in values]
    return Bool(should=[*exact], minimum_should_match=1)


def _suffixes(languages: tuple[str, ...]) -> list[str]:
    """Return the suffixes of the stemmed fields of some languages, or of all."""
    return sorted(filter(None, {suffix_of(language) for language in languages} if languages else set(ANALYZERS)))


def _group(terms: str, fields: list[str], least: str) -> Query:
    # cross_fields searches for each word in any field of the group, as if they were one field.
    return MultiMatch(query=terms, fields=fields, type="cross_fields", minimum_should_match=least)
