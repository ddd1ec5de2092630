"""Manners, judged by the site's own access log: workers that know nothing of each other share one pace."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from newswire.crawl.fetch import fetch_host
from newswire.stack.shared_settings import write_settings
from newswire.testing.site import SitePage

pytestmark = pytest.mark.servers


def fetch_in_threads(crawl, number, limit):
    """Fetch the host with several workers at once, each with its own connections and its own share."""
    work = partial(fetch_host, crawl.site.host, crawl.settings, limit=limit)
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_several_workers_keep_one_pace(crawl):
    """Between the end of a visit and the next lies the host's pace, whoever comes; each page is asked for once."""
    paths = [f"/{number}" for number in range(8)]
    crawl.write_source(delay_seconds=0.15)
    crawl.site.set_feed(*paths)
    crawl.discover()
    fetch_in_threads(crawl, 3, limit=3)
    assert min(crawl.site.gaps()) >= 0.15
    assert sorted(path for path in crawl.site.paths() if path in paths) == sorted(paths)
    assert set(crawl.states().values()) == {"fetched"}


def test_a_worker_that_waits_goes_on_as_soon_as_the_other_is_done(crawl):
    """While a request is under way its turn is held for as long as it may last; it mostly ends sooner."""
    crawl.write_source(delay_seconds=0.05)
    crawl.site.set_feed("/a", "/b", "/c", "/d")
    crawl.discover()
    for path in ("/a", "/b", "/c", "/d"):
        crawl.site.pages[path] = lambda _: time.sleep(0.1) or SitePage("<p>slow</p>")
    began = time.monotonic()
    fetch_in_threads(crawl, 4, limit=1)
    assert time.monotonic() - began < 8
    assert min(crawl.site.gaps()) >= 0.05


def test_a_crawl_delay_slows_us_down_and_never_speeds_us_up(crawl):
    """robots.txt's pace counts where it is slower than the source's."""
    crawl.write_source(delay_seconds=0.05)
    crawl.site.pages["/robots.txt"] = SitePage("User-agent: *\nCrawl-delay: 0.4")
    crawl.site.set_feed("/a", "/b")
    crawl.run()
    # The gap after robots.txt itself is the source's: its word was not known before.
    assert min(crawl.site.gaps()[1:]) >= 0.4
    assert crawl.site.gaps()[0] >= 0.05


def test_robots_txt_is_asked_for_once_by_all(crawl):
    """Its answer is kept for every worker until it has grown old."""
    crawl.site.set_feed("/a", "/b")
    crawl.discover()
    fetch_in_threads(crawl, 2, limit=1)
    assert crawl.site.paths().count("/robots.txt") == 1
    crawl.query("UPDATE hosts SET robots_expires_at = now()")
    crawl.discover()
    assert crawl.site.paths().count("/robots.txt") == 2


def test_we_say_who_we_are_and_keep_no_cookies(crawl):
    """Name and contact are sent, cookies are not."""
    crawl.settings = crawl.settings.model_copy(update={"contact": "desk@paper.example"})
    crawl.site.set_feed("/a", "/b", headers={"Set-Cookie": "id=1; Path=/"})
    crawl.run()
    for visit in crawl.site.visits:
        assert visit.headers["user-agent"].startswith("Newswire/")
        assert visit.headers["from"] == "desk@paper.example"
        assert "cookie" not in visit.headers


KILLED = """
import json, sys
from newswire.crawl.fetch import fetch_host
from newswire.settings import Settings
fetch_host(sys.argv[1], Settings(_env_file=None, **json.load(sys.stdin)))
"""


def test_a_killed_fetch_loses_nothing(crawl):
    """Killed in the middle: leases run out, the host is free again, and the next fetch brings the rest."""
    paths = [f"/{number}" for number in range(6)]
    crawl.site.set_feed(*paths)
    crawl.discover()
    reached = threading.Event()

    def wait(handler):
        reached.set()
        process.wait()
        return SitePage("<p>too late</p>")

    crawl.site.pages["/3"] = wait
    given = {name: getattr(crawl.settings, name) for name in crawl.settings.model_fields_set}
    values = json.dumps(write_settings(given))
    process = subprocess.Popen([sys.executable, "-c", KILLED, crawl.site.host], stdin=subprocess.PIPE)
    process.stdin.write(values.encode())
    process.stdin.close()
    assert reached.wait(30)
    process.kill()
    process.wait()
    before = crawl.states()
    assert before["/3"] == "discovered"
    crawl.site.pages["/3"] = SitePage("<p>in time</p>")
    assert crawl.fetch() == {}, "somebody may still be at it"
    crawl.query("UPDATE urls SET lease_until = now() - interval '1 s' WHERE lease_until IS NOT NULL")
    crawl.query("UPDATE hosts SET next_request_at = now()")
    left = sum(state != "fetched" for state in before.values())
    assert crawl.fetch() == {"claimed": left, "fetched": left}
    assert set(crawl.states().values()) == {"fetched"}
    assert {page.url.removeprefix(crawl.site.url) for page in crawl.pages()} == set(paths)
