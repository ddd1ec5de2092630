"""Facets, pages, past states, exports and the views of single articles, on a real Elasticsearch."""

from __future__ import annotations

import csv
import io
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

import schemas
from consumers.index.indexer import ArticleIndexer
from newswire.clock import SystemClock
from newswire.commands import search as search_command
from newswire.elastic.client import build_alias, open_elasticsearch
from newswire.elastic.templates import sync_templates
from newswire.search import articles as reading
from newswire.search import revisions
from newswire.search.export import csv_lines, export_articles, json_lines
from newswire.search.request import SearchError, SearchRequest
from newswire.search.search import search_articles
from newswire.stage import Record
from schemas.topics import ARTICLES

pytestmark = pytest.mark.servers

SEEN = datetime(2026, 3, 2, 9, tzinfo=UTC)
EXAMPLE = ARTICLES.decode((Path(schemas.__file__).parent / "examples/articles.v1/revision.json").read_bytes())
WIRE = "The granary of Ostrey burned for two hours before the boats with the pumps came in."
LATER = SEEN + timedelta(hours=6)

# name -> what differs from the example; two versions of one article share their name's first part
CORPUS = {
    "paper": {"title": "Granary burns", "body": WIRE, "outlet": "Ostrey Post", "country": "GB", "section": "Local"},
    "agency": {"title": "Granary on fire", "body": WIRE, "outlet": "Corvane", "is_agency": True, "copy_of": "paper",
               "copy_tier": "exact", "published_at": SEEN + timedelta(minutes=90), "country": "GB"},
    "early": {"title": "Granary lost", "body": WIRE, "outlet": "Norhaven Mail", "copy_of": "paper", "country": "US",
              "copy_tier": "copy", "published_at": SEEN - timedelta(minutes=30)},
    "report": {"title": "Who lit the granary?", "body": "The granary had no guard that night.", "kind": "live",
               "country": "US", "outlet": "Norhaven Mail", "published_source": "text"},
    "letter": {"title": "=SUM(granary)", "body": "Read about the granary.", "published_at": None, "country": None,
               "published_source": None, "language": "und", "outlet": "Harbour Gazette",
               "first_seen_at": SEEN + timedelta(days=20)},
    "toll.1": {"title": "Three hurt in mill", "body": "Three people were hurt in the mill.\n\nThe road is closed."},
    "toll.2": {"title": "Five hurt in mill", "body": "Five people were hurt in the old mill.\n\nThe road is closed.",
               "version": 2, "fetched_at": LATER},
}  # fmt: skip


def id_of(name):
    return f"{sorted({one.partition('.')[0] for one in CORPUS}).index(name.partition('.')[0]):032x}"


def record_of(name):
    told = {"article_id": id_of(name), "url": f"https://news.example/{name.partition('.')[0]}", "version": 1}
    told |= {
        "first_seen_at": SEEN,
        "published_at": SEEN,
        "fetched_at": SEEN,
        "authors": (),
        "tags": (),
        "section": None,
    }
    told |= {"story_id": "5" * 32, "published_source": "feed"} | CORPUS[name]
    if "copy_of" in told:
        told["copy_of"] = id_of(told["copy_of"])
    return Record(ARTICLES.name, 0, 0, 0, None, msgspec.structs.replace(EXAMPLE, **told))


@pytest.fixture(scope="module")
def settings(server_settings):
    """Settings with an index prefix of their own."""
    return server_settings.model_copy(update={"index_prefix": f"t{secrets.token_hex(4)}"})


@pytest.fixture(scope="module")
def corpus(settings):
    """A client, and the prefix of an index that holds the corpus."""
    sync_templates(settings)
    with open_elasticsearch(settings) as client:
        answers = ArticleIndexer(client, settings.index_prefix, SystemClock())([record_of(name) for name in CORPUS])
        assert all(len(answer) == 1 for answer in answers)
        yield client, settings.index_prefix
        for kind in ("articles", "revisions"):
            client.indices.delete(index=f"{build_alias(settings.index_prefix, kind)}-2026.03")
        client.indices.delete_index_template(name=f"{settings.index_prefix}-*")
        client.cluster.delete_component_template(name=f"{settings.index_prefix}-*")


@pytest.fixture
def find(corpus):
    """Search the corpus."""
    return lambda words="", **wishes: search_articles(*corpus, SearchRequest(words=words, **wishes))


def names(results):
    return [hit.article.url.rsplit("/", 1)[1] for hit in results.hits]


def text_of(changes):
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(marks[part.change].format(part.text) for part in changes)


def counts(results, name):
    (facet,) = [facet for facet in results.facets if facet.name == name]
    return {value.value: (value.count, value.chosen) for value in facet.values}


