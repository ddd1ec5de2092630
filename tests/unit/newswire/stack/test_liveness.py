"""When a service counts as hung, and how long its next start is put off: boundaries, by a clock in the test's hand."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from newswire.stack.liveness import Backoff, Liveness, is_live
from newswire.stack.service import Service


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def silent_for(seconds: float, misses: int, live_within: float = 120.0) -> Liveness:
    clock = Clock()
    liveness = Liveness(live_within, clock)
    clock.seconds += seconds
    for _ in range(misses):
        liveness.note(is_live=False)
    return liveness


@pytest.mark.parametrize(("seconds", "misses", "is_hung"), [(120.0, 9, False), (120.1, 9, True), (600.0, 2, False)])
def test_a_service_is_hung_after_its_limit_and_several_misses(seconds, misses, is_hung):
    """Up to its limit it is not; nor after a long sleep of the supervisor, before it has asked three times."""
    assert silent_for(seconds, misses).is_hung is is_hung


def test_an_answer_ends_the_silence():
    """One answer, and the time begins again."""
    liveness = silent_for(600.0, 9)
    assert liveness.silent_seconds == 600.0
    liveness.note(is_live=True)
    assert (liveness.is_hung, liveness.silent_seconds) == (False, 0.0)


def delays(failures: int) -> list[float]:
    backoff, found = Backoff(), []
    for _ in range(failures):
        backoff.note(0.0)
        found.append(backoff.delay_seconds)
    return found


def test_the_delay_doubles_up_to_five_minutes_and_goes_on():
    """At once, half a second, twice as long each time, and five minutes for as long as it takes."""
    found = delays(2000)
    assert found[:5] == [0.0, 0.5, 1.0, 2.0, 4.0]
    assert all(later == min(2 * earlier, 300.0) for earlier, later in pairwise(found[1:]))
    assert found[-1] == 300.0


@pytest.mark.parametrize(("stable_seconds", "delay"), [(60.0, 2.0), (60.1, 0.0)])
def test_a_service_that_was_up_for_a_minute_begins_again(stable_seconds, delay):
    """A longer life resets the delay, a shorter one does not."""
    backoff = Backoff()
    for _ in range(3):
        backoff.note(0.0)
    backoff.note(stable_seconds)
    assert backoff.delay_seconds == delay


def test_a_service_is_failing_from_the_fifth_quick_end():
    """Four may be an accident."""
    backoff, found = Backoff(), []
    for _ in range(5):
        backoff.note(0.0)
        found.append(backoff.is_failing)
    assert found == [False, False, False, False, True]


def test_a_probe_that_hangs_or_breaks_is_no_answer():
    """Whatever a probe does, the supervisor goes on."""

    async def hangs() -> bool:
        await asyncio.Event().wait()
        return True

    async def breaks() -> bool:
        raise ValueError

    async def ask(probe) -> bool | None:
        return await is_live(Service("worker", ("true",), live=probe), within_seconds=0.01)

    assert asyncio.run(ask(hangs)) is False
    assert asyncio.run(ask(breaks)) is False
    assert asyncio.run(ask(None)) is None
