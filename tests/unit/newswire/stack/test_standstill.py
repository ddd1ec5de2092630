"""A wait goes on while something moves: boundaries, by a clock in the test's hand."""

from __future__ import annotations

import os
import time

import pytest

from newswire.stack.lifecycle import LONGEST_WAIT_FACTOR, describe_wait
from newswire.stack.standstill import Activity, Standstill


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(("still_seconds", "is_over"), [(60.0, False), (60.1, True)])
def test_a_wait_is_over_when_nothing_has_moved_for_longer_than_its_limit(still_seconds, is_over):
    """However long it has lasted before: 1,000 changes of 50 s each do not end it."""
    clock = Clock()
    standstill = Standstill(60.0, clock)
    for value in range(1000):
        clock.seconds += 50
        standstill.observe(value)
    clock.seconds += still_seconds
    standstill.observe(999)
    assert standstill.is_over is is_over
    assert standstill.seconds == pytest.approx(still_seconds)


def waited(seconds: float, *, moves: bool) -> str | None:
    clock = Clock()
    standstill = Standstill(60.0, clock)
    while clock.seconds + 1 <= seconds:
        clock.seconds += 1
        standstill.observe(int(clock.seconds) if moves else 0)
    return describe_wait(standstill)


def test_a_start_that_moves_is_given_ten_times_its_limit():
    """A start that stands still is not; one that works without end is ended too."""
    assert waited(61, moves=False) is None  # the first look is a change
    assert waited(62, moves=False) == "was not ready within 62 s, and did nothing for the last 60 s"
    assert waited(60 * LONGEST_WAIT_FACTOR, moves=True) is None
    assert waited(60 * LONGEST_WAIT_FACTOR + 1, moves=True) == "was not ready within 601 s, though it was at work"


def test_a_process_that_computes_or_writes_is_active_and_one_that_waits_is_not(tmp_path):
    """Its CPU time and its log count."""
    log = tmp_path / "log"
    activity = Activity(os.getpid(), log, limit_seconds=1.0)
    quiet = Activity(1 << 30, log, limit_seconds=1.0)  # no such process
    before, nothing = activity.read(), quiet.read()
    began = time.process_time()
    while time.process_time() - began < 0.1:
        pass
    assert activity.read() != before
    assert quiet.read() == nothing
    log.write_text("a line\n")
    assert quiet.read() != nothing
