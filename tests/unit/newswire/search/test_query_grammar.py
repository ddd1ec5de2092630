"""Boolean searches are read as their writers mean them; what cannot be read is shown with its place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newswire.search.query import build_query
from newswire.search.query_grammar import is_boolean, parse_boolean
from newswire.search.query_syntax import MAX_PHRASES, MAX_WORDS
from newswire.search.query_tree import describe
from newswire.search.request import SearchError, SearchRequest


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("Arden NOT tram", "Arden AND NOT tram"),
        ("ferry OR dam", "ferry OR dam"),
        ("ferry || dam && bridge", "ferry OR (dam AND bridge)"),
        ("ferry dam OR bridge", "(ferry AND dam) OR bridge"),
        ("(ferry OR dam) bridge", "(ferry OR dam) AND bridge"),
        ("ferry AND !dam AND -bridge", "ferry AND NOT dam AND NOT bridge"),
        ("NOT (ferry OR dam)", "NOT (ferry OR dam)"),
        ('title:"old pier" OR outlet:(Post OR "Old Gazette")', 'title:"old pier" OR outlet:(Post OR "Old Gazette")'),
        ("ferry NEAR/5 aground", "ferry NEAR/5 aground"),
        ('"the dam"~3 AND ferr*', '"the dam"~3 AND ferr*'),
        ("covid-19 OR a-b", "covid-19 OR a-b"),
        ("is:original AND date:2026-11..2026-12", "is:original AND date:2026-11..2026-12"),
        ("ANDES OR ORAL", "ANDES OR ORAL"),
    ],
)  # fmt: skip
def test_a_search_is_understood(text, understood):
    """AND binds more strongly than OR; words beside each other are all wanted; what was understood reads the same."""
    assert is_boolean(text)
    assert describe(parse_boolean(text)) == understood
    assert describe(parse_boolean(understood)) == understood


@pytest.mark.parametrize(
    "text",
    [
        "ferry dam", "ferry and dam", "G20 (summit)", '"ferry AND dam"', "-tram ferry", "C++ and C", "12:30 train",
        "https://a.example/x", "ANDES ORAL NOTE", "a*", "what's \"on", "not: this", ":-)", "", "Titel: Hafen",
    ],
)  # fmt: skip
def test_plain_words_stay_plain(text):
    """Brackets, quotes and small words do not make a Boolean search."""
    assert not is_boolean(text)
    build_query(SearchRequest(words=text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ferry AND", "ends too early: a word"),
        ("(ferry OR dam", "ends too early: a closing parenthesis"),
        ("ferry OR OR dam", "character 10: ferry OR  >>O<<"),
        (") AND ferry", "character 1: >>)<<"),
        ('ferry AND "open', "character 11"),
        ('ferry OR ""', "no words"),
        ("ferry NEAR/5 (a OR b)", "between two words"),
        ("is:tall", "original, copy, corrected, paywalled"),
        ("date:yesterday OR ferry", "2026-11-24"),
        ("date:2026-13", "2026-11-24"),
        ("language:(en AND de)", "takes a value"),
        (" OR ".join(["word"] * (MAX_WORDS + 1)), f"at most {MAX_PHRASES} phrases"),
        (" OR ".join(['"a b"'] * (MAX_PHRASES + 1)), f"at most {MAX_PHRASES} phrases"),
    ],
)
def test_what_cannot_be_read_is_shown_with_its_place(text, message):
    """And with a way on."""
    with pytest.raises(SearchError) as caught:
        build_query(SearchRequest(words=text))
    assert message in str(caught.value)


def test_the_budget_is_what_it_says():
    """Just within it, a search runs."""
    build_query(SearchRequest(words=" OR ".join(["word"] * MAX_WORDS)))
    build_query(SearchRequest(words=" OR ".join(['"a b"'] * MAX_PHRASES)))


@given(text=st.text(alphabet='ab ANDORT()"~*:!-|&/5', max_size=60))
@settings(deadline=None, max_examples=300)
def test_any_text_is_searched_or_refused(text):
    """Never a crash: a query comes from a form that anybody can fill in."""
    try:
        build_query(SearchRequest(words=text))
    except SearchError:
        return
