"""How a reader's words, times and results are read and shown; without a server."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from newswire.commands.search_options import Moment
from newswire.commands.search_view import show_results
from newswire.search.query import build_query
from newswire.search.query_syntax import MAX_PHRASES, MAX_WORDS, QueryWords, parse_words
from newswire.search.request import SearchError, SearchRequest
from newswire.search.results import FoundArticle, Hit, Piece, SearchResults
from newswire.settings import child_environment
from newswire.terminal import one_line, printable

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ferry strike", QueryWords("ferry strike", (), ())),
        ('"ferry strike" pier', QueryWords("pier", ("ferry strike",), ())),
        ("“ferry strike” «le port» „der Hafen“", QueryWords("", ("ferry strike", "le port", "der Hafen"), ())),
        ('ferry -strike -"the pier"', QueryWords("ferry", (), ("strike", "the pier"))),
        ("covid-19 - pier", QueryWords("covid-19 - pier", (), ())),
        ('say "the pier', QueryWords("say", ("the pier",), ())),
        ('"" " " -', QueryWords("-", (), ())),
        ("", QueryWords("", (), ())),
    ],
)
def test_words_phrases_and_exclusions_are_told_apart(text, words):
    """Quotes of any style make phrases, a minus before a word excludes, a hyphen within one does not."""
    assert parse_words(text) == words


@hypothesis.settings(deadline=None)
@given(st.text())
def test_any_text_is_a_search(text):
    """Nothing that a reader can type is a syntax error."""
    build_query(SearchRequest(words=text)).to_dict()


def test_an_empty_span_of_time_is_an_error():
    """Since after until finds nothing for ever: the reader is told."""
    with pytest.raises(SearchError, match="not before"):
        build_query(SearchRequest(since=NOON, until=NOON))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-02T08:30", datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        ("2026-03-02T08:30+02:00", datetime(2026, 3, 2, 6, 30, tzinfo=UTC)),
    ],
)
def test_times_are_utc_unless_they_say_otherwise(text, moment):
    """A day is its first moment."""
    assert Moment().convert(text, None, None) == moment


def test_until_a_day_includes_the_day():
    """Not after 2 March means before 3 March; a time of day stays itself."""
    assert Moment(is_end=True).convert("2026-03-02", None, None) == datetime(2026, 3, 3, tzinfo=UTC)
    assert Moment(is_end=True).convert("2026-03-02T08:30", None, None) == datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "age"), [("90m", timedelta(minutes=90)), ("7d", timedelta(days=7)), ("2w", timedelta(weeks=2))]
)
def test_ages_count_back_from_now(text, age):
    """An age is the quickest way to say since when."""
    assert abs(datetime.now(UTC) - age - Moment().convert(text, None, None)) < timedelta(seconds=5)


@pytest.mark.parametrize("text", ["yesterday", "7y", "2026-13-01", ""])
def test_what_is_no_time_is_refused_with_examples(text):
    """The message shows how to say it."""
    with pytest.raises(click.BadParameter, match="12h or 7d"):
        Moment().convert(text, None, None)


def test_control_characters_are_written_out():
    """Escape sequences (C0 and C1) and reversed text cannot reach the terminal; line ends and letters stay."""
    assert printable("a\x1b[31m\x9b2J\x7f\u202eb\n\tØ漁") == r"a\u001b[31m\u009b2J\u007f\u202eb" + "\n\tØ漁"
    assert one_line("a \n\r\t b\x00") == r"a b\u0000"


@hypothesis.settings(deadline=None)
@given(st.text())
def test_printable_json_is_the_same_json(text):
    """Writing a control character out does not change what a script reads."""
    written = printable(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(written) == {"text": text}
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(written)


def article(**changes):
    told = {"article_id": "a", "url": "https://h.example/a", "canonical_url": "https://h.example/a", "source": "h"}
    told |= {"outlet": "Harbour Gazette", "host": "h.example", "language": "en", "title": "Siren", "version": 1}
    told |= {"story_id": "s", "family_id": "a", "is_copy": False}
    told |= {"dated_at": NOON, "first_seen_at": NOON, "published_at": NOON}
    return FoundArticle(**told | changes)


def shown(hit, *, is_terminal=False):
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=is_terminal, highlight=False)
    show_results(console, SearchResults(total=1, groups=1, hits=(hit,), took_ms=3))
    return out.getvalue()


TITLE = (Piece("Siren", is_match=True),)


def hit(title=TITLE, folded=(), folded_count=0, snippets=(), **changes):
    return Hit(
        article=article(**changes), title=title, snippets=snippets, score=1.0, folded=folded, folded_count=folded_count
    )


def test_matches_stand_out_on_a_terminal():
    """The matching piece is printed in a style of its own."""
    pieces = (Piece("A ", is_match=False), Piece("siren", is_match=True))
    assert "\x1b[1;33msiren" in shown(hit(snippets=(pieces,)), is_terminal=True).replace("\x1b[0m", "")


def test_a_hit_tells_what_its_date_is_and_what_it_folds():
    """Seen is not published; copies are counted beyond those that are listed; a story's others are no copies."""
    assert "seen 2026-03-02 12:00 UTC" in shown(hit(published_at=None))
    copies = (article(outlet="Ostrey Post", is_copy=True),)
    assert "3 copies: Ostrey Post and 2 more" in shown(hit(folded=copies, folded_count=3))
    assert "1 copy: Ostrey Post" in shown(hit(folded=copies, folded_count=1))
    assert "with 1 more: Norhaven Mail" in shown(hit(folded=(article(outlet="Norhaven Mail"),), folded_count=1))


def test_a_long_address_is_not_wrapped():
    """An address is there to be copied."""
    url = "https://h.example/" + "x" * 300
    assert url in shown(hit(url=url))


def test_text_from_the_web_is_neither_markup_nor_emoji_nor_control():
    """Outlet, title, text and address are all the sites' own words."""
    evil = "[red]x[/red] :bomb: \x1b[31m"
    pieces = (Piece(evil, is_match=False),)
    output = shown(hit(title=pieces, snippets=(pieces,), outlet=evil, url=evil))
    assert output.count(r"[red]x[/red] :bomb: \u001b[31m") == 4
    assert "\x1b" not in output


def test_an_absent_server_is_one_clear_message():
    """Exit code 1, the address that was tried and the way out; no traceback."""
    done = subprocess.run(
        [Path(sys.executable).parent / "newswire", "search", "siren"],
        env=child_environment(NEWSWIRE_ELASTICSEARCH_URL="http://127.0.0.1:9"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "port=9" in done.stderr
    assert "newswire status" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        ('"a b" ' * MAX_PHRASES, False),
        ('"a b" ' * (MAX_PHRASES + 1), True),
        ("a " * MAX_WORDS, False),
        ("a " * (MAX_WORDS + 1), True),
        ("a -b " * (MAX_WORDS // 2), False),
        ("a -b " * (MAX_WORDS // 2) + "-c", True),
    ],
)
def test_a_search_has_a_budget(text, is_refused):
    """One address must not keep the server busy for everybody."""
    if is_refused:
        with pytest.raises(SearchError, match="at most 20 phrases and 100 words"):
            parse_words(text)
    else:
        parse_words(text)
