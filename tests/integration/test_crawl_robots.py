"""robots.txt that cannot be used: nothing is fetched for now, it is requested once, and addresses stay due."""

from __future__ import annotations

import gzip

import pytest

from newswire.crawl.robots import MAX_ROBOTS_BYTES
from newswire.errors import SiteError
from newswire.testing.site import SitePage

pytestmark = pytest.mark.servers


def redirect_to(target):
    return SitePage("", 302, headers={"Location": target})


def discover_then_expire(crawl, *paths):
    """Record addresses under a good robots.txt, then let it expire."""
    crawl.site.set_feed(*paths)
    crawl.discover()
    crawl.query("UPDATE hosts SET robots_expires_at = now()")
    crawl.site.visits.clear()


UNUSABLE = {
    "a redirect to a private address": redirect_to("http://10.0.0.1/robots.txt"),
    "a redirect to no web address": redirect_to("mailto:desk@paper.example"),
    "a redirect without a target": SitePage("", 302),
    "a body that is not packed as declared": SitePage("User-agent: *", headers={"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("robots", UNUSABLE.values(), ids=UNUSABLE)
def test_a_robots_txt_that_cannot_be_used_counts_as_unreachable(crawl, robots):
    """No address is refused for its fault; it is remembered, and requested again when that has expired."""
    discover_then_expire(crawl, "/a", "/b")
    crawl.site.pages["/robots.txt"] = robots
    for _ in range(2):
        crawl.query("UPDATE urls SET next_attempt_at = now()")
        with pytest.raises(SiteError, match="robots-unreachable"):
            crawl.fetch()
    assert crawl.site.paths() == ["/robots.txt"]
    assert "discovered(robots-unreachable)" in crawl.states().values()
    assert {state.partition("(")[0] for state in crawl.states().values()} == {"discovered"}
    kept = crawl.query("SELECT robots_expires_at > now() AS is_kept FROM hosts WHERE host = %s", crawl.site.host)
    assert kept == [{"is_kept": True}]
    crawl.query("UPDATE hosts SET robots_expires_at = now()")
    crawl.query("UPDATE urls SET next_attempt_at = now()")
    crawl.site.pages["/robots.txt"] = SitePage("", content_type="text/plain")
    assert crawl.fetch() == {"claimed": 2, "fetched": 2}


def long_robots(size, late_rule):
    """Return a robots.txt whose second rule begins at byte `size`."""
    head = b"User-agent: *\nDisallow: /a\n"
    return head + b"#" * (size - len(head) - 1) + b"\n" + late_rule


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}], ids=["plain", "gzip"])
@pytest.mark.parametrize("late_rule", [b"Disallow: /b\n", b"Disallow: /b\n" * 2_000_000], ids=["just over", "26 MB"])
def test_a_long_robots_txt_is_read_up_to_500_kib(crawl, late_rule, headers):
    """RFC 9309, section 2.5: what lies in the first 500 KiB is obeyed, the rest is not read."""
    discover_then_expire(crawl, "/a", "/b")
    body = long_robots(MAX_ROBOTS_BYTES, late_rule)
    crawl.site.pages["/robots.txt"] = SitePage(gzip.compress(body) if headers else body, headers=headers)
    assert crawl.fetch() == {"claimed": 2, "refused": 1, "fetched": 1}
    assert crawl.states() == {"/a": "refused(robots)", "/b": "fetched"}
