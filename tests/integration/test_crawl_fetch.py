"""From a feed to `fetched-pages`: real PostgreSQL, real Kafka, a real site on loopback."""

from __future__ import annotations

import gzip
import os
import time

import pytest

from newswire.crawl import fetch
from newswire.errors import ConfigError, Retry, SiteError
from newswire.kafka.body_store import read_body
from newswire.testing.broker import MemoryBroker
from newswire.testing.clock import FrozenClock
from newswire.testing.site import SitePage, open_site
from newswire.text.ids import url_id

pytestmark = pytest.mark.servers


def test_a_feed_becomes_pages(crawl):
    """Every address of the feed is recorded once, fetched once, and travels with its feed entry."""
    crawl.site.set_feed("/a?utm_source=rss", "/b")
    crawl.site.pages["/a"] = crawl.site.pages["/a?utm_source=rss"]
    assert crawl.discover()["new"] == 2
    assert crawl.states() == {"/a": "discovered", "/b": "discovered"}
    assert crawl.fetch() == {"claimed": 2, "fetched": 2}
    assert crawl.states() == {"/a": "fetched", "/b": "fetched"}
    pages = {page.url.removeprefix(crawl.site.url): page for page in crawl.pages()}
    assert sorted(pages) == ["/a", "/b"]
    page = pages["/a"]
    assert page.url_id == url_id(f"{crawl.site.url}/a?utm_source=rss")
    assert (page.source, page.outlet, page.host, page.status) == ("paper", "The Paper", crawl.site.host, 200)
    assert (page.content_type, page.http_charset, page.feed.title) == ("text/html", "utf-8", "About /a?utm_source=rss")
    assert page.first_seen_at < page.fetched_at
    assert b"Text of /a" in read_body(page, crawl.settings)
    assert crawl.run() == {}
    assert len(crawl.pages()) == 2


def test_a_page_carries_its_country_and_what_robots_says_of_ai_use(crawl):
    """The source's country, and robots.txt's word on the address that the page came from in the end."""
    crawl.site.set_feed("/a", "/b", "/moved")
    crawl.site.pages["/moved"] = SitePage("", 301, headers={"Location": "/b"})
    crawl.site.pages["/robots.txt"] = SitePage("User-agent: GPTBot\nDisallow: /b")
    crawl.write_source(country="JP")
    assert crawl.run() == {"claimed": 3, "fetched": 3}
    found = {page.url.removeprefix(crawl.site.url): (page.country, page.robots_ai_use) for page in crawl.pages()}
    assert found == {"/a": ("JP", None), "/b": ("JP", False), "/moved": ("JP", False)}


def drip(handler):
    """Send a byte now and then, as if to hold the connection indefinitely."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(100):
        handler.wfile.write(b"x")
        time.sleep(0.05)


def hang_up(handler):
    """Close the connection in the middle."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n<p>")
    handler.close_connection = True


HTML = "<html><title>T</title><p>Text.</p></html>"
BOMB = gzip.compress(bytes(30_000_000))
ENDS = {
    "/good": (SitePage(HTML), "fetched"),
    "/latin": (SitePage("<p>Café</p>".encode("latin-1"), content_type='text/html; charset="ISO-8859-1"'), "fetched"),
    "/unnamed": (SitePage(HTML, content_type=None), "fetched"),
    "/xhtml": (SitePage(HTML, content_type="application/xhtml+xml"), "fetched"),
    "/packed": (SitePage(gzip.compress(HTML.encode()), headers={"Content-Encoding": "gzip"}), "fetched"),
    "/moved": (SitePage("", 301, headers={"Location": "/target"}), "fetched"),
    "/missing": (SitePage("no", 404), "gone(http-404)"),
    "/gone": (SitePage("no", 410), "gone(http-410)"),
    "/login": (SitePage("no", 401), "refused(http-401)"),
    "/wall": (SitePage("no", 403), "refused(http-403)"),
    "/teapot": (SitePage("no", 418), "failed(http-418)"),
    "/empty": (SitePage("", 204), "failed(http-204)"),
    "/unasked": (SitePage("", 304), "failed(http-304)"),
    "/pdf": (SitePage(b"%PDF-1.7", content_type="application/pdf"), "refused(content-type)"),
    "/unnamed-pdf": (SitePage(b"%PDF-1.7", content_type=None), "refused(content-type)"),
    "/large": (SitePage(b"x" * 200_001), "refused(too-large)"),
    "/bomb": (SitePage(BOMB, headers={"Content-Encoding": "gzip"}), "refused(too-large)"),
    "/circle": (SitePage("", 302, headers={"Location": "/circle"}), "refused(too-many-redirects)"),
    "/nowhere": (SitePage("", 302), "refused(bad-redirect)"),
    "/mail": (SitePage("", 302, headers={"Location": "mailto:a@b.example"}), "refused(bad-url)"),
    "/inner": (SitePage("", 302, headers={"Location": "http://10.0.0.1/admin"}), "refused(private-address)"),
    "/secret": (SitePage(HTML), "refused(robots)"),
    "/to-secret": (SitePage("", 302, headers={"Location": "/secret"}), "refused(robots)"),
    "/broken": (SitePage("no", 500), "discovered(http-500)"),
    "/rubbish": (SitePage(b"plain", headers={"Content-Encoding": "gzip"}), "discovered(bad-encoding)"),
    "/slow": (drip, "discovered(timeout)"),
    "/hang-up": (hang_up, "discovered(broken-answer)"),
}


