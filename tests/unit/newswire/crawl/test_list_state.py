"""When a list is polled again, and what counts as known."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest

from newswire.crawl.list_state import ListPoll, pause_after_failure

POLLED = dt.datetime(2031, 5, 6, 10, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("errors", "retry_after", "seconds"),
    [
        (0, None, 0),
        (1, None, 0),
        (2, None, 240),
        (3, None, 480),
        (8, None, 15_360),
        (9, None, 21_600),
        (1_000, None, 21_600),
        (0, 120.0, 120),
        (2, 239.0, 240),
        (2, 241.0, 241),
        (9, 86_400.0, 86_400),
    ],
)
def test_a_failing_list_is_polled_less_and_less_often(errors, retry_after, seconds):
    """Two failures are tolerated, then the pause doubles up to six hours; Retry-After is never undercut."""
    assert pause_after_failure(errors, retry_after) == seconds


def poll(**values):
    known = hashlib.sha256(b"feed").hexdigest()
    defaults = {"url": "https://paper.example/feed", "pause_seconds": 0.0, "errors": 0, "polled_at": POLLED,
                "content_sha256": known, "validators": {}}  # fmt: skip
    return ListPoll(**(defaults | values))


@pytest.mark.parametrize(
    ("values", "changed_at", "seen"),
    [
        ({}, POLLED - SECOND, True),
        ({}, POLLED, False),
        ({}, POLLED + SECOND, False),
        ({}, None, False),
        ({"errors": 1}, POLLED - SECOND, False),
        ({"polled_at": None}, POLLED - SECOND, False),
    ],
)
def test_a_list_of_an_index_is_skipped_only_if_it_was_read_after_its_last_change(values, changed_at, seen):
    """Without a time of change, or after an error, it is read."""
    assert poll(**values).has_seen(changed_at) is seen


def test_a_list_is_known_by_its_content():
    """Servers without validators are common."""
    assert poll().is_known(b"feed")
    assert not poll().is_known(b"feed 2")
    assert not poll(content_sha256=None).is_known(b"feed")
