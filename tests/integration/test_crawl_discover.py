"""What a source lists becomes addresses, each once; what changes is looked at again."""

from __future__ import annotations

import datetime as dt

import pytest

from newswire.errors import SiteError
from newswire.testing.site import SitePage

pytestmark = pytest.mark.servers

NS = "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'"


def sitemap(site, *paths, lastmod="2031-05-06"):
    urls = "".join(f"<url><loc>{site.url}{path}</loc><lastmod>{lastmod}</lastmod></url>" for path in paths)
    return SitePage(f"<urlset {NS}>{urls}</urlset>", content_type="application/xml")


def test_lists_are_asked_for_what_is_new(crawl):
    """The second poll carries the validator and costs nothing; news comes with the next ETag."""
    crawl.site.set_feed("/a", etag='"1"')
    assert crawl.discover()["new"] == 1
    assert crawl.discover()["lists_unchanged"] == 1
    crawl.site.set_feed("/a", "/b", etag='"2"')
    assert crawl.discover()["new"] == 1
    feed = [visit for visit in crawl.site.visits if visit.path == "/feed.xml"]
    assert [visit.status for visit in feed] == [200, 304, 200]
    assert [visit.headers.get("if-none-match") for visit in feed] == [None, '"1"', '"1"']


def test_a_lying_etag_is_found_out(crawl):
    """A server that responds 304 although there is news is polled without validators every few times."""
    crawl.settings = crawl.settings.model_copy(update={"feed_unconditional_every": 3})
    crawl.site.set_feed("/a", etag='"same"')
    crawl.discover()
    crawl.site.set_feed("/a", "/b", etag='"same"')
    assert [crawl.discover()["new"] for _ in range(2)] == [0, 1]


def test_fresh_asks_as_if_for_the_first_time(crawl):
    """Validators are left out, and known addresses are fetched again; an unchanged body is not sent again."""
    crawl.site.set_feed("/a", etag='"1"')
    crawl.run()
    assert crawl.discover(fresh=True)["due_again"] == 1
    assert crawl.fetch() == {"claimed": 1, "unchanged": 1}
    crawl.site.pages["/a"] = SitePage("<p>Corrected.</p>")
    crawl.discover(fresh=True)
    assert crawl.fetch() == {"claimed": 1, "fetched": 1}
    assert len(crawl.pages()) == 2


def test_a_change_in_the_list_makes_an_address_due_again(crawl):
    """A later lastmod and another title in the same feed do; the same list again does not."""
    site = crawl.site
    crawl.write_source(sitemaps=[f"{site.url}/map.xml"])
    site.set_feed("/a")
    site.pages |= {"/map.xml": sitemap(site, "/b"), "/b": SitePage("<p>B</p>")}
    assert crawl.run() == {"claimed": 2, "fetched": 2}
    assert crawl.discover()["due_again"] == 0
    site.pages["/map.xml"] = sitemap(site, "/b", lastmod="2031-05-07")
    site.pages["/feed.xml"] = SitePage(
        f"<rss version='2.0'><channel><item><title>Corrected</title><link>{site.url}/a</link></item></channel></rss>"
    )
    site.pages["/b"] = SitePage("<p>B, corrected</p>", etag='"b"')
    assert crawl.discover()["due_again"] == 2
    assert crawl.fetch() == {"claimed": 2, "fetched": 1, "unchanged": 1}
    assert crawl.states() == {"/a": "fetched", "/b": "fetched"}
    assert crawl.pages()[-1].feed.title is None
    assert crawl.discover()["due_again"] == 0


def test_two_lists_that_word_a_title_differently_do_not_fight(crawl):
    """An address in two feeds is recorded once, and never due because of the other's wording."""
    crawl.write_source(feeds=[f"{crawl.site.url}/feed.xml", f"{crawl.site.url}/second.xml"])
    crawl.site.set_feed("/a")
    body = (
        f"<rss version='2.0'><channel><item><title>Other</title><link>{crawl.site.url}/a</link></item></channel></rss>"
    )
    crawl.site.pages["/second.xml"] = SitePage(body)
    crawl.run()
    for _ in range(2):
        crawl.query("UPDATE feeds SET content_sha256 = NULL")
        assert crawl.discover()["due_again"] == 0
    assert crawl.query("SELECT count(*) AS n FROM urls") == [{"n": 1}]


