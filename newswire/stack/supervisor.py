"""Run dependent processes: start each when what it needs is ready, start it again when it dies, stop in reverse."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from graphlib import TopologicalSorter
from pathlib import Path

from newswire.errors import StackError
from newswire.stack.lifecycle import Lifecycle, Process, ServiceFailedError, State
from newswire.stack.liveness import is_live
from newswire.stack.process import adopt_orphans, children, end_descendants, reap_orphans, rotate
from newswire.stack.report import Answer, Outcome
from newswire.stack.service import Probe, Service

__all__ = ["Probe", "Process", "Service", "ServiceFailedError", "State", "Supervisor"]

ROTATE_EVERY_SECONDS = 10.0
POLL_SECONDS = 0.1
GOOD = ("ready", "done")
ANSWER_WITHIN_SECONDS = 5.0  # a person waits


class Supervisor:
    """Keeps a set of services up until it is stopped.

    `changed` is called after every change of a service's state, with all of them.
    """

    def __init__(
        self, services: Sequence[Service], logs: Path, changed: Callable[[Mapping[str, Process]], None] = lambda _: None
    ) -> None:
        order = TopologicalSorter({service.name: service.needs for service in services}).static_order()
        by_name = {service.name: service for service in services}
        self.processes = {name: Process(by_name[name]) for name in order}
        self._lives = {
            name: Lifecycle(process, logs / f"{name}.log", lambda: changed(self.processes))
            for name, process in self.processes.items()
        }
        self._logs = logs
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._one_command = asyncio.Lock()
        self._is_up = False
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
            async with asyncio.TaskGroup() as self._group:
                for name in self.processes:
                    self._begin(name)
                others = [self._group.create_task(self._announce(up)), self._group.create_task(self._rotate_logs())]
                await stop.wait()
                self._is_up = False
                for task in (*self._tasks.values(), *others):
                    task.cancel()
        except* ServiceFailedError as failures:
            failed.extend(failures.exceptions)
        finally:
            self._is_up = False
            await self._stop_all()
        if failed:  # raised in there it would come out as a group
            raise failed[0]

    async def restart(self, names: Sequence[str]) -> dict[str, Outcome]:
        """Stop and start services, one after the other, so that a stage of several processes goes on."""
        self._require_up()
        async with self._one_command:
            outcomes = {}
            for name in names:
                await self._halt(name)
                outcomes[name] = await self._start(name)
            return outcomes

    async def stop(self, names: Sequence[str]) -> dict[str, Outcome]:
        """Stop services until they are started by hand, or with the whole stack."""
        self._require_up()
        async with self._one_command:
            await asyncio.gather(*map(self._halt, names))
            return {name: self._outcome(name) for name in names}

    async def start(self, names: Sequence[str]) -> dict[str, Outcome]:
        """Start services that were stopped or have failed, and try those at once that wait for their next try."""
        self._require_up()
        async with self._one_command:
            for name in names:
                if self.processes[name].state not in ("ready", "starting"):
                    await self._halt(name)
            return dict(zip(names, await asyncio.gather(*map(self._start, names)), strict=True))

    async def ask(self) -> dict[str, Answer]:
        """Ask the liveness probe of every running service, side by side."""
        return dict(zip(self.processes, await asyncio.gather(*map(_ask, self.processes.values())), strict=True))

    def _require_up(self) -> None:
        if not self._is_up:
            raise StackError("The stack is starting or stopping: services take commands once it is up.")

    async def _halt(self, name: str) -> None:
        process, life = self.processes[name], self._lives[name]
        self._tasks[name].cancel()
        await asyncio.wait({self._tasks[name]})
        process.is_stopped_by_hand, process.next_try_at = True, None
        if process.is_running:
            life.turn("stopping")
            await life.end()
        life.turn("stopped")

    async def _start(self, name: str) -> Outcome:
        """Start a service that is stopped, and wait until it is ready, or has a problem."""
        process = self.processes[name]
        process.problem = None
        if process.is_stopped_by_hand:
            self._require_up()
            process.is_stopped_by_hand, process.state = False, "waiting"
            self._begin(name)
        while process.problem is None and process.state not in GOOD:
            self._require_up()
            await asyncio.sleep(POLL_SECONDS)
        return self._outcome(name)

    def _outcome(self, name: str) -> Outcome:
        process = self.processes[name]
        return Outcome(state=process.state, problem=None if process.state in GOOD else process.problem)

    def _begin(self, name: str) -> None:
        if self._group is None:
            raise StackError("The supervisor does not run.")
        self._tasks[name] = self._group.create_task(self._keep(name))

    async def _keep(self, name: str) -> None:
        await asyncio.gather(*(self.processes[need].is_up.wait() for need in self.processes[name].service.needs))
        await self._lives[name].keep()

    async def _announce(self, up: Callable[[], None]) -> None:
        await asyncio.gather(*(process.is_up.wait() for process in self.processes.values()))
        self._is_up = True
        up()

    async def _rotate_logs(self) -> None:
        while True:
            await asyncio.sleep(ROTATE_EVERY_SECONDS)
            for name in self.processes:
                rotate(self._logs / f"{name}.log")

    def _reap(self) -> None:
        """Take note of ended children, and clear away the orphans that we have adopted."""
        for process in self.processes.values():
            process.note_end()
        if sys.platform == "linux":
            reap_orphans({process.pid for process in self.processes.values() if process.is_running})

    async def _stop_all(self) -> None:
        """Stop what depends on others before what they depend on, and side by side otherwise."""
        await asyncio.gather(*map(self._stop_in_turn, self.processes))
        end_descendants(self._others)  # such as Airflow's tasks, which lead groups of their own

    async def _stop_in_turn(self, name: str) -> None:
        process, life = self.processes[name], self._lives[name]
        needed_by = [other for other in self.processes.values() if name in other.service.needs]
        await asyncio.gather(*(other.stopped.wait() for other in needed_by))
        if process.is_running:
            life.turn("stopping")
            await life.end()
        if process.state not in ("done", "failed"):
            life.turn("stopped")
        process.stopped.set()


async def _ask(process: Process) -> Answer:
    answer = await is_live(process.service, ANSWER_WITHIN_SECONDS) if process.state == "ready" else None
    silent = process.liveness.silent_seconds if process.liveness is not None else 0.0
    return Answer(is_live=answer, silent_seconds=round(silent, 1))
