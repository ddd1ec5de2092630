"""Start the stack in the background and watch it come up; stop it, whatever state it is in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
from rich.console import Console

from newswire.errors import StackError
from newswire.settings import Settings, child_environment
from newswire.stack.failure_causes import tail
from newswire.stack.leftovers import end_leftovers
from newswire.stack.plan import chosen_parts, download
from newswire.stack.report import StackReport, await_no_supervisor, has_supervisor, read_report, write_report
from newswire.stack.standstill import Standstill, observe_stack

POLL_SECONDS = 0.1
LOOK_EVERY_SECONDS = 1.0
STANDSTILL_SECONDS = 600.0  # of a start; the supervisor limits every single service
STOP_STANDSTILL_SECONDS = 90.0
FINISHED = ("ready", "done")
LONGEST_LIST = 5

# It outlives the one who started it, on purpose; without a reference Python would warn of that.
_started: list[subprocess.Popen[bytes]] = []


def start_stack(
    given: Settings, console: Console, *, only: Iterable[str] = (), environment: Mapping[str, str] | None = None
) -> StackReport:
    """Start the stack if it does not run, wait until it is up, and return its report.

    Args:
        given: the settings as the user gave them (`load_settings(embedded=False)`).
        console: where progress is shown.
        only: the parts to run; all if empty.
        environment: NEWSWIRE_* for all processes of the stack, besides those of this process.

    Raises:
        StackError: it does not come up; nothing is left running.
    """
    if has_supervisor(given.state_dir):
        return _follow(None, given.state_dir, console)
    parts = chosen_parts(only, given)
    download(parts, given.cache_dir)
    given.state_dir.mkdir(parents=True, exist_ok=True)
    supervisor = _spawn(parts, given, environment or {})
    try:
        return _follow(supervisor, given.state_dir, console)
    except (KeyboardInterrupt, StackError):
        if supervisor.poll() is None:
            console.print("Stopping what has been started")
        stop_stack(given.state_dir)
        raise


def stop_stack(state_dir: Path, show: Callable[[str], None] = lambda _: None) -> list[str]:
    """Stop everything; return the names of processes that only a sweep could end.

    `show` gets a line about what is waited for.
    """
    report = read_report(state_dir)
    if has_supervisor(state_dir) and (pid := report.get("pid")):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        standstill = Standstill(STOP_STANDSTILL_SECONDS)
        while not await_no_supervisor(state_dir, LOOK_EVERY_SECONDS):
            report = read_report(state_dir)
            standstill.observe(report)
            show("waiting for the end of " + (", ".join(_running(report)[:LONGEST_LIST]) or "the supervisor"))
            if standstill.is_over:
                os.kill(pid, signal.SIGKILL)
                break
        _await_end(pid)
    names = end_leftovers(read_report(state_dir))
    if names:
        write_report(state_dir, read_report(state_dir) | StackReport(state="stopped", services={}))
    return names


def _await_end(pid: int) -> None:
    """Wait for the process itself: it lets go of its lock a moment before its end."""
    deadline = time.monotonic() + 5
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(0.01)


def _spawn(parts: Iterable[str], given: Settings, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with supervisor_log(given.state_dir).open("wb") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "newswire.stack.daemon", "--only", ",".join(parts)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=child_environment(**{"NEWSWIRE_STATE_DIR": str(given.state_dir), **environment}),
            start_new_session=True,  # it outlives this terminal
        )
    _started.append(supervisor)
    return supervisor


def supervisor_log(state_dir: Path) -> Path:
    """Return the log of the supervisor itself."""
    folder = state_dir / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "supervisor.log"


def _follow(supervisor: subprocess.Popen[bytes] | None, state_dir: Path, console: Console) -> StackReport:
    """Show the services as they become ready, until all are."""
    shown: set[str] = set()
    standstill, look_at = Standstill(STANDSTILL_SECONDS), 0.0
    with console.status("starting") as status:
        while True:
            is_alive = has_supervisor(state_dir) if supervisor is None else supervisor.poll() is None
            report = read_report(state_dir)
            if supervisor is not None and report.get("pid") != supervisor.pid:
                report = {}
            _show(report, shown, console)
            if report.get("state") == "up":
                return report
            if not is_alive:
                raise StackError(_why(report, state_dir))
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + LOOK_EVERY_SECONDS
                standstill.observe(observe_stack(state_dir))
            aim = ", ".join(_pending(report)[:LONGEST_LIST]) or "the supervisor"
            if standstill.is_over:
                minutes = STANDSTILL_SECONDS / 60
                raise StackError(f"Nothing has moved for {minutes:.0f} minutes while waiting for {aim}.")
            status.update(f"waiting for {aim}")
            time.sleep(POLL_SECONDS)


def _why(report: StackReport, state_dir: Path) -> str:
    if report.get("state") in ("stopping", "stopped"):
        return "The stack was stopped while it started."
    return report.get("error") or f"The supervisor ended:\n{tail(supervisor_log(state_dir))}"


def _show(report: StackReport, shown: set[str], console: Console) -> None:
    for name, service in report.get("services", {}).items():
        if service["state"] in FINISHED and name not in shown:
            shown.add(name)
            seconds = service["ready_after_seconds"]
            console.print(f"  {name} {service['state']}" + (f" after {seconds:.1f} s" if seconds else ""))


def _pending(report: StackReport) -> list[str]:
    """Return what is being started, and for how long."""
    now = time.time()
    return [
        f"{name} ({now - (service['started_at'] or now):.0f} s)"
        for name, service in report.get("services", {}).items()
        if service["state"] in ("starting", "restarting", "failing")
    ]


def _running(report: StackReport) -> list[str]:
    return [name for name, service in report.get("services", {}).items() if service["pid"] is not None]
