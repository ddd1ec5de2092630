"""The correct result for the press, and the lines that describe how a run differs from it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import httpx
import pytest

from newswire.crawl.feeds import read_feed
from newswire.crawl.sitemaps import read_sitemap
from newswire.demo.comparison import compare
from newswire.demo.expectations import ActualArticle, ActualRun
from newswire.demo.press.server import serve
from newswire.demo.press.state import PressState
from newswire.demo.truth import load_truth
from newswire.errors import ConfigError
from newswire.text.urls import normalise_url


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory):
    with serve(PressState(tmp_path_factory.mktemp("press"))) as newsroom:
        yield newsroom


@pytest.fixture(scope="module")
def client():
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def truth(newsroom):
    return load_truth(newsroom.state.folder.parent, phase=1)


@pytest.fixture
def found(truth):
    """Return what a perfect run ends with."""
    originals, stories = {}, {}
    articles = {
        url: ActualArticle(
            article_id=a.article_id,
            family_id=originals.setdefault(a.family, a.article_id),
            story_id=stories.setdefault((a.story, a.language), a.article_id),
            title=a.title,
            body=a.body,
            language=a.language,
            day=a.day,
            authors=a.authors,
            version=a.versions,
        )
        for url, a in truth.articles.items()
    }
    return ActualRun(articles, {url: expected.ends[0] for url, expected in truth.urls.items()})


@pytest.mark.parametrize("phase", [0, 1])
def test_truth_is_what_feeds_and_sitemaps_announce(newsroom, client, phase):
    """The crawl's own readers find exactly the truth's addresses: in broken XML, and behind tracking parameters."""
    newsroom.state.set_phase(phase)
    truth = load_truth(newsroom.state.folder.parent)
    for site in newsroom.sites.values():
        announced = {normalise_url(url) for url in _announced(client, site)}
        assert announced == {url.url for url in truth.outlets[site.outlet.id].urls}, site.outlet.id
    newsroom.state.set_phase(0)


def _announced(client, site):
    if site.outlet.feed != "none":
        answer = client.get(site.base + "/feed.xml")
        yield from (
            entry.url for entry in read_feed(answer.content, str(answer.url), answer.headers["Content-Type"], 500)
        )
    if site.outlet.has_sitemap:
        answer = client.get(site.base + "/sitemap-news.xml")
        yield from (page.url for page in read_sitemap(answer.content, str(answer.url), 500, 1_000_000).pages)


def test_feeds_have_titles_dates_and_authors(newsroom, client):
    """What the crawl reads in a feed is the truth's title, day and authors; the undated stay undated."""
    truth = load_truth(newsroom.state.folder.parent)
    answer = client.get(truth.outlets["tessaly-gazette"].base + "/feed.xml")
    entries = read_feed(answer.content, str(answer.url), answer.headers["Content-Type"], 500)
    announced = {normalise_url(entry.url): entry.entry for entry in entries}
    dated = 0
    for article in truth.outlets["tessaly-gazette"].articles:
        entry = announced[article.url]
        assert (entry.title, entry.authors) == (article.title, article.authors)
        dated += entry.published_at is not None and entry.published_at.date() == article.day
    assert dated == len(truth.outlets["tessaly-gazette"].articles) - 2
    assert {client.get(entry.url).status_code for entry in entries} == {200}  # tracking parameters and all


def test_no_boilerplate_is_in_an_article(truth):
    """No line of boilerplate is part of any expected body: who finds one there has read the wrong block."""
    for article in truth.articles.values():
        assert not [line for line in truth.boilerplate if line in article.body], article.key


def test_searches_have_their_articles_in_the_first_phase(newsroom):
    """Every article that a demonstration search must find is out from the beginning."""
    truth = load_truth(newsroom.state.folder.parent, phase=0)
    assert len(truth.searches) == 3
    for search in truth.searches:
        assert len(search.urls) >= 2
        assert all(url in truth.articles for url in search.urls)


