"""The rules of patience: how long a host is left alone, and when a page is looked at again."""

from __future__ import annotations

import datetime as dt
from email.utils import format_datetime

import pytest

from newswire.crawl.frontier import Frontier
from newswire.crawl.http_client import retry_after_seconds
from newswire.crawl.rate_limit import host_delays
from newswire.settings import Settings
from newswire.sources.catalogue import Source


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("120", 120), ("0", 0), (" 5 ", 5), ("999999999", 86_400), ("-1", None), ("soon", None), ("", None), (None, None),
     ("Mon, 01 Jan 2001 00:00:00 GMT", 0), ("Mon, 01 Jan 2001 00:00:00 -0000", None), ("9" * 400, 86_400)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds(header, seconds):
    """Seconds or a date; at most a day; nonsense is nothing."""
    assert retry_after_seconds(header) == seconds


def test_retry_after_may_be_a_date():
    """A date counts from now."""
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
    assert retry_after_seconds(format_datetime(soon, usegmt=True)) == pytest.approx(120, abs=3)


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
