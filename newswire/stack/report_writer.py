"""Keeps stack.json true while the stack runs."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from newswire.stack.failure_causes import last_error
from newswire.stack.plan import Plan
from newswire.stack.report import ServiceReport, StackReport, StackState, boot_id, read_report, write_env, write_report
from newswire.stack.supervisor import Process

log = structlog.get_logger(__name__)


class Journal:
    """The report of one run; every call writes it."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir, self._began = state_dir, time.time()
        self.ports = read_report(state_dir).get("ports", {})
        self._report = StackReport(
            error=None, pid=os.getpid(), boot=boot_id(), started_at=self._began, ports=self.ports, services={}
        )
        self.turn("starting")

    def plan(self, plan: Plan) -> None:
        """Note what is going to run, and tell other commands how to reach it."""
        self._report["ports"] = dict(plan.ports)
        write_env(self._state_dir, plan.env)
        self._write()

    def control(self, path: Path) -> None:
        """Note where the supervisor takes commands."""
        self._report["control"] = str(path)
        self._write()

    def services(self, processes: Mapping[str, Process]) -> None:
        """Note the services' states."""
        logs = self._state_dir / "logs"
        self._report["services"] = {name: _describe(process, logs) for name, process in processes.items()}
        self._write()

    def turn(self, state: StackState, error: str | None = None) -> None:
        """Note a turn of the whole stack."""
        self._report["state"], self._report["error"] = state, error
        if state == "up":
            self._report["up_after_seconds"] = round(time.time() - self._began, 1)
        log.info("stack.turned", state=state, error=error)
        self._write()

    def _write(self) -> None:
        write_report(self._state_dir, self._report)


def _describe(process: Process, logs: Path) -> ServiceReport:
    is_troubled = process.problem is not None and process.state not in ("ready", "done")
    return ServiceReport(
        state=process.state,
        pid=process.pid if process.is_running else None,
        started_at=process.started_at,
        ready_after_seconds=process.ready_after_seconds,
        restarts=process.restarts,
        stop_signal=int(process.service.stop_signal),
        problem=process.problem,
        last_error=(last_error(logs / f"{process.service.name}.log") or None) if is_troubled else None,
        next_try_at=process.next_try_at,
        is_stopped_by_hand=process.is_stopped_by_hand,
    )