def test_facets_count_what_a_choice_would_leave(find):
    """Each facet counts under the choices of the others, not under its own: a second value can be chosen too."""
    plain = find("granary", facets=True, fold="nothing")
    assert counts(plain, "country") == {"GB": (2, False), "US": (2, False)}
    assert counts(plain, "date_trust") == {"told": (3, False), "guessed": (1, False), "none": (1, False)}
    chosen = find("granary", facets=True, fold="nothing", countries=("US",))
    assert chosen.total == 2
    assert counts(chosen, "country") == {"GB": (2, False), "US": (2, True)}
    assert counts(chosen, "outlet") == {"Norhaven Mail": (2, False)}
    assert counts(find("granary", facets=True, kinds=("live", "video")), "kind") == {
        "article": (4, False),
        "live": (1, True),
        "video": (0, True),
    }


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({"countries": ("us",)}, {"early", "report"}),
        ({"countries": ("US", "GB")}, {"early", "report", "paper", "agency"}),
        ({"kinds": ("live",)}, {"report"}),
        ({"sections": ("Local",)}, {"paper"}),
        ({"date_trust": ("told",)}, {"paper", "agency", "early"}),
        ({"date_trust": ("guessed", "none")}, {"report", "letter"}),
        ({"family_id": id_of("paper")}, {"paper", "agency", "early"}),
    ],
)
def test_the_newer_filters_leave_only_what_was_asked_for(find, wishes, expected):
    """Country, kind, section, what the date is worth, and one family."""
    assert set(names(find("granary", fold="nothing", **wishes))) == expected


def test_the_agency_leads_its_family_and_without_it_the_earliest(find):
    """Which telling is shown is not which was seen first: `paper` is the original, and stands below."""
    first, *_ = find("granary", outlets=("Corvane", "Ostrey Post", "Norhaven Mail"), kinds=("article",)).hits
    assert [first.article.outlet, *(one.outlet for one in first.folded)] == ["Corvane", "Norhaven Mail", "Ostrey Post"]
    first, *_ = find("granary", outlets=("Ostrey Post", "Norhaven Mail"), kinds=("article",)).hits
    assert first.article.outlet == "Norhaven Mail"


def test_what_was_to_be_found_in_the_past_is_found_again(find):
    """Before the correction the old words find the article with its old title; later only the new ones do."""
    assert names(find("five hurt")) == ["toll"]
    assert names(find('"three hurt"')) == []
    before = find("three hurt mill", as_of=LATER - timedelta(seconds=1))
    assert [hit.article.title for hit in before.hits] == ["Three hurt in mill"]
    assert names(find('"three hurt"', as_of=LATER)) == []
    assert names(find("five hurt", as_of=LATER)) == ["toll"]
    assert find(as_of=SEEN - timedelta(days=1)).total == 0


@pytest.mark.parametrize("wishes", [{"fold": "nothing"}, {"fold": "copies"}, {"fold": "nothing", "words": "granary"}])
def test_page_after_page_gives_the_whole_list_once(find, wishes):
    """The word at the end of a page leads to the next one; the last page has none."""
    whole, pages, after = names(find(limit=100, **wishes)), [], None
    while True:
        results = find(limit=2, after=after, **wishes)
        pages += names(results)
        after = results.next
        if after is None:
            break
    assert pages == whole
    assert len(whole) > 2


def test_a_cursor_that_is_none_is_refused(find):
    """A mangled word is a message, not a crash."""
    for word in ("nonsense", "%%%", "e30="):
        with pytest.raises(SearchError, match="`next` of an earlier page"):
            find(after=word)


def test_a_misspelt_word_is_answered_with_another_spelling(find):
    """Hardly anything found: words that find more are offered, in the reader's own order; else nothing is."""
    assert find("granery fire").suggestion == "granary fire"
    assert find("granary").suggestion is None
    for words in ("zzyzx", "[zzyzx]>*{", "covid-19x \\ \x00", "漁港火", "x" * 40_000):
        assert find(words).suggestion is None


def test_the_timeline_spreads_the_finds_over_the_span(find):
    """Steps suit the span asked for, empty ones included; without limits the finds themselves are the span."""
    day = find("granary", timeline=True, since=SEEN.replace(hour=0), until=SEEN.replace(hour=0) + timedelta(days=1))
    assert len(day.timeline) == 24
    assert {bucket.start.hour: bucket.count for bucket in day.timeline if bucket.count} == {8: 1, 9: 2, 10: 1}
    assert sum(bucket.count for bucket in find("granary", timeline=True).timeline) == 5
    assert find("zzyzx", timeline=True).timeline == ()


