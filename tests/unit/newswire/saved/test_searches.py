"""What `newswire saved` shows of a search, and what its options can say; no server is asked."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import schemas
from consumers.watch.alert_claims import Announcement, build_claim
from consumers.watch.saved_search_matches import FoundVersion, SavedSearchMatch
from newswire.commands.saved import command, describe
from newswire.commands.search_options import read_request, search_options
from newswire.saved.searches import SavedSearch, search_id_of
from newswire.search.request import SearchRequest
from schemas.topics import ALERTS, INDEXED_ARTICLES

# What a page or a cursor asks of an answer and the search module decides itself, which a saved search does not keep.
OF_THE_ANSWER = {"as_of", "offset", "after", "facets", "timeline", "needs"}


@click.command()
@search_options
def asking(words, **wishes):
    """Show the request that the options describe."""
    click.echo(repr(read_request(words, wishes)))


def test_every_filter_of_a_request_is_an_option():
    """What the search module can filter by, the command line can say."""
    names = {parameter.name for parameter in asking.params}
    assert {field.name for field in fields(SearchRequest)} - OF_THE_ANSWER <= names


def test_the_options_become_the_request():
    """Repeated options gather, and a word with a minus is a word to leave out."""
    options = ["--outlet", "Norhaven Mail", "--outlet", "Ostrey Post", "--copies", "--", "ferry", "-strike"]
    done = CliRunner().invoke(asking, options)
    assert done.output.strip() == repr(
        SearchRequest(words="ferry -strike", outlets=("Norhaven Mail", "Ostrey Post"), which="copies")
    )


def test_a_misspelt_option_is_refused_and_not_saved_as_a_word():
    """Before any server is asked, the command says so."""
    done = CliRunner().invoke(command, ["add", "ferries", "ferry", "--langauge", "en"])
    assert done.exit_code == 2
    assert "--langauge" in done.output


@pytest.mark.parametrize("name", ["", "x" * 201])
def test_a_name_has_a_length(name):
    """An empty name cannot be asked for, and an endless one not be read."""
    done = CliRunner().invoke(command, ["add", name, "ferry"])
    assert done.exit_code == 2
    assert "1 to 200 characters" in done.output


def test_a_request_in_one_line():
    """Its words, then what differs from a plain search; no words at all mean everything."""
    since = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
    assert describe(SearchRequest(words="ferry -strike")) == "ferry -strike"
    assert describe(SearchRequest(outlets=("a", "b"), since=since, which="originals")) == (
        "everything since=2026-03-02T08:30+00:00 outlets=a,b which=originals"
    )


def test_the_golden_alert_is_what_the_stage_would_send():
    """The ids in schemas/examples are what a service downstream will see: functions of name, article and version."""
    examples = Path(schemas.__file__).parent / "examples"
    alert = ALERTS.decode((examples / "alerts.v1/revision.json").read_bytes())
    article = INDEXED_ARTICLES.decode(next((examples / "indexed-articles.v1").iterdir()).read_bytes())
    name, shown = alert.query_name, {field: getattr(alert, field) for field in FoundVersion.__struct_fields__}
    search = SavedSearch(query_id=search_id_of(name), name=name, request=SearchRequest(), created_at=alert.matched_at)
    match = SavedSearchMatch(search, FoundVersion(**shown))
    claim = build_claim("news", match, Announcement("3:14", article), alert.matched_at)
    assert claim == (alert, "3:14", "news-alerts-2026.03")
