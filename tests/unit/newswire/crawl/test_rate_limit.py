"""The rules of patience: how long a host is left alone, and when a page is looked at again."""

from __future__ import annotations

import datetime as dt

import pytest

from newswire.crawl.frontier import Frontier
from newswire.crawl.rate_limit import host_delays
from newswire.settings import Settings
from newswire.sources.catalogue import Source


def source(name, delay, feed="https://paper.example/feed", **fields):
    return Source(id=name, title=name, owner="desk", feeds=(feed,), delay_seconds=delay, **fields)


def test_of_two_sources_on_a_host_the_slower_counts():
    """Delays hold for the hosts of articles and of lists; a source without one leaves the default."""
    delays = host_delays([
        source("a", 1.0, hosts=("www.paper.example",)),
        source("b", 5.0),
        source("c", None, "https://other.example/feed"),
    ])  # fmt: skip
    assert delays == {"paper.example": 5.0, "www.paper.example": 1.0}


@pytest.mark.parametrize(
    ("age_hours", "next_hours"), [(0, 1), (0.9, 1), (1.5, 6), (7, 24), (25, None)], ids=lambda value: f"{value}h"
)
def test_a_page_is_looked_at_again_at_set_ages(age_hours, next_hours):
    """The next visit is the first set age that lies ahead; a missed one is not made up for; then never again."""
    frontier = Frontier(database=None, settings=Settings(revisit_after_seconds=(86_400.0, 3_600.0, 21_600.0)))
    first = dt.datetime.now(dt.UTC) - dt.timedelta(hours=age_hours)
    expected = first + dt.timedelta(hours=next_hours) if next_hours else None
    assert frontier._next_visit(first) == expected
    assert frontier._next_visit(None) is None