def test_an_export_holds_everything_and_no_formula(corpus):
    """More than a page, none folded; a title that begins like a formula is text in a spreadsheet."""
    articles = list(export_articles(*corpus, SearchRequest(words="granary", limit=1)))
    assert {article.url.rsplit("/", 1)[1] for article in articles} == {"paper", "agency", "early", "report", "letter"}
    rows = list(csv.DictReader(io.StringIO("".join(csv_lines(iter(articles))))))
    assert "'=SUM(granary)" in {row["title"] for row in rows}
    assert all(not row["title"].startswith("=") for row in rows)
    lines = [msgspec.json.decode(line) for line in json_lines(iter(articles))]
    assert {line["body"] for line in lines} >= {WIRE}


def test_an_export_of_nothing_is_empty(corpus):
    """Neither an unknown word nor an index that does not exist is an error."""
    client, prefix = corpus
    assert list(export_articles(client, prefix, SearchRequest(words="zzyzx"))) == []
    assert list(export_articles(client, f"{prefix}-none", SearchRequest())) == []


def test_an_export_goes_on_from_page_to_page(corpus, monkeypatch):
    """Whatever the size of a page, each article comes once."""
    monkeypatch.setattr("newswire.search.export.PAGE", 2)
    ids = [article.article_id for article in export_articles(*corpus, SearchRequest())]
    assert sorted(ids) == sorted({id_of(name) for name in CORPUS})


def test_an_article_is_opened_with_where_its_data_came_from(corpus):
    """The view has the text, the source of the date and the reasons; an unknown id is None."""
    view = reading.read_article(*corpus, id_of("agency"))
    assert (view.title, view.paragraphs, view.published_source) == ("Granary on fire", [WIRE], "feed")
    assert (view.copy_tier, view.reasons, view.is_agency) == ("exact", EXAMPLE.reasons, True)
    assert reading.read_article(*corpus, "0" * 31 + "f") is None


def test_a_family_tells_who_came_after_the_original(corpus):
    """The members stand as they came out, with their delay to the original; the head is the telling to show."""
    family = reading.read_family(*corpus, id_of("paper"))
    assert family.head.outlet == "Corvane"
    assert [(member.article.outlet, member.delay_seconds) for member in family.members] == [
        ("Norhaven Mail", -1800.0),
        ("Ostrey Post", 0.0),
        ("Corvane", 5400.0),
    ]
    assert reading.read_family(*corpus, "f" * 32) is None


def test_versions_show_what_each_changed(corpus):
    """The newest first, words removed and added; the index itself counts them for charts."""
    newest, first = revisions.read_revisions(*corpus, id_of("toll"))
    assert (newest.version, newest.valid_from, newest.valid_to) == (2, LATER, None)
    assert text_of(newest.title) == "[-Three-]{+Five+} hurt in mill"
    assert [text_of(paragraph) for paragraph in newest.body] == [
        "[-Three-]{+Five+} people were hurt in the {+old +}mill.",
        "The road is closed.",
    ]
    assert (first.version, first.valid_to, first.is_body_changed) == (1, LATER, False)
    client, prefix = corpus
    (stored,) = client.search(index=build_alias(prefix, "revisions"))["hits"]["hits"]
    kept = {name: stored["_source"][name] for name in ("changed", "words_added", "words_removed")}
    assert kept == {"changed": ["title", "body"], "words_added": 3, "words_removed": 2}
    assert revisions.read_revisions(*corpus, "f" * 32) == ()


@pytest.fixture
def run(corpus, settings, monkeypatch):
    """Run `newswire search` on the corpus."""
    monkeypatch.setattr(search_command, "settings", lambda: settings)
    return lambda *words: CliRunner(env={"COLUMNS": "200"}).invoke(
        search_command.command, words, catch_exceptions=False
    )


def test_the_command_shows_counts_a_line_of_time_and_the_way_on(run):
    """What narrows a search down stands above the hits, the next page below."""
    output = run("granary", "--facets", "--timeline", "--country", "US", "--fold", "nothing", "--limit", "1").stdout
    assert "GB 2 · ✓ US 2" in output
    assert "2026-03-02 08:30" in output
    assert "at most 1 per step" in output
    word = output.rsplit("--after ", 1)[1].strip()
    assert "Granary lost" in output + run("granary", "--country", "US", "--fold", "nothing", "--after", word).stdout
    assert "--after" not in run("granary", "--country", "US").stdout


def test_the_command_suggests_another_spelling_and_looks_back(run):
    """Both in the words that a reader would type."""
    assert "Did you mean: granary fire" in run("granery", "fire").stdout
    assert "Three hurt in mill" in run("three", "hurt", "--as-of", "2026-03-02T12:00").stdout


def test_the_command_exports_lines_for_other_programs(run):
    """Standard output holds the lines alone; the limit of a page does not count."""
    table = list(csv.DictReader(io.StringIO(run("granary", "--export", "csv", "--limit", "1").stdout)))
    lines = [msgspec.json.decode(line) for line in run("granary", "--export", "ndjson").stdout.splitlines()]
    assert len(table) == len(lines) == 5
    assert {row["article_id"] for row in table} == {line["article_id"] for line in lines}
