"""The life of one service: started, watched, ended when it hangs, and started again after ever longer delays."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import structlog

from newswire.errors import StackError
from newswire.stack.failure_causes import describe_exit, explain
from newswire.stack.liveness import Backoff, Liveness, ask_every, is_live
from newswire.stack.process import kill_group, spawn, wake_group
from newswire.stack.service import Service
from newswire.stack.standstill import Activity, Standstill

log = structlog.get_logger(__name__)

State = Literal["waiting", "starting", "ready", "done", "restarting", "failing", "failed", "stopping", "stopped"]
POLL_SECONDS = 0.1
LOOK_EVERY_SECONDS = 1.0  # reading what a process has done walks through the process table
FAILED_STARTS_ALLOWED = 2
JOB_STANDSTILL_SECONDS = 300.0  # a job may wait for a server that is busy
LONGEST_WAIT_FACTOR = 10  # times `ready_within`, for a service that works but never becomes ready
DUMP_SECONDS = 1.0  # for writing the stacks before SIGTERM


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
    problem: str | None = None  # how the last life ended
    next_try_at: float | None = None
    is_stopped_by_hand: bool = False
    liveness: Liveness | None = field(default=None, repr=False)
    is_up: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    stopped: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def is_running(self) -> bool:
        """Whether there is a live process."""
        return self.child is not None and self.child.returncode is None

    @property
    def exit_code(self) -> int:
        """How the last process ended: its exit code, or minus the signal's number."""
        return 0 if self.child is None else self.child.returncode

    def note_end(self) -> None:
        """Take note if the process has ended."""
        if self.child is not None and self.child.poll() is not None:
            self.ended.set()


