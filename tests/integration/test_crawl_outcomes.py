"""Every attempt of the crawl is reported on fetch-outcomes, and the crawl does not depend on it."""

from __future__ import annotations

import pytest

from newswire.errors import SiteError
from newswire.testing.site import SitePage
from schemas.topics import FETCH_OUTCOMES

pytestmark = pytest.mark.servers


def read_outcomes(crawl):
    """Return path, kind and outcome of this site's attempts, with what goes with them."""
    return {one.url.removeprefix(crawl.site.url): one for one in crawl.read(FETCH_OUTCOMES, "at")}


def test_every_attempt_is_reported_with_its_outcome(crawl):
    """Pages and lists, good and bad, with status, size and the number of new addresses."""
    crawl.write_source(feeds=[f"{crawl.site.url}/feed.xml", f"{crawl.site.url}/broken.xml"])
    crawl.site.set_feed("/a", "/gone", "/picture")
    crawl.site.pages |= {
        "/broken.xml": SitePage("<rss", content_type="application/xml"),
        "/a": SitePage("<p>Granary burns.</p>"),
        "/gone": SitePage(status=404),
        "/picture": SitePage(b"\x89PNG", content_type="image/png"),
    }
    crawl.run()
    ends = read_outcomes(crawl)
    assert {path: (one.kind, one.outcome, one.reason) for path, one in ends.items()} == {
        "/feed.xml": ("feed", "fetched", None),
        "/broken.xml": ("feed", "failed", ends["/broken.xml"].reason),
        "/a": ("page", "fetched", None),
        "/gone": ("page", "gone", "http-404"),
        "/picture": ("page", "refused", "content-type"),
    }
    assert ends["/broken.xml"].reason
    assert (ends["/feed.xml"].new_urls, ends["/a"].bytes, ends["/gone"].status) == (3, 21, 404)
    assert 0 < ends["/a"].seconds < 10
    assert ends["/a"].host == crawl.site.host


def test_a_site_that_fails_as_a_whole_is_reported(crawl):
    """The error that the task raises does not swallow the outcome."""
    crawl.site.pages["/feed.xml"] = SitePage(status=503)
    with pytest.raises(SiteError):
        crawl.discover()
    assert (read_outcomes(crawl)["/feed.xml"].outcome, read_outcomes(crawl)["/feed.xml"].status) == ("failed", 503)


def test_discovery_goes_on_while_kafka_is_away(crawl):
    """What is found is in the crawl state; only the record lacks it."""
    crawl.site.set_feed("/a")
    crawl.settings = crawl.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    assert crawl.discover()["new"] == 1
