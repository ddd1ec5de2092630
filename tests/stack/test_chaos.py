"""The short form of chaos: three brokers and every stage twice, under kills, faults and malformed records."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from newswire.settings import child_environment

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1_200)]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def chaos(tmp_path_factory):
    """The result of a run, as JSON; its exit code and the lines on stderr beside it."""
    state = tmp_path_factory.mktemp("chaos") / "state"
    options = ("--minutes", "0.75", "--pages", "80", "--faults", "2", "--state-dir", str(state), "--json")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.chaos", *options],
        cwd=ROOT, env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout, done.stderr[-4_000:]
    return json.loads(done.stdout) | {"exit_code": done.returncode, "stderr": done.stderr}


def test_nothing_is_lost_doubled_or_wrong(chaos):
    """An auditor that knows nothing of the product's code says so."""
    assert chaos["audit"]["findings"] == [], chaos["stderr"][-4_000:]
    assert chaos["exit_code"] == 0
    assert chaos["audit"]["articles"] >= 80 + 90  # the press flows too
    assert chaos["audit"]["documents"] >= 80 + 90


def test_much_was_done_to_it(chaos):
    """Kills, at least two kinds of faults, and malformed records; nobody helped."""
    assert chaos["kills"]["total"] >= 8
    assert len(chaos["faults"]) >= 2
    assert chaos["malformed_records"] >= 60
    assert chaos["restarts"] >= 4
    assert chaos["human_actions"] == 0
