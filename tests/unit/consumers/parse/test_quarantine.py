"""A source whose pages cost their workers is left out, and looked at once an hour."""

from __future__ import annotations

import pytest

from consumers.parse.quarantine import FAILURES, PROBE_SECONDS, Quarantine


class Hand:
    """A clock that is moved by hand."""

    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Hand()


@pytest.fixture
def quarantine(clock):
    return Quarantine(clock)


@pytest.mark.parametrize(("failures", "is_held"), [(FAILURES - 1, False), (FAILURES, True)])
def test_failures_in_a_row_put_a_source_into_quarantine(quarantine, failures, is_held):
    """Just below the limit its pages are parsed as ever."""
    began = [quarantine.note_failure("bad") for _ in range(failures)]
    assert began == [number == FAILURES for number in range(1, failures + 1)]
    assert quarantine.holds("bad") is is_held
    assert quarantine.admits("bad") is not is_held
    assert quarantine.admits("good")


def test_a_good_page_breaks_the_row(quarantine):
    """Only failures in a row count."""
    for _ in range(FAILURES - 1):
        quarantine.note_failure("bad")
    assert not quarantine.note_success("bad")
    for _ in range(FAILURES - 1):
        quarantine.note_failure("bad")
    assert quarantine.admits("bad")


@pytest.mark.parametrize(("seconds", "is_tried"), [(PROBE_SECONDS - 1, False), (PROBE_SECONDS, True)])
def test_one_page_an_hour_is_tried(quarantine, clock, seconds, is_tried):
    """And only one: the next waits for another hour."""
    for _ in range(FAILURES):
        quarantine.note_failure("bad")
    clock.now += seconds
    assert quarantine.admits("bad") is is_tried
    assert not quarantine.admits("bad")


def test_a_probe_that_succeeds_ends_the_quarantine(quarantine, clock):
    """One that fails does not begin it anew, and the hour starts again."""
    for _ in range(FAILURES):
        quarantine.note_failure("bad")
    clock.now += PROBE_SECONDS
    assert quarantine.admits("bad")
    assert not quarantine.note_failure("bad")
    assert not quarantine.admits("bad")
    clock.now += PROBE_SECONDS
    assert quarantine.admits("bad")
    assert quarantine.note_success("bad")
    assert quarantine.admits("bad")
    assert not quarantine.holds("bad")
