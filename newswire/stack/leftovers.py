"""Find and end what a killed supervisor may have left behind."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

import psutil

from newswire.stack.report import StackReport, boot_id

CLOCK_SLACK_SECONDS = 5.0


def find_leftovers(report: StackReport) -> list[psutil.Process]:
    """Return the living processes of the sessions that the report's services had.

    A process number may have gone to somebody else since: the machine must not have been started
    anew, and nothing in the session may be older than the service.
    """
    if not report or report.get("boot") != boot_id():
        return []
    started = {s["pid"]: s["started_at"] for s in report.get("services", {}).values() if s["pid"] and s["started_at"]}
    found = [(process, _session_of(process.pid)) for process in psutil.process_iter()]
    members = [(process, session) for process, session in found if session in started]
    return [process for process, session in members if _is_ours(process, session, started[session] or 0)]


def end_leftovers(report: StackReport, grace_seconds: float = 20.0) -> list[str]:
    """Ask leftovers to end, kill those that do not, and return their names."""
    leftovers = find_leftovers(report)
    names = [f"{_name_of(process)} ({process.pid})" for process in leftovers]
    signals = {s["pid"]: s["stop_signal"] for s in report.get("services", {}).values()}
    for process in leftovers:
        with suppress(psutil.Error):
            if process.pid in signals:  # members of its session are its own business first
                process.send_signal(signals[process.pid])
    _, alive = psutil.wait_procs(leftovers, timeout=grace_seconds)
    for process in (*alive, *find_leftovers(report)):
        with suppress(psutil.Error):
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(alive, timeout=5)
    return names


def _is_ours(process: psutil.Process, session: int, started_at: float) -> bool:
    with suppress(psutil.Error):
        age_ok = process.create_time() >= started_at - CLOCK_SLACK_SECONDS
        is_leader = process.pid == session
        same_leader = abs(process.create_time() - started_at) <= CLOCK_SLACK_SECONDS
        return process.status() != psutil.STATUS_ZOMBIE and age_ok and (same_leader or not is_leader)
    return False


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _name_of(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return process.name()
    return "?"
