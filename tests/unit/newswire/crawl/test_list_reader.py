"""Lists of every kind, and which of their addresses a source takes."""

from __future__ import annotations

import datetime as dt

import httpx
import pytest

from newswire.crawl.feeds import UnreadableListError
from newswire.crawl.frontier import ListedUrl
from newswire.crawl.http_client import SiteResponse
from newswire.crawl.list_reader import MAX_CHILDREN, read_list, select_urls
from newswire.settings import Settings
from newswire.sources.catalogue import Source
from schemas.messages import FeedEntry

URL = "https://paper.example/list"
NS = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'"


def read(kind, body, **settings):
    response = SiteResponse(URL, 200, httpx.Headers({"Content-Type": "text/html"}), body.encode())
    return read_list(kind, response, Settings(**settings))


def items(kind, number):
    """Return a list of that many addresses."""
    paths = [f"https://paper.example/{n}" for n in range(number)]
    match kind:
        case "feed":
            return "<rss><channel>" + "".join(f"<item><link>{p}</link></item>" for p in paths) + "</channel></rss>"
        case "sitemap":
            return f"<urlset {NS}>" + "".join(f"<url><loc>{p}</loc></url>" for p in paths) + "</urlset>"
    return "<html><body>" + "".join(f"<a href='{p}'>x</a>" for p in paths) + "</body></html>"


@pytest.mark.parametrize("number", [2, 3, 4])
@pytest.mark.parametrize("kind", ["feed", "sitemap", "front page"])
def test_a_list_is_read_up_to_the_set_number_of_items(kind, number):
    """`max_feed_items` bounds every kind of list, and the first ones count."""
    found = [listed.url for listed in read(kind, items(kind, number), max_feed_items=3).found]
    assert found == [f"https://paper.example/{n}" for n in range(min(number, 3))]


@pytest.mark.parametrize("number", [MAX_CHILDREN - 1, MAX_CHILDREN, MAX_CHILDREN + 1])
def test_of_a_sitemap_index_the_newest_are_read(number):
    """Twenty at most; those without a time of change come last."""
    children = "".join(
        f"<sitemap><loc>/{n}.xml</loc><lastmod>2031-05-{n + 1:02}</lastmod></sitemap>" for n in range(number)
    )
    undated = "<sitemap><loc>/undated.xml</loc></sitemap>"
    urls = [url for url, _ in read("sitemap", f"<sitemapindex {NS}>{undated}{children}</sitemapindex>").children]
    assert MAX_CHILDREN == 20
    assert len(urls) == min(number + 1, 20)
    assert urls[0] == f"https://paper.example/{number - 1}.xml"
    assert ("https://paper.example/undated.xml" in urls) == (number < 20)


def test_links_of_a_front_page_are_resolved_against_its_base():
    """Links are cleaned and listed once; a page that is not HTML is an error."""
    page = (
        "<html><head><base href='/news/'></head><a href='1#top'>A</a><a href='/2'>B</a><a href='1'>A</a><a>C</a></html>"
    )
    assert [listed.url for listed in read("front page", page).found] == [
        "https://paper.example/news/1",
        "https://paper.example/2",
    ]
    with pytest.raises(UnreadableListError):
        read("front page", "")


def listed(path, age=None, host="paper.example"):
    changed_at = None if age is None else dt.datetime.now(dt.UTC) - age
    return ListedUrl(f"https://{host}{path}", FeedEntry(), changed_at)


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        (dt.timedelta(days=3, minutes=-1), True),
        (dt.timedelta(days=3, minutes=1), False),
        (dt.timedelta(days=-1), True),
        (None, True),
    ],
)
def test_entries_older_than_the_source_allows_are_left_out(age, taken):
    """An entry without a date may be new."""
    source = Source(id="a", title="A", owner="desk", feeds=(URL,), max_age_days=3)
    assert bool(select_urls(source, [listed("/a", age)])) is taken
    assert select_urls(source.model_copy(update={"max_age_days": None}), [listed("/a", age)])


def test_addresses_on_other_hosts_are_marked_and_unwanted_ones_left_out():
    """A host that the source does not name is recorded as refused, so that it can be named later."""
    source = Source(id="a", title="A", owner="desk", feeds=(URL,), allow=("/news/",), deny=("/video/",))
    found = [listed("/news/1"), listed("/news/video/2"), listed("/sport/3"), listed("/news/4", host="other.example")]
    selected = select_urls(source, found)
    assert [(entry.url, entry.refused) for entry in selected] == [
        ("https://paper.example/news/1", None),
        ("https://other.example/news/4", "other-host"),
    ]
