"""The rules in a source's file: applied to its pages, noted when they fail, and changed without a restart."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from consumers.parse import STAGE
from consumers.parse.commands import command
from consumers.parse.extraction import extract_article
from consumers.parse.fields.metadata import Origin
from consumers.parse.rule_book import RuleBook
from newswire.kafka.body_store import pack_body
from newswire.settings import Settings
from newswire.sources.catalogue import read_source
from newswire.sources.rules import SiteRule
from newswire.stage import Record
from newswire.testing.rig import finish
from schemas.messages import FetchedPage

NOW = dt.datetime(2031, 5, 1, tzinfo=dt.UTC)
GOLDEN = Path(__file__).parents[3] / "golden/site-rules"
PAGE = (GOLDEN / "page.html").read_bytes()
RULES = read_source(GOLDEN / "source.yml").rules
FAIR, KILN = "Elsewhere in the valley", "The lime kiln"
YAML = "title: The Ledger\nowner: tests\nfeeds: [https://ledger.example/feed]\n"
KILN_RULES = YAML + "rules: [{body: .related-sidebar}]\n"
FAIR_RULES = YAML + "rules: [{body: .text-content}]\n"


def read(*rules, page=PAGE, at=NOW):
    given = tuple(rule if isinstance(rule, SiteRule) else SiteRule(**rule) for rule in rules)
    return extract_article(page, Origin("https://ledger.example/2031/kiln", at, rules=given))


def test_the_rules_decide_and_are_named_as_the_provenance():
    """Body, title, authors and time come from the rules; without them all four would be wrong."""
    ruled, usual = read(*RULES), read()
    assert ruled.reading.reader == "rules, of the source"
    assert {name for name, source in ruled.meta.provenance.items() if source == "rules"} == {
        "body",
        "title",
        "authors",
        "published_at",
    }
    for name in ("body", "title", "authors", "published"):
        assert getattr(ruled, name) != getattr(usual, name)
    assert usual.reading.reader != ruled.reading.reader


def test_a_rule_counts_on_its_days_only():
    """The day of the fetch decides; a rule that is out of date leaves no note."""
    assert read(*RULES, at=dt.datetime(2029, 12, 31, 23, tzinfo=dt.UTC)).body.startswith(FAIR)
    assert read(*RULES, at=dt.datetime(2030, 1, 1, tzinfo=dt.UTC)).body.startswith(KILN)
    late = read({"until": dt.date(2031, 4, 30), "body": ".related-sidebar", "title": "h6"})
    assert (late.body, late.meta.notes) == (read().body, [])


def test_the_first_rule_that_finds_something_decides_each_field():
    """A source may have several layouts at once; a rule that finds nothing leaves the field to the next."""
    found = read({"body": ".long-read", "title": ".banner-line"}, {"body": ".related-sidebar", "title": "title"})
    assert found.body.startswith(KILN)
    assert found.title == "Lime kiln on Quarry Lane is lit after ninety years"
    assert found.meta.notes == []


@pytest.mark.parametrize("rule", [{"body": ".gone"}, {"body": ".masthead a"}, {"published": ".banner-line"}])
def test_a_rule_that_finds_nothing_falls_back_and_leaves_a_note(rule):
    """No such element, one without text, or no time in it: the usual reading is kept, and a note shows the redesign."""
    found, usual = read(rule), read()
    ((field, selector),) = rule.items()
    assert found.meta.notes == [f"rule-matched-nothing: {field} {selector}"]
    assert (found.body, found.reading.reader, found.published) == (usual.body, usual.reading.reader, usual.published)


@pytest.mark.parametrize(
    ("selector", "title"),
    [
        (".banner-line", "Lime kiln on Quarry Lane is lit after ninety years"),
        ("meta[property='og:title']", "Quarry Lane Ledger: the paper for the lane"),
        ("title", "Quarry Lane Ledger"),
    ],
)
def test_an_element_says_its_content_or_its_text(selector, title):
    """Tags inside a word do not split it; a meta gives its attribute, and an element outside the body its text."""
    assert read({"title": selector}).title == title


def test_a_time_to_come_is_no_time_of_publication():
    """A value found by a rule has the same limits as any other."""
    page = PAGE.replace(b"17.04.2031", b"17.04.2093")
    assert read({"published": ".stamp"}, page=page).meta.notes == ["rule-matched-nothing: published .stamp"]


def test_parts_are_removed_in_the_body_or_on_the_whole_page():
    """With a body, what it holds is cut; without one, the usual reading no longer sees the parts."""
    with_body = read({"body": ".related-sidebar", "remove": [".offer"]}).body
    alone = read({"remove": [".offer", ".text-content"]})
    assert with_body == alone.body
    assert "coach" not in alone.body
    assert alone.reading.reader.startswith("rules")
    assert "body" not in alone.meta.provenance


def test_elements_are_taken_once_and_in_their_order():
    """An element inside another chosen one does not count twice, whatever the order of the selectors."""
    body = read({"body": ".text-content, .related-sidebar, .related-sidebar li"}).body
    assert body.index(KILN) < body.index(FAIR)
    assert body.count("The lime will mend the harbour wall.") == 1


def test_a_page_that_is_read_slowly_says_that_its_rules_did_not_count():
    """A page that is too costly for a tree is not put into one for a rule."""
    page = b"<html><title>T</title><body><p" + b" a" * 12_000 + b"><p>" + b"Many words of one paragraph here. " * 9
    (note,) = read({"body": "p"}, page=page).meta.notes
    assert note.endswith("without the source's rules")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


def test_a_changed_file_counts_and_a_broken_one_leaves_the_last_good_rules(folder):
    """Written, changed, broken, fixed, deleted: the last good rules apply, and a mistake is logged once."""
    book = RuleBook(Settings(sources_dirs=(folder,)))

    def bodies(text):
        path = folder / "ledger.yml"
        path.write_text(text) if text else path.unlink()
        with capture_logs() as logged:
            book.refresh()
            book.refresh()
        return [rule.body for rule in book.rules_of("ledger")], [entry["event"] for entry in logged]

    assert bodies(KILN_RULES) == ([".related-sidebar"], [])
    assert bodies(FAIR_RULES) == ([".text-content"], [])
    assert bodies(YAML + "rules: [{body: 'p['}]\n") == ([".text-content"], ["parse.source_broken"])
    assert bodies(YAML) == ([], [])
    assert bodies(KILN_RULES) == ([".related-sidebar"], [])
    assert bodies(None) == ([], [])
    assert bodies(YAML + "rules: [{body: 'p['}]\n") == ([], ["parse.source_broken"])


def test_the_first_folder_with_a_source_counts(folder, tmp_path):
    """As in the catalogue; a missing folder has no rules."""
    other = tmp_path / "own"
    other.mkdir()
    (folder / "ledger.yml").write_text(KILN_RULES)
    (other / "ledger.yml").write_text(FAIR_RULES)
    book = RuleBook(Settings(sources_dirs=(folder, other, tmp_path / "none")))
    book.refresh()
    assert [rule.body for rule in book.rules_of("ledger")] == [".related-sidebar"]
    assert book.rules_of("nobody") == ()


OFFSETS = itertools.count()


def record(source):
    page = FetchedPage(
        url_id="0" * 32, url="https://ledger.example/a", final_url="https://ledger.example/a", source=source,
        outlet="Ledger", host="ledger.example", fetched_at=NOW, first_seen_at=NOW, status=200, body=pack_body(PAGE),
        body_bytes=len(PAGE), body_sha256="0" * 64, country="GB", robots_ai_use=False,
    )  # fmt: skip
    return Record("fetched-pages", 0, next(OFFSETS), 0, None, page)


def test_the_stage_reads_each_page_by_its_sources_rules(folder, tmp_path):
    """From the file to the worker process, batch by batch; other sources are read as usual."""
    (folder / "ledger.yml").write_text(KILN_RULES)
    with STAGE.open(Settings(state_dir=tmp_path, sources_dirs=(folder,))) as stage:
        handle = partial(finish, stage)
        ours, theirs = (answer[0].value for answer in handle([record("ledger"), record("other")]))
        (folder / "ledger.yml").write_text(FAIR_RULES)
        ((changed,),) = handle([record("ledger")])
        (folder / "ledger.yml").write_text(YAML + "rules: [{body: .gone}]\n")
        with capture_logs() as logged:
            handle([record("ledger")])
    assert (ours.reader, ours.provenance["body"]) == ("rules, of the source", "rules")
    assert FAIR not in ours.body
    assert FAIR in theirs.body
    assert theirs.reader == "rules"
    assert changed.value.body.startswith(FAIR)
    assert [(entry["event"], entry["source"]) for entry in logged] == [("parse.rule_matched_nothing", "ledger")]
    assert (ours.country, ours.allows_ai_use, ours.provenance["allows_ai_use"]) == ("GB", False, "robots.txt")


def test_the_command_reads_by_the_rules_of_a_source(folder, monkeypatch):
    """`newswire parse FILE --source ID` shows what the stage would read from the page; an unknown id is an error."""
    (folder / "ledger.yml").write_text(FAIR_RULES + "language: en\n")
    monkeypatch.setattr("consumers.parse.commands.settings", lambda: Settings(sources_dirs=(folder,)))
    shown = CliRunner().invoke(command, [str(GOLDEN / "page.html"), "--source", "ledger", "--json"])
    found = json.loads(shown.output)
    assert (found["reader"], found["provenance"]["body"]) == ("rules, of the source", "rules")
    assert found["body"].startswith(FAIR)
    unknown = CliRunner().invoke(command, [str(GOLDEN / "page.html"), "--source", "legder"])
    assert "did you mean ledger?" in str(unknown.exception)
