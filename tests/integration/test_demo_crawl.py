"""The real crawl against the whole demo press: every address ends as its truth says, and no host is hurried."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.rows import dict_row

from newswire.crawl.discover import discover
from newswire.crawl.fetch import fetch_host
from newswire.demo.press.server import serve
from newswire.demo.press.sources import write_sources
from newswire.demo.press.state import PressState
from newswire.demo.truth import load_truth
from newswire.sources.catalogue import load_catalogue
from newswire.text.urls import normalise_url

pytestmark = pytest.mark.servers


def test_crawl_ends_every_address_of_the_press_as_its_truth_says(crawl_state, crawl_topics):
    """Two phases, each crawled once: articles are fetched, odd responses end, rate limits are kept."""
    state = PressState(crawl_state.state_dir)
    settings = crawl_state.model_copy(
        update={
            "topic_prefix": crawl_topics,
            "sources_dirs": (state.folder / "sources",),
            "allow_private": ("127.0.0.0/8",),
            "revisit_min_seconds": 0.0,
            "feed_unconditional_every": 2,
        }
    )
    with serve(state) as newsroom:
        write_sources(state.folder / "sources", newsroom.port)
        for phase in (0, 1):
            state.set_phase(phase)
            _crawl(settings)
            _assert_ends(settings, load_truth(settings.state_dir))
    requests = [json.loads(line) for line in state.access_log.read_text().splitlines()]
    assert not [r for r in requests if r["path"].startswith("/private/")]
    _assert_paces(newsroom.press.outlets.values(), requests)


def _crawl(settings):
    """Visit four outlets at a time."""

    def visit(source):
        discover(source, settings)
        fetch_host(source.host, settings)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(visit, load_catalogue(settings).sources.values()))


def _assert_ends(settings, truth):
    with psycopg.connect(settings.postgres_dsn.get_secret_value(), row_factory=dict_row) as connection:
        rows = connection.execute("select url, state, reason from urls").fetchall()
    ends = {normalise_url(row["url"]): f"{row['state']}({row['reason']})" for row in rows}
    assert ends.keys() == truth.urls.keys()
    wrong = {}
    for url, expected in truth.urls.items():
        is_delivered = {"indexed", "rejected"} & set(expected.ends)  # what becomes of a page is decided after the crawl
        if not (ends[url] == "fetched(None)" if is_delivered else expected.allows(ends[url])):
            wrong[url] = (ends[url], expected)
    assert wrong == {}


def _assert_paces(outlets, requests):
    """No two requests to a host stand closer than its pace, less the jitter of two clocks."""
    times = defaultdict(list)
    for request in requests:
        times[request["host"].partition(":")[0]].append(request["monotonic"])
    for outlet in outlets:
        pace = max(outlet.crawl_delay_seconds or 0.0, outlet.delay_seconds)
        gaps = [later - earlier for earlier, later in itertools.pairwise(times[outlet.address])]
        # The first request is for robots.txt: until it is read nobody knows of a longer pace.
        assert min(gaps[1:]) > pace - 0.03, (outlet.id, min(gaps))
