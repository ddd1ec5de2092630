"""From a feed to `fetched-pages`: real PostgreSQL, real Kafka, a real site on loopback."""

from __future__ import annotations

import pytest

from newswire.blobs import read_body

pytestmark = pytest.mark.servers


def test_a_feed_becomes_pages(crawl):
    """Every address of the feed is recorded once, fetched once, and travels with what the feed said of it."""
    crawl.site.set_feed("/a", "/b")
    assert crawl.discover()["new"] == 2
    assert crawl.states() == {"/a": "discovered", "/b": "discovered"}
    assert crawl.fetch() == {"claimed": 2, "fetched": 2}
    assert crawl.states() == {"/a": "fetched", "/b": "fetched"}
    pages = {page.url.removeprefix(crawl.site.url): page for page in crawl.pages()}
    assert sorted(pages) == ["/a", "/b"]
    page = pages["/a"]
    assert (page.source, page.outlet, page.host, page.status) == ("paper", "The Paper", crawl.site.host, 200)
    assert (page.content_type, page.http_charset, page.feed.title) == ("text/html", "utf-8", "About /a")
    assert b"Text of /a." in read_body(page, crawl.settings)
    assert crawl.run() == {}
    assert len(crawl.pages()) == 2
