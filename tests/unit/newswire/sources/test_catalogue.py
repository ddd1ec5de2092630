"""The catalogue: valid files are read, faults are reported, and one fault affects one source."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from newswire.commands.sources import command
from newswire.settings import Settings
from newswire.sources.catalogue import MAX_FILE_BYTES, Catalogue, load_catalogue, source_schema
from newswire.sources.schedule import TIERS

ROOT = Path(__file__).parents[4]
GOOD = "title: The Paper\nowner: desk\nfeeds: [https://paper.example/feed]\n"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


@pytest.fixture
def load(folder):
    def load(**files) -> Catalogue:
        for name, text in files.items():
            (folder / f"{name.replace('_', '-')}.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_catalogue(Settings(sources_dirs=(folder,)))

    return load


def test_a_source_needs_title_owner_and_a_list(load):
    """Three lines make a source; id, hosts, tier and language fill themselves in or stay open."""
    source = load(the_paper=GOOD).sources["the-paper"]
    assert (source.title, source.host, source.hosts) == ("The Paper", "paper.example", ("paper.example",))
    assert (source.tier, source.enabled, source.language, source.delay_seconds) == ("hourly", True, None, None)


BROKEN = {
    "no list": ("title: A\nowner: b\n", "no article can be found"),
    "no owner": ("title: A\nfeeds: [https://a.example/]\n", "owner: Field required"),
    "a misspelt field": (GOOD + "fedes: []\n", "fedes: Extra inputs"),
    "no address": (GOOD + "sitemaps: [paper.example/x]\n", "sitemaps.0: not a valid http"),
    "another tier": (GOOD + "tier: sometimes\n", "tier: "),
    "a host with a path": (GOOD + "hosts: [paper.example/x]\n", "hosts.0: not a valid host name"),
    "a host in capitals": (GOOD + "hosts: [Paper.example]\n", "hosts.0: not a valid host name"),
    "a bad pattern": (GOOD + "allow: ['(']\n", "allow.0: not a valid regular expression"),
    "links without a rule": (GOOD + "front_pages: [https://paper.example/]\n", "without `allow`"),
    "the wrong way round": (GOOD + "expected_per_day: {min: 9, max: 3}\n", "min is greater than max"),
    "a bad selector": (
        GOOD + "rules:\n  - title: h1\n    body: '.story p['\n",
        "line 6: rules.0.body: not a valid CSS selector: Malformed attribute selector at position 8",
    ),
    "a selector of one reader": (GOOD + "rules: [{remove: ['p:-soup-contains(more)']}]\n", "write it in plain CSS"),
    "a rule without selectors": (GOOD + "rules: [{since: 2031-01-01}]\n", "line 4: rules.0: empty rule"),
    "a rule that ends too early": (
        GOOD + "rules:\n  - {since: 2031-02-01, until: 2031-01-01, body: p}\n",
        "since is later than until",
    ),
    "another id": (GOOD + "id: other\n", "id 'other' differs"),
    "no YAML": ("title: [", "not valid YAML"),
    "a binary": (b"\x80\x00title", "not valid YAML"),
    "a list": ("- a\n", "not a mapping"),
    "nothing": ("", "not a mapping"),
    "too long": (GOOD + "#" * 300_000, "at most"),
    "an object of Python": ("!!python/object/apply:os.system [true]", "not valid YAML"),
}


@pytest.mark.parametrize(("text", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_stops_only_itself_and_says_why(load, text, reason):
    """The good source is there; the bad one is named with its file and one line of reason."""
    catalogue = load(good=GOOD, bad=text)
    assert list(catalogue.sources) == ["good"]
    (broken,) = catalogue.broken
    assert broken.path.name == "bad.yml"
    assert reason in broken.reason
    assert "\n" not in broken.reason


def test_a_mistake_is_named_with_its_line(load):
    """The line of a value is given; a missing one has none."""
    text = "title: The Paper\nfeeds:\n  - https://paper.example/feed\n  - paper.example\n"
    (broken,) = load(bad=text).broken
    assert (
        broken.reason
        == "owner: Field required; line 4: feeds.1: not a valid http or https URL; write it like https://example.com/feed"
    )


def test_rules_are_read_with_their_days(load):
    """Both days count, and an open end is open."""
    text = (
        GOOD
        + "rules:\n  - {since: 2031-01-02, until: 2031-02-01, body: .story, remove: [.box, aside]}\n  - {title: h2}\n"
    )
    first, second = load(a=text).sources["a"].rules
    assert (first.body, first.remove, second.title) == (".story", (".box", "aside"), "h2")
    days = [dt.date(2031, 1, 1), dt.date(2031, 1, 2), dt.date(2031, 2, 1), dt.date(2031, 2, 2)]
    assert [first.is_valid_on(day) for day in days] == [False, True, True, False]
    assert all(second.is_valid_on(day) for day in days)


def test_the_rules_in_the_documentation_are_good(load):
    """Who copies the example gets two layouts that follow each other."""
    text = (ROOT / "docs" / "adding-a-source.md").read_text("utf-8")
    example = next(block for block in text.split("```") if block.startswith("yaml\nrules:")).removeprefix("yaml")
    old, new = load(a=GOOD + example).sources["a"].rules
    assert (new.since - old.until).days == 1


def test_every_folder_is_read_and_an_id_belongs_to_one(tmp_path, folder):
    """Own sources are read beside the shipped ones; a missing folder and a duplicate id are reported."""
    (folder / "a.yml").write_text(GOOD)
    other = tmp_path / "own"
    other.mkdir()
    (other / "a.yml").write_text(GOOD)
    (other / "b.yml").write_text(GOOD)
    catalogue = load_catalogue(Settings(sources_dirs=(folder, other, tmp_path / "none")))
    assert list(catalogue.sources) == ["a", "b"]
    assert [entry.path.name for entry in catalogue.broken] == ["a.yml", "none"]


def test_patterns_say_what_a_source_wants(load):
    """`deny` goes before `allow`; without `allow` everything else is let in."""
    both = load(a=GOOD + "allow: ['/news/']\ndeny: ['/news/video']\n").sources["a"]
    assert [both.admits(f"https://paper.example{path}") for path in ("/news/1", "/news/video", "/x")] == [
        True,
        False,
        False,
    ]
    assert load(a=GOOD).sources["a"].admits("https://paper.example/x")


def test_the_tiers_have_members_only_if_enabled(load):
    """A disabled source is known but not crawled."""
    catalogue = load(a=GOOD + "tier: 15m\n", b=GOOD + "tier: 15m\nenabled: false\n", c=GOOD)
    assert [source.id for source in catalogue.enabled("15m")] == ["a"]
    assert [source.id for source in catalogue.enabled()] == ["a", "c"]
    assert all(not tier.schedule.startswith(("0 ", "*/")) for tier in TIERS.values())


def test_the_shipped_sources_are_good_and_disabled():
    """What we ship is an example: crawling an outlet is its owner's decision."""
    catalogue = load_catalogue(Settings(sources_dirs=(ROOT / "sources",)))
    assert catalogue.broken == ()
    assert len(catalogue.sources) >= 5
    assert [source.id for source in catalogue.sources.values() if source.enabled] == []


