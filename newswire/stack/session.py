"""Real servers for the length of a `with` block, in a folder of their own: for tests and benchmarks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newswire.errors import StackError
from newswire.settings import STACK_ENV, Settings, child_environment
from newswire.stack.plan import download
from newswire.stack.postgres import remove_outside_data
from newswire.stack.report import StackReport, read_report
from newswire.stack.standstill import Standstill, observe_stack

STANDSTILL_SECONDS = 300.0
STOP_WITHIN_SECONDS = 60.0


@contextmanager
def start_servers(
    state_dir: Path, names: tuple[str, ...] = ("kafka", "elasticsearch", "postgres")
) -> Iterator[Settings]:
    """Start the named servers, hand out the settings that lead to them, and stop them.

    The supervisor stops by itself when this process ends, however it ends: the pipe between them breaks.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    download(names, Settings(_env_file=None).cache_dir)
    with (state_dir / "supervisor.log").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "newswire.stack.daemon", "--only", ",".join(names), "--stop-at-eof"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=child_environment(NEWSWIRE_STATE_DIR=str(state_dir), NEWSWIRE_DURABLE="false"),
            start_new_session=True,
        )
    try:
        _await_up(supervisor, state_dir)
        yield Settings(_env_file=state_dir / STACK_ENV, state_dir=state_dir, durable=False)
    finally:
        _stop(supervisor)
        remove_outside_data(state_dir)


def _await_up(supervisor: subprocess.Popen[bytes], state_dir: Path) -> None:
    standstill = Standstill(STANDSTILL_SECONDS)
    while _report_of(supervisor, state_dir).get("state") != "up":
        standstill.observe(observe_stack(state_dir))
        if supervisor.poll() is not None or standstill.is_over:
            error = _report_of(supervisor, state_dir).get("error") or f"see {state_dir}/supervisor.log"
            raise StackError(f"The servers did not start: {error}")
        time.sleep(0.05)


def _report_of(supervisor: subprocess.Popen[bytes], state_dir: Path) -> StackReport:
    """Return what this supervisor has written; an older one's report says nothing about it."""
    report = read_report(state_dir)
    return report if report.get("pid") == supervisor.pid else {}


def _stop(supervisor: subprocess.Popen[bytes]) -> None:
    if supervisor.stdin:
        supervisor.stdin.close()
    try:
        supervisor.wait(STOP_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()
