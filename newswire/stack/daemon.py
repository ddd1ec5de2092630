"""The process that owns the stack: it holds the lock, runs the supervisor and writes down what happens."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
import structlog

from newswire.errors import NewswireError
from newswire.logs import configure_logs
from newswire.settings import Settings, child_environment, load_settings
from newswire.stack.aot import missing_caches
from newswire.stack.leftovers import end_leftovers
from newswire.stack.plan import Plan, make_plan
from newswire.stack.process import spawn
from newswire.stack.service import Service
from newswire.stack.state import (
    ServiceReport,
    StackReport,
    StackState,
    boot_id,
    only_supervisor,
    read_report,
    write_env,
    write_report,
)
from newswire.stack.supervisor import Process, Supervisor

# By then a demo is over, and the machine has time for it.
TRAIN_AFTER_SECONDS = 60.0

log = structlog.get_logger(__name__)


class Journal:
    """Keeps stack.json true."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir, self._began = state_dir, time.time()
        kept = read_report(state_dir).get("ports", {})
        self.report = StackReport(
            state="starting",
            error=None,
            pid=os.getpid(),
            boot=boot_id(),
            started_at=self._began,
            ports=kept,
            services={},
        )

    def plan(self, plan: Plan) -> None:
        """Note what is going to run."""
        self.report["ports"] = dict(plan.ports)
        self._write()

    def services(self, processes: Mapping[str, Process]) -> None:
        """Note the services' states."""
        self.report["services"] = {name: _describe(process) for name, process in processes.items()}
        self._write()

    def state(self, state: StackState, error: str | None = None) -> None:
        """Note a turn of the whole stack."""
        self.report["state"], self.report["error"] = state, error
        if state == "up":
            self.report["up_after_seconds"] = round(time.time() - self._began, 1)
        log.info("stack.state_changed", state=state, error=error)
        self._write()

    def _write(self) -> None:
        write_report(self._state_dir, self.report)


def _describe(process: Process) -> ServiceReport:
    return ServiceReport(
        state=process.state,
        pid=process.pid if process.is_running else None,
        started_at=process.started_at,
        ready_after_seconds=process.ready_after_seconds,
        restarts=process.restarts,
        stop_signal=int(process.service.stop_signal),
    )


def run_stack(only: Iterable[str], given: Settings, *, stop_at_eof: bool = False) -> None:
    """Run the stack until a signal, or the end of standard input if asked.

    Raises:
        NewswireError: it cannot be started; the report says the same.
    """
    with only_supervisor(given.state_dir):
        end_leftovers(read_report(given.state_dir))
        journal = Journal(given.state_dir)
        journal.state("starting")
        try:
            plan = make_plan(only, given, journal.report["ports"])
            journal.plan(plan)
            write_env(given.state_dir, plan.env)
            asyncio.run(_supervise(plan, given, journal, stop_at_eof=stop_at_eof))
        except NewswireError as error:
            journal.state("failed", str(error))
            raise
        journal.state("stopped")


async def _supervise(plan: Plan, given: Settings, journal: Journal, *, stop_at_eof: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def begin_stop() -> None:
        if not stop.is_set():
            journal.state("stopping")
            stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, begin_stop)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)  # the terminal may close
    if stop_at_eof:
        loop.add_reader(sys.stdin, begin_stop)
    supervisor = Supervisor(plan.services, given.state_dir / "logs", journal.services)

    def up() -> None:
        journal.state("up")
        if given.durable:  # a test's servers end soon
            loop.call_later(TRAIN_AFTER_SECONDS, _train, given)

    await supervisor.run(stop, up)


def _train(given: Settings) -> None:
    """Make the ahead-of-time caches that are missing; the process ends with the stack if it takes longer."""
    if missing_caches(given.cache_dir):
        environment = child_environment(NEWSWIRE_STATE_DIR=str(given.state_dir))
        trainer = Service("aot-training", (sys.executable, "-m", "newswire.stack.aot"), environment=environment)
        spawn(trainer, given.state_dir / "logs" / "aot-training.log")


@click.command()
@click.option("--only", default="", help="Parts to run, with commas; all if empty.")
@click.option("--stop-at-eof", is_flag=True, help="Stop when standard input ends, as it does with its writer.")
def main(only: str, *, stop_at_eof: bool) -> None:
    """Run the stack in this process."""
    given = load_settings(embedded=False)
    configure_logs(given)
    try:
        run_stack([part for part in only.split(",") if part], given, stop_at_eof=stop_at_eof)
    except NewswireError as error:
        log.error("stack.failed", error=str(error))  # noqa: TRY400 - the text says it all
        sys.exit(1)


if __name__ == "__main__":
    main()
