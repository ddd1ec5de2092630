"""What an address of the search page asks for, and the links to neighbouring searches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from newswire.web.search_params import SearchQuery


def request_of(**values):
    return SearchQuery(**values).request(with_counts=True)


def test_every_filter_reaches_the_search():
    """No parameter is taken and forgotten."""
    request = request_of(
        q="dam",
        since="2026-03-02",
        until="2026-03-02",
        by="seen",
        as_of="2026-03-02T08:30",
        outlet=["Harbour Gazette", "ostrey-post"],
        language=["en"],
        country=["GB"],
        kind=["live"],
        section=["News"],
        date_trust=["told", "none"],
        host=["paper.example"],
        story="a" * 32,
        family="b" * 32,
        which="copies",
        needs="most",
        fold="nothing",
        sort="date",
        limit=7,
        after="next",
    )
    plain = SearchQuery().request(with_counts=False)
    assert request.outlets == ("Harbour Gazette", "ostrey-post")
    assert request.as_of == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert not [
        name for name in request.__slots__ if name != "offset" and getattr(request, name) == getattr(plain, name)
    ]


def test_a_day_means_all_of_it():
    """Since and until the same day leave that day, not nothing."""
    request = request_of(since="2026-03-02", until="2026-03-02")
    assert request.until - request.since == timedelta(days=1)


def test_fields_that_a_form_leaves_empty_ask_for_nothing():
    """A browser sends every field of a form, empty ones too."""
    assert request_of(q="", since="", until=" ", as_of="", outlet=[""], story="", family="", after="") == request_of()


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"since": "yesterday"}, "is not a time"),
        ({"sort": "worst"}, "relevance"),
        ({"story": "<script>"}, "pattern"),
        ({"limit": 201}, "200"),
        ({"q": "x" * 8001}, "8000"),
        ({"date_trust": ["sure"]}, "told"),
        ({"outlt": "Gazette"}, "not permitted"),
    ],
)
def test_what_makes_no_sense_is_refused(values, word):
    """A slip in an address is named, not ignored: the answer would be to another question."""
    with pytest.raises(ValidationError, match=word):
        SearchQuery(**values)


def test_links_keep_the_search_and_change_one_thing():
    """A link takes the filters along, turns back to the first page, and keeps an age such as 7d as it was put."""
    query = SearchQuery(q='a & "b"', since="7d", outlet=["One", "Two"], after="page two")
    assert parse_qs(query.link(fold="stories")) == {
        "q": ['a & "b"'],
        "since": ["7d"],
        "outlet": ["One", "Two"],
        "fold": ["stories"],
    }
    assert parse_qs(query.without("outlet", "One"))["outlet"] == ["Two"]
    assert query.chosen == [("outlet", "One"), ("outlet", "Two")]
    assert "story" not in parse_qs(SearchQuery(story="a" * 32).link(story=None))