def test_second_phase_adds_versions_and_late_articles(newsroom, truth):
    """Phase 1 corrects three articles and brings late copy."""
    before = load_truth(newsroom.state.folder.parent, phase=0)
    revised = [a for a in truth.articles.values() if a.versions == 2]
    assert len(revised) == 3
    assert {a.versions for a in before.articles.values()} == {1}
    assert truth.articles.keys() - before.articles.keys()


def test_odd_dates_are_expected_as_a_careful_reader_has_them(truth):
    """A page of 2093 takes its feed's day, a page without any date has none."""
    by_key = {article.key: article for article in truth.articles.values()}
    assert by_key["eastwold-post/library-bus-route"].day.year < 2090
    assert by_key["tessaly-gazette/town-band-seeks-trombone"].day is None
    assert by_key["tessaly-gazette/weir-keeper-retires"].day is not None


def test_press_that_never_ran_is_an_error(tmp_path):
    """Without a port there is no truth."""
    with pytest.raises(ConfigError, match="has not been started"):
        load_truth(tmp_path)


def test_perfect_run_has_no_difference(truth, found):
    """What equals the truth is exact; addresses may carry tracking parameters."""
    assert compare(truth, found) == []
    tracked = {f"{url}{'&' if '?' in url else '?'}utm_source=x": end for url, end in found.ends.items()}
    assert compare(truth, ActualRun(found.articles, tracked)) == []


CHANGES = {
    "title is 'Other'": lambda a: replace(a, title="Other"),
    "language is 'xx'": lambda a: replace(a, language="xx"),
    "day is datetime.date(1999, 1, 1)": lambda a: replace(a, day=dt.date(1999, 1, 1)),
    "authors is ('Nobody',)": lambda a: replace(a, authors=("Nobody",)),
    "versions is 7": lambda a: replace(a, version=7),
    "the body misses the paragraph": lambda a: replace(a, body=a.body.partition("\n\n")[2]),
    "the body has a paragraph too many: 'Advertisement'": lambda a: replace(a, body=f"Advertisement\n\n{a.body}"),
    "paragraphs are in the wrong order": lambda a: replace(a, body="\n\n".join(a.body.split("\n\n")[::-1])),
}


@pytest.mark.parametrize("words", CHANGES)
def test_each_difference_of_an_article_is_reported(truth, found, words):
    """A planted difference gives one line that names address and field."""
    url = next(iter(truth.articles))
    planted = dict(found.articles) | {url: CHANGES[words](found.articles[url])}
    (line,) = compare(truth, ActualRun(planted, found.ends))
    assert line.startswith(f"{url}: ")
    assert words in line


def test_missing_extra_and_wrong_ends_are_reported(truth, found):
    """An article that is missing, one too many, and wrong ends each give a line."""
    own = (url for url, article in truth.articles.items() if article.family == article.key and url in truth.urls)
    url, other = next(own), next(own)
    articles = {u: a for u, a in found.articles.items() if u != url} | {"http://x.test/": found.articles[other]}
    ends = dict(found.ends) | {other: "rejected(listing)", "http://y.test/": "indexed"}
    del ends[next(u for u, expected in truth.urls.items() if expected.why == "gone")]
    lines = compare(truth, ActualRun(articles, ends))
    assert f"{url}: not searchable" in lines
    assert "http://x.test/: searchable, but the press has no such article" in lines
    assert "http://y.test/: discovered, but not announced by any outlet" in lines
    assert f"{other}: ended rejected(listing) instead of indexed or unchanged (an article)" in lines
    assert any(line.endswith(": not discovered (gone)") for line in lines)
    assert len(lines) == 5


def test_end_with_any_reason_is_allowed_where_none_is_named(truth):
    """`refused` allows `refused(robots)`, and not `rejected`."""
    (private,) = [url for url in truth.urls.values() if url.why == "private page"]
    assert private.allows("refused(robots)")
    assert not private.allows("rejected(robots)")
