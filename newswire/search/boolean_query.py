"""Builds the Elasticsearch query of a Boolean search from its tree."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Final

from elasticsearch.dsl.query import Bool, Query, Range, Term, Wildcard

from newswire.search.clauses import any_of, match_near, match_phrase, match_prefix, match_words
from newswire.search.query_grammar import parse_boolean
from newswire.search.query_syntax import check_budget
from newswire.search.query_tree import InField, Joined, Near, Node, Not, Phrase, Prefix, Words, leaves
from newswire.search.request import SearchError, SearchRequest
from newswire.search.time_limits import time_field

ALL: Final = "100%"
# field of a search -> fields with its words as written, and with its stems
_TEXT: Final = {
    "title": (("title^4", "heading^3"), ("title_{}^4",)),
    "author": (("authors.words",), ()),
    "tag": (("tags.words",), ()),
}
_VALUES: Final = {
    "outlet": ("outlet", "source"),
    "source": ("source",),
    "section": ("section",),
    "language": ("language",),
    "country": ("country",),
    "kind": ("kind",),
}
_STATES: Final[dict[str, Callable[[], Query]]] = {
    "original": lambda: Term("is_copy", {"value": False}),
    "copy": lambda: Term("is_copy", {"value": True}),
    "corrected": lambda: Range("version", {"gt": 1}),
    "paywalled": lambda: Term("is_paywalled", {"value": True}),
}
_DAY: Final = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")


def build_boolean(request: SearchRequest) -> Query:
    """Return the query of a request whose words are a Boolean search.

    Raises:
        SearchError: the text breaks the grammar, a field has no such value, or the search would cost too much.
    """
    tree = parse_boolean(request.words)
    found = [leaf for leaf, _ in leaves(tree)]
    phrases = [leaf.text for leaf in found if isinstance(leaf, Phrase)]
    check_budget(phrases, [word for leaf in found if not isinstance(leaf, Phrase) for word in leaf.text.split()])
    return _Builder(request).build(tree)


class _Builder:
    """Builds the clauses of one request."""

    def __init__(self, request: SearchRequest) -> None:
        self._request = request

    def build(self, node: Node, field: str | None = None) -> Query:
        """Return the clause of a part of the tree; within `title`, `author` or `tag`, words count there only."""
        match node:
            case Joined(by="OR", parts=parts):
                return Bool(should=[self.build(part, field) for part in parts], minimum_should_match=1)
            case Joined(parts=parts):
                wanted = [self.build(part, field) for part in parts if not isinstance(part, Not)]
                unwanted = [self.build(part.part, field) for part in parts if isinstance(part, Not)]
                return Bool(must=wanted, must_not=unwanted)
            case Not(part=part):
                return Bool(must_not=[self.build(part, field)])
            case Near(first=first, second=second, distance=distance):
                return match_near(first.text, second.text, distance)
            case InField(name=name, value=value):
                return self.build(value, name) if name in _TEXT else self._condition(name, value)
            case Words() | Phrase() | Prefix():
                return self._text(node, field)

    def _text(self, leaf: Words | Phrase | Prefix, field: str | None) -> Query:
        fields = _TEXT[field] if field else None
        match leaf:
            case Words(text=text):
                languages = self._request.languages
                return match_words(text, languages, ALL, *fields) if fields else match_words(text, languages, ALL)
            case Phrase(text=text, slop=slop):
                return match_phrase(text, slop, fields[0]) if fields else match_phrase(text, slop)
            case Prefix(text=text):
                return match_prefix(text, fields[0]) if fields else match_prefix(text)

    def _condition(self, name: str, value: Node) -> Query:
        values = _values(name, value)
        if name in _VALUES:
            return any_of(_VALUES[name], values)
        makers: dict[str, Callable[[str], Query]] = {"url": _url, "date": self._date, "is": _state}
        return Bool(should=[makers[name](each) for each in values], minimum_should_match=1)

    def _date(self, text: str) -> Query:
        begin, _, end = text.partition("..")
        first, last = _days(begin or end), _days(end or begin)
        is_range = ".." in text
        after_last = last[1].isoformat() if end or not is_range else None
        bounds = {"gte": first[0].isoformat() if begin else None, "lt": after_last}
        return Range(time_field(self._request), {bound: day for bound, day in bounds.items() if day})


def _values(name: str, value: Node) -> Sequence[str]:
    """Return the values that a condition names: one, or several in parentheses with OR."""
    match value:
        case Words(text=text) if " " not in text:
            return [text]
        case Phrase(text=text, slop=0):
            return [text]
        case Joined(by="OR", parts=parts):
            return [each for part in parts for each in _values(name, part)]
    raise SearchError(f'{name}: takes a value, a "value of several words", or (values OR values), not {value}')


def _url(text: str) -> Query:
    """Return the clause for a host, or for any part of an address."""
    pattern = re.sub(r"([\\*?])", r"\\\1", text)
    part = Wildcard("url", {"value": f"*{pattern}*"})
    return Bool(should=[Term("host", {"value": text}), part], minimum_should_match=1)


def _state(text: str) -> Query:
    if text not in _STATES:
        raise SearchError(f"is: knows {', '.join(_STATES)}, not {text}")
    return _STATES[text]()


def _days(text: str) -> tuple[dt.date, dt.date]:
    """Return the first day of a year, month or day, and the first day after it."""
    found = _DAY.fullmatch(text)
    try:
        year, month, day = (int(part) if part else None for part in found.groups()) if found else (0, None, None)
        first = dt.date(year or 0, month or 1, day or 1)
        return first, first + dt.timedelta(_length(first, has_month=bool(month), has_day=bool(day)))
    except (ValueError, OverflowError):
        known = "2026, 2026-11, 2026-11-24 or a range such as 2026-11..2026-12"
        raise SearchError(f"date: takes {known}, not {text}") from None


def _length(first: dt.date, *, has_month: bool, has_day: bool) -> int:
    if has_day:
        return 1
    return calendar.monthrange(first.year, first.month)[1] if has_month else 365 + calendar.isleap(first.year)