class Lifecycle:
    """Starts a service, and again whenever it ends or hangs. `changed` is called after every change of state."""

    def __init__(self, process: Process, log_path: Path, changed: Callable[[], None]) -> None:
        self._process, self._service, self._log = process, process.service, log_path
        self._changed = changed
        self._ready_at: float | None = None

    async def keep(self) -> None:
        """Keep the service up; return when a job is done or a service is given up.

        Raises:
            ServiceFailedError: it does not become ready for the first time.
        """
        process, backoff = self._process, Backoff()
        while (problem := await self._live_once()) is not None:
            backoff.note(0.0 if self._ready_at is None else time.monotonic() - self._ready_at)
            process.problem = problem
            if not self._may_restart(backoff):
                self._give_up(problem)
                return
            process.restarts += 1
            process.next_try_at = time.time() + backoff.delay_seconds
            self.turn("failing" if backoff.is_failing else "restarting", problem=problem)
            await asyncio.sleep(backoff.delay_seconds)

    async def end(self) -> None:
        """Ask the process to end; after its time, kill it and what it has started."""
        process = self._process
        if process.child is None or process.pid is None:
            return
        process.child.send_signal(self._service.stop_signal)
        try:
            await asyncio.wait_for(process.ended.wait(), self._service.stop_within)
        except TimeoutError:
            log.warning("stack.service_killed", service=self._service.name, after_seconds=self._service.stop_within)
        kill_group(process.pid)
        await process.ended.wait()

    def turn(self, state: State, **details: str) -> None:
        """Note a new state."""
        self._process.state = state
        log.info("stack.service_changed", service=self._service.name, state=state, pid=self._process.pid, **details)
        self._changed()

    async def _live_once(self) -> str | None:
        """Start the service and wait for its end; return what went wrong, or None for a job that is done."""
        process = self._process
        self._ready_at, process.liveness = None, None
        try:
            self._start()
            problem = await self._until_ready() or await self._while_live()
        except OSError as error:
            return f"cannot be started: {error}"
        finally:
            if not process.is_running and process.pid is not None:
                kill_group(process.pid)  # Airflow's scheduler leaves workers that ignore SIGTERM
        if problem is not None:
            return problem
        if self._service.job and process.exit_code == 0:
            self.turn("done")
            process.is_up.set()
            return None
        return describe_exit(process.exit_code)

    def _start(self) -> None:
        process = self._process
        process.ended.clear()
        process.child = process.pid = process.next_try_at = None
        process.child = spawn(self._service, self._log)
        process.pid, process.started_at = process.child.pid, time.time()
        self.turn("starting")

    async def _until_ready(self) -> str | None:
        """Wait for readiness, or the end of a job; return why it is not waited for any longer."""
        process, service = self._process, self._service
        limit = max(service.ready_within, JOB_STANDSTILL_SECONDS) if service.job else service.ready_within
        standstill = Standstill(limit)
        activity = Activity(process.pid or 0, self._log, limit)
        look_at = 0.0
        while not process.ended.is_set():
            if not service.job and (service.ready is None or await service.ready()):
                self._note_ready(standstill.waited_seconds)
                return None
            if time.monotonic() >= look_at or standstill.is_over:
                standstill.observe(activity.read())
                look_at = time.monotonic() + LOOK_EVERY_SECONDS
            if (problem := describe_wait(standstill, is_job=service.job)) is not None:
                await self.end()
                return problem
            with suppress(TimeoutError):
                await asyncio.wait_for(process.ended.wait(), POLL_SECONDS)
        return None

    def _note_ready(self, after_seconds: float) -> None:
        self._process.ready_after_seconds = round(after_seconds, 1)
        self._ready_at = time.monotonic()
        self.turn("ready")
        self._process.is_up.set()

    async def _while_live(self) -> str | None:
        """Ask the service whether it is live until it ends; return what is wrong if it hangs."""
        process, service = self._process, self._service
        liveness = process.liveness = Liveness(service.live_within)
        while not process.ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(process.ended.wait(), ask_every(service))
            if not process.ended.is_set() and (answer := await is_live(service)) is not None:
                liveness.note(is_live=answer)
            if liveness.is_hung and not process.ended.is_set():
                problem = f"was hung: it did not answer for {liveness.silent_seconds:.0f} s"
                log.error("stack.service_hung", service=service.name, pid=process.pid, problem=problem)
                await self._end_hung()
                return problem
        return None

    async def _end_hung(self) -> None:
        """End a process that does not answer, after it has written its stacks to its log."""
        process = self._process
        if process.child is None or process.pid is None:
            return
        if self._service.dump_signal is not None:
            process.child.send_signal(self._service.dump_signal)
        wake_group(process.pid)  # a process that is stopped (SIGSTOP) takes no other signal
        with suppress(TimeoutError):
            await asyncio.wait_for(process.ended.wait(), DUMP_SECONDS)
        await self.end()

    def _may_restart(self, backoff: Backoff) -> bool:
        """Whether another try makes sense; before the first readiness only twice, and only if a signal ended it."""
        if self._process.is_up.is_set():
            return self._service.restart
        was_killed = self._process.child is not None and self._process.exit_code < 0
        return self._service.restart and was_killed and backoff.failures <= FAILED_STARTS_ALLOWED

    def _give_up(self, problem: str) -> None:
        self.turn("failed", problem=problem)
        if self._service.job and self._process.is_up.is_set():
            return  # it was run again by hand
        raise ServiceFailedError(explain(self._service.name, problem, self._log))


def describe_wait(standstill: Standstill, *, is_job: bool = False) -> str | None:
    """Return why a service that is not ready yet is not waited for any longer; None if it is."""
    aim = "did not end" if is_job else "was not ready"
    limit = standstill.limit_seconds
    waited = f"{standstill.waited_seconds:.0f} s" if limit >= 1 else f"{standstill.waited_seconds:.1f} s"
    if standstill.is_over:
        return f"{aim} within {waited}, and did nothing for the last {limit:g} s"
    if standstill.waited_seconds > LONGEST_WAIT_FACTOR * limit:
        return f"{aim} within {waited}, though it was at work"
    return None
