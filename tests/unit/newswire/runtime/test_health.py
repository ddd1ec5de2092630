"""What a stage tells about itself over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys

import httpx
import pytest

from newswire.runtime.health import instruments_for, serve_health
from newswire.settings import Settings
from newswire.testing.clock import FrozenClock


@pytest.fixture
def served(tmp_path):
    clock = FrozenClock()
    instruments = instruments_for("parse", clock)
    with serve_health(Settings(_env_file=None, state_dir=tmp_path), "parse", instruments) as port:
        yield f"http://127.0.0.1:{port}", instruments, clock


def test_alive_is_who_has_moved_lately(served):
    """The runner's beat decides, not the broker."""
    url, instruments, clock = served
    assert httpx.get(f"{url}/livez").status_code == 200
    clock.sleep(61)
    assert httpx.get(f"{url}/livez").status_code == 503
    instruments.health.beat()
    assert httpx.get(f"{url}/livez").status_code == 200


def test_ready_is_who_has_had_partitions(served):
    """Before the first assignment nothing can be expected of the stage."""
    url, instruments, _ = served
    assert httpx.get(f"{url}/readyz").status_code == 503
    instruments.health.is_ready = True
    assert httpx.get(f"{url}/readyz").status_code == 200


def test_metrics_are_prometheus_text(served):
    """Counters, gauges and histograms carry the stage."""
    url, instruments, _ = served
    instruments.metrics.count("stage_records_total", 3, topic="fetched-pages", outcome="ok")
    instruments.metrics.gauge("stage_lag_records", 7, topic="fetched-pages", partition="2")
    instruments.metrics.observe("stage_batch_seconds", 0.2)
    page = httpx.get(f"{url}/metrics").text
    assert 'newswire_stage_records_total{outcome="ok",stage="parse",topic="fetched-pages"} 3.0' in page
    assert 'newswire_stage_lag_records{partition="2",stage="parse",topic="fetched-pages"} 7.0' in page
    assert 'newswire_stage_batch_seconds_bucket{le="0.3",stage="parse"} 1.0' in page


def test_other_paths_are_not_there(served):
    """There is nothing else to see."""
    assert httpx.get(f"{served[0]}/").status_code == 404


def test_the_port_is_noted_and_the_notes_of_the_dead_are_cleared(tmp_path):
    """Others find the port in a file of the process; it goes with it, or with its successor."""
    folder = tmp_path / "metrics"
    folder.mkdir()
    dead = folder / "parse-99999999"
    alive = folder / f"parse-{os.getppid()}"
    dead.write_text("1\n")
    alive.write_text("2\n")
    settings = Settings(_env_file=None, state_dir=tmp_path)
    with serve_health(settings, "parse", instruments_for("parse", FrozenClock())) as port:
        note = folder / f"parse-{os.getpid()}"
        assert note.read_text() == f"{port}\n"
        assert not dead.exists()
        assert alive.exists()
    assert not note.exists()


HUNG = """
import time
from newswire.clock import SystemClock
from newswire.runtime import health
health.WATCHDOG_SECONDS = {limit}
mine = health.StageHealth(SystemClock())
mine.arm_watchdog()
for _ in range({beats}):
    time.sleep(0.1)
    mine.beat()
def hang():
    time.sleep({hangs})
hang()
"""


@pytest.mark.parametrize(("beats", "hangs", "code"), [(0, 60, 1), (8, 0, 0)], ids=["hung", "moving"])
def test_a_hung_process_ends_itself_and_says_where_it_hung(beats, hangs, code):
    """Where no supervisor asks /livez, as in a container, somebody starts it again then."""
    script = HUNG.format(limit=0.5, beats=beats, hangs=hangs)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == code
    assert ("in hang" in done.stderr) is (code == 1)
