"""Durations are written in words, in their two largest units."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newswire.text.durations import short_duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0s"),
        (59.4, "59s"),
        (59.6, "1m"),
        (61, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (7500, "2h 5m"),
        (86399, "23h 59m"),
        (86400, "1d"),
        (-90000, "1d 1h"),
        (7 * 86400, "7d"),
        (timedelta(days=40, hours=3), "40d 3h"),
    ],
)
def test_durations_are_written_in_their_two_largest_units(seconds, words):
    """A delay is read at a glance; nothing is rounded up to a unit that it does not reach."""
    assert short_duration(seconds) == words
