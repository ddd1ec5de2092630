"""The pause that sources set between two requests to a host."""

from __future__ import annotations

import pytest

from newswire.crawl.rate_limit import host_delays
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
    ("first", "second", "expected"), [(4.9, 5.0, 5.0), (5.0, 4.9, 5.0), (0.0, None, 0.0), (None, None, None)]
)
def test_the_longer_pause_counts_in_any_order(first, second, expected):
    """Zero means no pause, which is different from leaving it out."""
    delays = host_delays([source("a", first), source("b", second)])
    assert delays.get("paper.example") == expected
