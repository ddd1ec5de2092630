"""The demo waits as long as anything moves, and says what stands still when it gives up."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from itertools import count

import pytest
from rich.console import Console
from rich.live import Live

from newswire.airflow.rest_client import Run
from newswire.demo.run import DAG, crawl_once
from newswire.demo.watch import STANDSTILL_SECONDS, Observation, Watch
from newswire.errors import ConfigError, Retry, StackError
from newswire.testing.clock import FrozenClock

STILL = Observation(
    addresses={"fetched": 7}, behind={"parse": 7, "index": 0}, services={"parse-1": "failing", "kafka": "ready"}
)


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def watching(clock):
    """Return a function that makes a watch, given what it will see."""

    def make(look) -> Watch:
        return Watch(look, Live(console=Console(file=StringIO()), auto_refresh=False), clock)

    return make


class SlowAirflow:
    """An Airflow whose DAG appears late, whose run is queued for long, and ends."""

    url = "http://airflow"

    def __init__(self, clock, *, dag_after=0.0, start_after=0.0, end_after=0.0, errors=None) -> None:
        self.clock, self.errors = clock, errors or {}
        self.dag_after, self.start_after, self.end_after = dag_after, start_after, end_after

    def dag_ids(self):
        if self.clock.monotonic() < self.dag_after / 2:
            raise StackError("Airflow does not respond")
        return [DAG] if self.clock.monotonic() >= self.dag_after else []

    def import_errors(self):
        return self.errors

    def trigger(self, dag_id, conf=None, *, run_id=None):
        return Run(dag_id, run_id, "queued", "manual", None, None, None)

    def run(self, dag_id, run_id):
        now = self.clock.monotonic()
        state = "success" if now >= self.end_after else "running" if now >= self.start_after else "queued"
        return replace(self.trigger(dag_id, run_id=run_id), state=state)

    def tasks(self, dag_id, run_id):
        return {("fetch", "running"): 1} if self.clock.monotonic() >= self.start_after else {("fetch", "waiting"): 1}


def test_a_crawl_on_a_slow_machine_is_waited_for_for_hours(clock, watching):
    """Queued for 90 minutes while one thing after the other moves elsewhere: the run is awaited to its end."""
    moving = count()
    kinds = [
        lambda number: Observation(records={"articles": number}),
        lambda number: Observation(behind={"parse": number}),
        lambda number: Observation(addresses={"fetched": number}),
        lambda number: Observation(services={f"parse-{number}": "ready"}),
    ]

    def look() -> Observation:
        number = int(clock.monotonic() // (STANDSTILL_SECONDS * 0.9))
        next(moving)
        return kinds[number % len(kinds)](number)

    airflow = SlowAirflow(clock, dag_after=1_000, start_after=6_000, end_after=9_000)
    assert crawl_once(airflow, watching(look)).state == "success"
    assert clock.monotonic() >= 9_000
    assert next(moving) > 1_000


def test_a_crawl_that_stands_still_is_given_up_and_the_message_says_what_does(clock, watching):
    """Ten minutes without any change, not one second less: run, addresses, stages and services are named."""
    airflow = SlowAirflow(clock, start_after=1e9, end_after=1e9)
    with pytest.raises(StackError, match="Nothing has moved for 10 minutes while waiting for the end of") as given_up:
        crawl_once(airflow, watching(lambda: STILL))
    for part in ("which is queued", "tasks: fetch waiting 1", "addresses: fetched 7", "behind: parse 7;"):
        assert part in str(given_up.value)
    assert "services not ready: parse-1 failing." in str(given_up.value)
    assert STANDSTILL_SECONDS < clock.monotonic() < STANDSTILL_SECONDS + 5


def test_a_service_that_crashes_again_and_again_is_no_movement(clock, watching):
    """It is starting, ready and failing in turn, for ever: nothing comes of it."""

    def look() -> Observation:
        return replace(STILL, services={"kafka": ("starting", "ready", "failing")[int(clock.monotonic()) // 60 % 3]})

    with pytest.raises(StackError, match="Nothing has moved for 10 minutes"):
        crawl_once(SlowAirflow(clock, end_after=1e9), watching(look))
    assert clock.monotonic() < 2 * STANDSTILL_SECONDS


def test_a_dag_that_cannot_be_read_is_not_waited_for(clock, watching):
    """An import error does not go away by waiting."""
    airflow = SlowAirflow(clock, dag_after=1e9, errors={"crawl.py": "SyntaxError"})
    airflow.dag_ids = list
    with pytest.raises(ConfigError, match=r"crawl\.py.*SyntaxError"):
        crawl_once(airflow, watching(lambda: STILL))
    assert clock.monotonic() < 5


def test_a_server_that_is_away_is_asked_again(clock, watching):
    """It is being started again; if it does not come back, the message has what it said last."""

    def ask() -> str:
        if clock.monotonic() < 300:
            raise Retry("PostgreSQL is away")
        return "there"

    assert watching(lambda: STILL).until_answered(ask, "the addresses") == "there"

    def never() -> str:
        raise Retry("PostgreSQL is away")

    with pytest.raises(StackError, match=r"waiting for the addresses.*PostgreSQL is away"):
        watching(lambda: STILL).until_answered(never, "the addresses")
