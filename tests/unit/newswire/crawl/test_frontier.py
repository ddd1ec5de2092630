"""Times and requests of the frontier that need no database: revisits, backoff, conditional requests."""

from __future__ import annotations

import datetime as dt

import pytest

from newswire.crawl.frontier import ClaimedUrl, Frontier, ListedUrl, backoff_seconds
from newswire.settings import Settings
from newswire.text.ids import url_id
from schemas.messages import FeedEntry

NOW = dt.datetime.now(dt.UTC)


def claim(**values):
    defaults = {"url_id": "0" * 32, "url": "https://paper.example/a", "source": "paper", "entry": FeedEntry(),
                "first_seen_at": NOW, "first_fetched_at": NOW, "fetched_at": NOW, "attempts": 1, "is_changed": False,
                "etag": '"1"', "last_modified": "Tue, 06 May 2031 10:00:00 GMT", "body_sha256": None}  # fmt: skip
    return ClaimedUrl(**(defaults | values))


@pytest.mark.parametrize(
    ("age_hours", "next_hours"), [(0, 1), (0.9, 1), (1.5, 6), (7, 24), (25, None)], ids=lambda value: f"{value}h"
)
def test_a_page_is_visited_again_at_set_ages(age_hours, next_hours):
    """The next visit is at the first set age that lies ahead; a missed one is not made up for; then never again."""
    frontier = Frontier(database=None, settings=Settings(revisit_after_seconds=(86_400.0, 3_600.0, 21_600.0)))
    first = dt.datetime.now(dt.UTC) - dt.timedelta(hours=age_hours)
    expected = first + dt.timedelta(hours=next_hours) if next_hours else None
    assert frontier._next_visit(first) == expected
    assert frontier._next_visit(None) is None


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 120), (2, 480), (3, 1_920), (4, 7_680), (5, 30_720)])
def test_a_failed_address_waits_four_times_as_long_each_time(attempts, seconds):
    """Two minutes first, more than eight hours before the last attempt."""
    assert backoff_seconds(attempts) == seconds


@pytest.mark.parametrize(
    ("values", "headers"),
    [
        ({}, {"If-None-Match": '"1"', "If-Modified-Since": "Tue, 06 May 2031 10:00:00 GMT"}),
        ({"etag": None}, {"If-Modified-Since": "Tue, 06 May 2031 10:00:00 GMT"}),
        ({"last_modified": None}, {"If-None-Match": '"1"'}),
        ({"etag": None, "last_modified": None}, {}),
        ({"is_changed": True}, {}),
    ],
)
def test_a_known_page_is_requested_conditionally_unless_its_list_announced_a_change(values, headers):
    """A server whose validators are wrong must not hide a change that a feed has announced."""
    assert claim(**values).validators() == headers


def test_a_listed_address_is_recorded_without_its_tracking_parameters():
    """The id, the address and the host are those of the cleaned URL."""
    row = ListedUrl("https://paper.example/a?utm_source=rss", FeedEntry(title="A"), refused="other-host").as_row()
    assert (row["url"], row["host"], row["refused"]) == ("https://paper.example/a", "paper.example", "other-host")
    assert row["url_id"] == url_id("https://paper.example/a")
