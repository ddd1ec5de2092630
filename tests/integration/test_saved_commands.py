"""`newswire saved` on a real Elasticsearch."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from newswire.commands import saved as commands
from newswire.elastic.templates import sync_templates
from newswire.errors import Retry
from newswire.saved.searches import SavedSearchError
from newswire.search.request import SearchError

pytestmark = pytest.mark.servers


@pytest.fixture
def saved(servers, monkeypatch):
    """Run a command and return what it prints; its errors pass through, as `newswire` shows them."""
    monkeypatch.setattr(commands, "settings", lambda: servers)

    def run(*arguments):
        done = CliRunner(env={"COLUMNS": "200"}).invoke(commands.command, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def test_a_search_is_saved_run_listed_and_removed(saved, servers):
    """A name stands for one search; words, filters and whether it pushes come back as they were given."""
    assert "No saved searches." in saved("list")
    with pytest.raises(Retry, match="newswire templates apply"):
        saved("add", "ferries", "ferry")
    sync_templates(servers)
    said = saved("add", "ferries", 'ferry "Kestrel Bay"', "-strike", "--language", "en", "--push")
    assert "It matches 0 articles now." in said
    saved("add", "all of it", "--json")
    listed = {search["name"]: search for search in json.loads(saved("list", "--json"))}
    assert [*listed] == ["all of it", "ferries"]
    assert listed["ferries"]["request"]["words"] == 'ferry "Kestrel Bay" -strike'
    assert listed["ferries"]["request"]["languages"] == ["en"]
    assert [search["pushes"] for search in listed.values()] == [False, True]
    assert "2 saved, 1 push, 0 disabled" in saved("list")
    assert saved("run", "ferries").strip() == "Nothing found."
    assert json.loads(saved("run", "ferries", "--json"))["total"] == 0
    with pytest.raises(SavedSearchError, match="newswire saved remove 'ferries'"):
        saved("add", "ferries", "boat")
    saved("remove", "ferries")
    with pytest.raises(SavedSearchError, match="newswire saved list"):
        saved("run", "ferries")
    with pytest.raises(SavedSearchError, match="no search is saved as 'ferries'"):
        saved("remove", "ferries")
    with pytest.raises(SearchError, match="is not before until"):
        saved("add", "never", "--since", "2026-03-02", "--until", "2026-03-01")
    assert "1 saved" in saved("list")
