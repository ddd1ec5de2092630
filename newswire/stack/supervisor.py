"""Run dependent processes: start each when what it needs is ready, start it again when it dies, stop in reverse."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Literal

import structlog

from newswire.errors import StackError
from newswire.stack.failure_causes import describe_exit, explain
from newswire.stack.process import adopt_orphans, children, end_descendants, kill_group, reap_orphans, rotate, spawn
from newswire.stack.service import Probe, Service

__all__ = ["Probe", "Process", "Service", "ServiceFailedError", "State", "Supervisor"]

log = structlog.get_logger(__name__)

State = Literal["waiting", "starting", "ready", "done", "restarting", "failed", "stopping", "stopped"]
POLL_SECONDS = 0.1
ROTATE_EVERY_SECONDS = 10.0
QUICK_FAILURE_SECONDS = 60.0  # an end after a longer life starts the count anew
QUICK_FAILURES_ALLOWED = 8
FAILED_STARTS_ALLOWED = 2
BACKOFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)


class ServiceFailedError(StackError):
    """A service cannot be started, so the stack cannot be up."""


@dataclass
class Process:
    """What is known about a service at this moment."""

    service: Service
    state: State = "waiting"
    pid: int | None = None
    started_at: float | None = None
    ready_after_seconds: float | None = None
    restarts: int = 0
    is_up: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    stopped: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def is_running(self) -> bool:
        """Tell whether there is a live process."""
        return self.child is not None and self.child.returncode is None

    @property
    def exit_code(self) -> int:
        """Return how the last process ended: its exit code, or minus the signal's number."""
        return 0 if self.child is None else self.child.returncode


