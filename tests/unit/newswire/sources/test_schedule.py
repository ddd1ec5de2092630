"""How often sources are polled: the tiers' times, deadlines and time limits."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import get_args

import pytest
from croniter import croniter  # a dependency of Airflow, whose scheduler reads the expressions with it

from newswire.sources.catalogue import Source
from newswire.sources.schedule import TIERS, TierName

MIDNIGHT = dt.datetime(2031, 5, 6, tzinfo=dt.UTC)
INTERVALS = {"15m": dt.timedelta(minutes=15), "hourly": dt.timedelta(hours=1), "daily": dt.timedelta(days=1)}


def test_every_tier_of_a_source_file_has_a_schedule():
    """The names in the schema and the schedules are the same."""
    assert set(get_args(TierName)) == set(TIERS) == set(INTERVALS)
    field = Source.model_json_schema()["properties"]["tier"]
    assert (field["enum"], field["default"]) == (list(TIERS), "hourly")


@pytest.mark.parametrize("name", TIERS)
def test_a_tier_runs_at_its_interval_and_off_the_full_hour(name):
    """Two days of runs are evenly spaced; none is at the full hour or a quarter, when other crawlers come."""
    times = croniter(TIERS[name].schedule, MIDNIGHT, ret_type=dt.datetime)
    runs = [next(times) for _ in range(2 * dt.timedelta(days=1) // INTERVALS[name])]
    assert {later - earlier for earlier, later in pairwise(runs)} == {INTERVALS[name]}
    assert runs[0] - MIDNIGHT < INTERVALS[name]
    assert not {run.minute for run in runs} & {0, 15, 30, 45}


@pytest.mark.parametrize(("name", "deadline", "timeout"), [("15m", 15, 60), ("hourly", 45, 180), ("daily", 180, 720)])
def test_a_run_has_a_deadline_within_its_interval_and_a_time_limit(name, deadline, timeout):
    """A late run is reported before the next one is due; one that hangs is stopped after four deadlines."""
    tier = TIERS[name]
    assert (tier.deadline_minutes, tier.timeout_minutes) == (deadline, timeout)
    assert dt.timedelta(minutes=tier.deadline_minutes) <= INTERVALS[name]