def test_the_committed_schema_is_current():
    """`newswire sources schema` prints what is in sources/source.schema.json."""
    committed = json.loads((ROOT / "sources" / "source.schema.json").read_text("utf-8"))
    assert committed == source_schema(), "run: newswire sources schema > sources/source.schema.json"


def test_the_catalogue_is_cheap_to_import():
    """DAG files read it at every parse: neither the crawl nor a client comes with it."""
    heavy = {"httpx", "psycopg", "kafka", "lxml", "feedparser", "elasticsearch", "airflow"}
    code = f"import sys, newswire.sources.catalogue; print(*({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


@pytest.fixture
def run(folder, monkeypatch):
    def run(*arguments):
        monkeypatch.setattr("newswire.commands.sources.settings", lambda: Settings(sources_dirs=(folder,)))
        return CliRunner().invoke(command, list(arguments))

    return run


def test_list_and_check_name_the_broken(run, folder):
    """Scripts read --json; check ends with 1 while anything is broken."""
    (folder / "good.yml").write_text(GOOD)
    assert run("check").exit_code == 0
    (folder / "bad.yml").write_text("title: \x1b[31mred")
    listed = json.loads(run("list", "--json").output)
    assert [source["id"] for source in listed["sources"]] == ["good"]
    assert listed["broken"][0]["path"].endswith("bad.yml")
    checked = run("check")
    assert checked.exit_code == 1
    assert "bad.yml" in checked.output
    assert "\x1b" not in checked.output
    assert run("check", "good").exit_code == 0
    assert "no source" in str(run("check", "none").exception)


def padded(size):
    """Return a good source file of exactly that many bytes."""
    return GOOD + "#" * (size - len(GOOD))


BOUNDS = {
    "file": (padded(MAX_FILE_BYTES), padded(MAX_FILE_BYTES + 1), "too long: 200001 bytes"),
    "title": (GOOD.replace("The Paper", "x" * 200), GOOD.replace("The Paper", "x" * 201), "title: "),
    "longest delay": (GOOD + "delay_seconds: 3600", GOOD + "delay_seconds: 3600.1", "delay_seconds: "),
    "no delay": (GOOD + "delay_seconds: 0", GOOD + "delay_seconds: -0.1", "delay_seconds: "),
    "age": (GOOD + "max_age_days: 1", GOOD + "max_age_days: 0", "max_age_days: "),
    "language": (GOOD + "language: deu", GOOD + "language: deut", "language: "),
    "country": (GOOD + "country: DE", GOOD + "country: DEU", "country: "),
    "least a day": (
        GOOD + "expected_per_day: {min: 0}",
        GOOD + "expected_per_day: {min: -1}",
        "day.min: ",
    ),
    "most a day": (GOOD + "expected_per_day: {max: 1}", GOOD + "expected_per_day: {max: 0}", "day.max: "),
    "equal": (
        GOOD + "expected_per_day: {min: 3, max: 3}",
        GOOD + "expected_per_day: {min: 4, max: 3}",
        "min is greater than max",
    ),
    "a rule of one day": (
        GOOD + "rules: [{since: 2031-01-01, until: 2031-01-01, body: p}]",
        GOOD + "rules: [{since: 2031-01-02, until: 2031-01-01, body: p}]",
        "since is later",
    ),
    "selector": (
        GOOD + f"rules: [{{body: .{'x' * 299}}}]",
        GOOD + f"rules: [{{body: .{'x' * 300}}}]",
        "rules.0.body: ",
    ),
}


@pytest.mark.parametrize(("good", "bad", "reason"), BOUNDS.values(), ids=BOUNDS)
def test_every_limit_allows_its_value_and_nothing_beyond(load, good, bad, reason):
    """Just within and just outside."""
    catalogue = load(a=good, b=bad)
    assert list(catalogue.sources) == ["a"]
    (broken,) = catalogue.broken
    assert reason in broken.reason


@pytest.mark.parametrize("length", [1, 2, 61, 62])
def test_an_id_has_at_most_62_characters(load, length):
    """It is a part of addresses and of file names."""
    assert list(load(**{"a" * length: GOOD}).sources) == ["a" * length]
    (broken,) = load(**{"b" * 63: GOOD}).broken
    assert "id: " in broken.reason