def test_every_address_ends_in_one_state_with_its_reason(crawl):
    """Whatever a site answers, nothing is lost, and the counts add up."""
    site = crawl.site
    site.pages |= {path: page for path, (page, _) in ENDS.items()} | {"/target": SitePage(HTML)}
    site.pages["/robots.txt"] = SitePage("User-agent: *\nDisallow: /secret", content_type="text/plain")
    # The bad ones between good ones: three failures in a row would speak for the host.
    bad = [path for path, (_, end) in ENDS.items() if end.startswith("discovered")]
    site.set_feed(*ENDS)
    crawl.write_source()
    settings = crawl.settings = crawl.settings.model_copy(
        update={"max_body_bytes": 200_000, "fetch_timeout_seconds": 0.8}
    )
    crawl.discover()
    counts = crawl.fetch()
    assert crawl.states() == {path: end for path, (_, end) in ENDS.items()}
    assert counts["claimed"] == len(ENDS) == sum(number for name, number in counts.items() if name != "claimed")
    assert counts["deferred"] == len(bad)
    pages = {page.url.removeprefix(site.url): page for page in crawl.pages()}
    assert set(pages) == {path for path, (_, end) in ENDS.items() if end == "fetched"}
    assert pages["/moved"].final_url == f"{site.url}/target"
    assert (pages["/latin"].http_charset, read_body(pages["/latin"], settings)) == (
        "iso-8859-1",
        "<p>Café</p>".encode("latin-1"),
    )
    assert read_body(pages["/packed"], settings) == HTML.encode()
    assert "/secret" not in site.paths()
    assert crawl.fetch() == {}, "nothing is due again at once"


def test_a_large_body_travels_by_reference(crawl):
    """What does not fit a message lies in the blob store, and is the same to its reader."""
    body = os.urandom(900_000).hex().encode()
    crawl.site.set_feed("/large")
    crawl.site.pages["/large"] = SitePage(body)
    assert crawl.run() == {"claimed": 1, "fetched": 1}
    (page,) = crawl.pages()
    assert page.body is None
    assert page.body_ref
    assert read_body(page, crawl.settings) == body


def test_a_host_that_asks_for_patience_gets_it(crawl):
    """429 with Retry-After: nobody asks the host before then, and the address comes through in the same visit."""
    refusals = iter([SitePage("later", 429, headers={"Retry-After": "1"})])
    crawl.site.set_feed("/a", "/b")
    crawl.site.pages["/a"] = crawl.site.pages["/b"] = lambda _: next(refusals, SitePage(HTML))
    assert crawl.run() == {"claimed": 2, "fetched": 2}
    asked = [visit for visit in crawl.site.visits if visit.path in {"/a", "/b"}]
    assert [visit.status for visit in asked] == [429, 200, 200]
    assert asked[1].began - asked[0].ended >= 1


def test_a_host_that_is_closed_is_left_alone(crawl):
    """A long Retry-After, an unreachable robots.txt and a dead port stop the visit with an error that carries them."""
    crawl.site.set_feed("/a", "/b", "/c", "/d", "/e")
    crawl.discover()
    for path in ("/a", "/b", "/c", "/d", "/e"):
        crawl.site.pages[path] = SitePage("later", 429, headers={"Retry-After": "3600"})
    with pytest.raises(SiteError) as caught:
        crawl.fetch()
    assert (caught.value.status, caught.value.retry_after) == (429, 3600)
    assert sum(visit.status == 429 for visit in crawl.site.visits) == 1
    assert set(crawl.states().values()) == {"discovered(no-time)", "discovered(http-429)"}
    with open_site() as other:
        host = other.host
    crawl.query(
        "UPDATE urls SET host = %s, url = replace(url, %s, %s), next_attempt_at = now()", host, crawl.site.host, host
    )
    with pytest.raises(SiteError, match="robots-unreachable"):
        crawl.fetch(host)
    assert crawl.query("SELECT DISTINCT attempts FROM urls") == [{"attempts": 0}]


def test_robots_in_trouble_means_no_fetching(crawl):
    """robots.txt with status 500: not one page is asked for, and the addresses stay due."""
    crawl.site.set_feed("/a")
    crawl.discover()
    crawl.query("UPDATE hosts SET robots_expires_at = now()")
    crawl.site.pages["/robots.txt"] = SitePage("oops", 500)
    with pytest.raises(SiteError, match="robots-unreachable"):
        crawl.fetch()
    assert "/a" not in crawl.site.paths()
    assert crawl.states() == {"/a": "discovered(robots-unreachable)"}