class Supervisor:
    """Keeps a set of services up until it is told to stop.

    `changed` is called after every change of a service's state, with all of them.
    """

    def __init__(
        self, services: Sequence[Service], logs: Path, changed: Callable[[Mapping[str, Process]], None] = lambda _: None
    ) -> None:
        order = TopologicalSorter({service.name: service.needs for service in services}).static_order()
        by_name = {service.name: service for service in services}
        self.processes = {name: Process(by_name[name]) for name in order}
        self._logs, self._changed = logs, changed
        self._others: set[int] = set()

    async def run(self, stop: asyncio.Event, up: Callable[[], None] = lambda: None) -> None:
        """Start everything, call `up`, keep it running until `stop`, and stop it.

        Raises:
            ServiceFailedError: a service does not start; what had been started is stopped.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        adopt_orphans()
        self._others = children()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)
        failed: list[Exception] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._keep(process)) for process in self.processes.values()]
                tasks += [group.create_task(self._announce(up)), group.create_task(self._rotate_logs())]
                await stop.wait()
                for task in tasks:
                    task.cancel()
        except* ServiceFailedError as failures:
            failed.extend(failures.exceptions)
        finally:
            await self._stop_all()
        if failed:  # raised in there it would come out as a group
            raise failed[0]

    async def _announce(self, up: Callable[[], None]) -> None:
        await asyncio.gather(*(process.is_up.wait() for process in self.processes.values()))
        up()

    async def _rotate_logs(self) -> None:
        while True:
            await asyncio.sleep(ROTATE_EVERY_SECONDS)
            for name in self.processes:
                rotate(self._log_of(name))

    async def _keep(self, process: Process) -> None:
        """Start a service when its time has come, and again whenever it ends."""
        await asyncio.gather(*(self.processes[name].is_up.wait() for name in process.service.needs))
        quick_failures = 0
        while True:
            began = time.monotonic()
            self._start(process)
            problem = await self._until_end(process)
            if problem is None:
                return
            lived_seconds = time.monotonic() - began
            quick_failures = 1 if lived_seconds > QUICK_FAILURE_SECONDS else quick_failures + 1
            allowed = QUICK_FAILURES_ALLOWED if process.is_up.is_set() else FAILED_STARTS_ALLOWED
            if quick_failures > allowed or not self._may_restart(process):
                self._give_up(process, problem)
                return
            process.restarts += 1
            self._set(process, "restarting", problem=problem)
            await asyncio.sleep(BACKOFF_SECONDS[quick_failures - 1])

    async def _until_end(self, process: Process) -> str | None:
        """Wait for readiness, then for the end; return what went wrong, or None for a job that is done."""
        try:
            problem = await self._until_ready(process)
            if problem is None:
                await process.ended.wait()
        finally:
            if not process.is_running and process.pid is not None:
                kill_group(process.pid)  # Airflow's scheduler leaves workers that ignore SIGTERM
        if problem is not None:
            return problem
        if process.service.job and process.exit_code == 0:
            self._set(process, "done")
            process.is_up.set()
            return None
        return describe_exit(process.exit_code)

    async def _until_ready(self, process: Process) -> str | None:
        service, began = process.service, time.monotonic()
        while not service.job and not process.ended.is_set():
            if service.ready is None or await service.ready():
                process.ready_after_seconds = round(time.monotonic() - began, 1)
                self._set(process, "ready")
                process.is_up.set()
                return None
            if time.monotonic() - began > service.ready_within:
                await self._end(process)
                return f"was not ready within {service.ready_within:g} s"
            with suppress(TimeoutError):
                await asyncio.wait_for(process.ended.wait(), POLL_SECONDS)
        return None

    def _may_restart(self, process: Process) -> bool:
        """Tell whether another try makes sense; before its first readiness only if a signal ended it."""
        return process.service.restart and (process.is_up.is_set() or process.exit_code < 0)

    def _give_up(self, process: Process, problem: str) -> None:
        self._set(process, "failed", problem=problem)
        if process.service.restart and process.is_up.is_set():
            return  # the others go on; `newswire status` tells
        name = process.service.name
        raise ServiceFailedError(explain(name, problem, self._log_of(name)))

    def _start(self, process: Process) -> None:
        process.ended.clear()
        try:
            process.child = spawn(process.service, self._log_of(process.service.name))
        except OSError as error:
            raise ServiceFailedError(f"{process.service.name} cannot be started: {error}") from error
        process.pid, process.started_at = process.child.pid, time.time()
        self._set(process, "starting")

    def _reap(self) -> None:
        """Take note of ended children, and clear away the orphans that we have adopted."""
        for process in self.processes.values():
            if process.child is not None and process.child.poll() is not None:
                process.ended.set()
        if sys.platform == "linux":
            reap_orphans({process.pid for process in self.processes.values() if process.is_running})

    async def _stop_all(self) -> None:
        """Stop what depends on others before what they depend on, and side by side otherwise."""
        await asyncio.gather(*(self._stop(process) for process in self.processes.values()))
        end_descendants(self._others)  # such as Airflow's tasks, which lead groups of their own

    async def _stop(self, process: Process) -> None:
        name = process.service.name
        needed_by = [other for other in self.processes.values() if name in other.service.needs]
        await asyncio.gather(*(other.stopped.wait() for other in needed_by))
        if process.is_running:
            self._set(process, "stopping")
            await self._end(process)
        if process.state not in ("done", "failed"):
            self._set(process, "stopped")
        process.stopped.set()

    async def _end(self, process: Process) -> None:
        """Ask a process to end; after its time, kill it and what it has started."""
        if process.child is None or process.pid is None:
            return
        process.child.send_signal(process.service.stop_signal)
        try:
            await asyncio.wait_for(process.ended.wait(), process.service.stop_within)
        except TimeoutError:
            log.warning("stack.service_killed", service=process.service.name, after_seconds=process.service.stop_within)
        kill_group(process.pid)
        await process.ended.wait()

    def _set(self, process: Process, state: State, **details: str) -> None:
        process.state = state
        log.info("stack.service_changed", service=process.service.name, state=state, pid=process.pid, **details)
        self._changed(self.processes)

    def _log_of(self, name: str) -> Path:
        return self._logs / f"{name}.log"