def test_fresh_articles_are_visited_again(crawl):
    """After the set times the page is asked for conditionally; the times are counted from the first fetch."""
    crawl.settings = crawl.settings.model_copy(update={"revisit_after_seconds": (3_600.0, 86_400.0)})
    crawl.site.set_feed("/a")
    crawl.site.pages["/a"] = SitePage("<p>A</p>", etag='"a"')
    crawl.run()
    (row,) = crawl.query("SELECT next_attempt_at - first_fetched_at AS after FROM urls")
    assert row["after"] == dt.timedelta(hours=1)
    crawl.query("UPDATE urls SET first_fetched_at = now() - interval '2 h', next_attempt_at = now() - interval '1 h'")
    assert crawl.fetch() == {"claimed": 1, "unchanged": 1}
    assert crawl.site.visits[-1].status == 304
    (row,) = crawl.query("SELECT next_attempt_at - first_fetched_at AS after, state FROM urls")
    assert (row["after"], row["state"]) == (dt.timedelta(days=1), "fetched")
    crawl.query("UPDATE urls SET first_fetched_at = now() - interval '2 days', next_attempt_at = now()")
    crawl.site.pages["/a"] = SitePage("gone", 410)
    assert crawl.fetch() == {"claimed": 1, "gone": 1}
    assert crawl.query("SELECT next_attempt_at FROM urls") == [{"next_attempt_at": None}]


def test_an_index_of_sitemaps_is_followed_one_level(crawl):
    """Children are read every time, though the index itself does not change; their own children are not."""
    site = crawl.site
    crawl.write_source(feeds=[], sitemaps=[f"{site.url}/index.xml"])
    index = f"<sitemapindex {NS}><sitemap><loc>{site.url}/{{}}.xml</loc></sitemap></sitemapindex>"
    site.pages["/index.xml"] = SitePage(index.format("child"), etag='"index"')
    site.pages["/child.xml"] = sitemap(site, "/a")
    assert crawl.discover()["new"] == 1
    site.pages["/child.xml"] = sitemap(site, "/a", "/b")
    assert crawl.discover()["new"] == 1
    site.pages["/child.xml"] = SitePage(index.format("grandchild"))
    crawl.discover()
    assert "/grandchild.xml" not in site.paths()


def test_what_a_source_does_not_want_is_left_out(crawl):
    """Patterns and age leave an address out; a host that the source does not name is recorded as refused."""
    site = crawl.site
    crawl.write_source(feeds=[], sitemaps=[f"{site.url}/map.xml"], allow=["/news/"], max_age_days=30)
    foreign = "<url><loc>https://elsewhere.example/news/1</loc></url></urlset>"
    now = dt.datetime.now(dt.UTC).date().isoformat()
    body = sitemap(site, "/news/1", "/sport/1", lastmod=now).body.replace("</urlset>", foreign)
    old = f"<url><loc>{site.url}/news/old</loc><lastmod>2001-01-01</lastmod></url></urlset>"
    site.pages["/map.xml"] = SitePage(body.replace("</urlset>", old))
    counts = crawl.discover()
    assert (counts["entries"], counts["new"], counts["refused"], counts["skipped"]) == (4, 1, 1, 2)
    assert crawl.states() == {"/news/1": "discovered", "https://elsewhere.example/news/1": "refused(other-host)"}
    crawl.write_source(
        feeds=[], sitemaps=[f"{site.url}/map.xml"], allow=["/news/"], hosts=[site.host, "elsewhere.example"]
    )
    crawl.query("UPDATE feeds SET content_sha256 = NULL")
    crawl.discover()
    assert crawl.states()["https://elsewhere.example/news/1"] == "discovered"


def test_links_of_a_front_page_are_addresses(crawl):
    """Where a source has neither feed nor sitemap, the links that it allows are."""
    site = crawl.site
    crawl.write_source(feeds=[], front_pages=[f"{site.url}/"], allow=[r"/\d+$"])
    site.pages["/"] = SitePage(
        "<a href='/1'>A</a><a href='2#x'>B</a><a href='/about'>C</a><a href='/1?utm_source=x'>A</a>"
    )
    assert crawl.discover()["new"] == 2
    assert set(crawl.states()) == {"/1", "/2"}


def test_one_bad_list_does_not_stop_the_others_and_all_bad_is_an_error(crawl):
    """A failing feed is noted with its reason; only when nothing could be read does the task fail."""
    crawl.write_source(feeds=[f"{crawl.site.url}/feed.xml", f"{crawl.site.url}/excuses"])
    crawl.site.set_feed("/a")
    crawl.site.pages["/excuses"] = SitePage("<html><body>We will be back</body></html>")
    counts = crawl.discover()
    assert (counts["new"], counts["lists_failed"]) == (1, 1)
    crawl.site.pages["/feed.xml"] = SitePage("wait", 503, headers={"Retry-After": "120"})
    crawl.site.pages["/excuses"] = SitePage("wait", 503, headers={"Retry-After": "120"})
    with pytest.raises(SiteError) as caught:
        crawl.discover(deadline_seconds=5)
    assert caught.value.retry_after == 120
    rows = crawl.query("SELECT url, error, errors FROM feeds ORDER BY url")
    assert [row["error"] is not None for row in rows] == [True, True]
    asked = len(crawl.site.visits)
    assert crawl.discover(deadline_seconds=5)["lists_paused"] == 2
    assert len(crawl.site.visits) == asked