def test_a_redirect_to_another_host_obeys_that_host(crawl):
    """The other host's robots.txt is read and its turn taken before it is asked."""
    with open_site("127.0.0.2") as other:
        other.pages |= {
            "/robots.txt": SitePage("User-agent: *\nDisallow: /no"),
            "/no": SitePage(HTML),
            "/yes": SitePage(HTML),
        }
        crawl.site.pages["/a"] = SitePage("", 302, headers={"Location": f"{other.url}/no"})
        crawl.site.pages["/b"] = SitePage("", 302, headers={"Location": f"{other.url}/yes"})
        crawl.site.set_feed("/a", "/b")
        crawl.run()
        assert crawl.states() == {"/a": "refused(robots)", "/b": "fetched"}
        assert other.paths() == ["/robots.txt", "/yes"]
        assert crawl.pages()[0].host == other.host


def test_an_address_that_never_answers_is_given_up(crawl):
    """After five attempts it has failed; an address whose fetcher died as often has, too."""
    crawl.site.set_feed("/a", "/b")
    crawl.site.pages["/a"] = crawl.site.pages["/b"] = SitePage("oops", 500)
    crawl.discover()
    crawl.query("UPDATE urls SET attempts = 4 WHERE url LIKE '%%/a'")
    crawl.query("UPDATE urls SET attempts = 5 WHERE url LIKE '%%/b'")
    assert crawl.fetch() == {"claimed": 2, "failed": 2}
    assert crawl.states() == {"/a": "failed(http-500)", "/b": "failed(gave-up)"}


@pytest.mark.parametrize("trouble", [{"refused_sends": 1}, {"is_up": False}], ids=["refuses", "is silent"])
def test_what_kafka_has_not_acknowledged_is_not_fetched(crawl, monkeypatch, trouble):
    """The address stays due, the task fails, and the next one brings the page."""
    broker = MemoryBroker(FrozenClock(), {f"{crawl.settings.topic_prefix}fetched-pages": 1})
    monkeypatch.setattr("newswire.kafka.publisher.open_producer", lambda *_, **__: broker.producer())
    crawl.site.set_feed("/a", "/b")
    crawl.discover()
    for name, value in trouble.items():
        setattr(broker, name, value)
    with pytest.raises(Retry):
        crawl.fetch()
    assert crawl.states() == {"/a": "discovered(no-time)", "/b": "discovered(no-time)"}
    assert crawl.query("SELECT DISTINCT attempts, lease_until FROM urls") == [{"attempts": 0, "lease_until": None}]
    broker.is_up = True
    assert crawl.fetch() == {"claimed": 2, "fetched": 2}


def test_an_address_that_breaks_us_is_given_up_and_takes_no_other_with_it(crawl, monkeypatch):
    """A bug that one page brings to light ends the task, not the crawl: the others come through, it is given up."""
    build_fetched_page = fetch.build_fetched_page
    monkeypatch.setattr(
        fetch,
        "build_fetched_page",
        lambda claim, *rest: 1 / 0 if claim.url.endswith("/a") else build_fetched_page(claim, *rest),
    )
    crawl.site.set_feed("/a", "/b")
    crawl.discover()
    crashes = 0
    for _ in range(8):
        try:
            crawl.fetch()
        except ZeroDivisionError:
            crashes += 1
        crawl.query("UPDATE urls SET lease_until = NULL")
    assert crashes == 5
    assert crawl.states() == {"/a": "failed(gave-up)", "/b": "fetched"}


def test_time_is_kept_and_the_rest_stays_due(crawl):
    """A visit ends before its deadline; what it had claimed is free for the next."""
    crawl.write_source(delay_seconds=0.5)
    crawl.site.set_feed("/a", "/b", "/c", "/d")
    crawl.discover()
    began = time.monotonic()
    counts = crawl.fetch(deadline_seconds=1.5)
    assert time.monotonic() - began < 4
    assert 1 <= counts["fetched"] <= 3
    assert counts["fetched"] + counts["deferred"] == counts["claimed"] == 4
    crawl.write_source(delay_seconds=0.01)
    rest, give_up = 0, time.monotonic() + 20
    while rest < 4 - counts["fetched"] and time.monotonic() < give_up:  # the next turn may be half a second away
        rest += crawl.fetch().get("fetched", 0)
    assert rest == 4 - counts["fetched"]


def test_a_source_is_crawled_on_request_with_its_limit(crawl):
    """Only addresses of the named source are fetched, up to the limit; an unknown name is an error with a hint."""
    from newswire.crawl.crawl_now import crawl_sources

    crawl.site.set_feed("/a", "/b", "/c")
    crawl.site.set_feed("/x", path="/other.xml")
    crawl.write_source("other", feeds=[f"{crawl.site.url}/other.xml"])
    crawl.discover("other")
    counts = crawl_sources(["paper"], crawl.settings, limit=2)
    assert (counts["new"], counts["fetched"]) == (3, 2)
    assert crawl.states()["/x"] == "discovered"
    with pytest.raises(ConfigError, match="sources list"):
        crawl_sources(["papper"], crawl.settings)
