"""The process that owns the stack: it holds the lock, runs the supervisor and writes down what happens."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterable, Mapping

import click
import structlog

from newswire.errors import NewswireError
from newswire.logs import configure_logs
from newswire.settings import Settings, child_environment, load_settings
from newswire.stack.aot import forget_cache, missing_caches
from newswire.stack.control_server import open_control
from newswire.stack.disk import explain_full_disk
from newswire.stack.leftovers import end_leftovers
from newswire.stack.plan import Plan, make_plan
from newswire.stack.process import spawn
from newswire.stack.report import only_supervisor, read_report
from newswire.stack.report_writer import Journal
from newswire.stack.service import Service
from newswire.stack.supervisor import Process, Supervisor

# What the servers write at an empty start; Elasticsearch and Kafka fail in odd ways on a full disk.
NEEDED_BYTES = 300 << 20
# By then a demo is over, and the machine has time to train the ahead-of-time caches.
TRAIN_AFTER_SECONDS = 60.0
# A damaged ahead-of-time cache crashes the JVM; the next try goes without.
CRASHES = (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS)

log = structlog.get_logger(__name__)


def run_stack(only: Iterable[str], given: Settings, *, stop_at_eof: bool = False) -> None:
    """Run the stack until a signal, or the end of standard input if asked.

    Raises:
        NewswireError: it cannot be started; the report says the same.
    """
    with only_supervisor(given.state_dir):
        end_leftovers(read_report(given.state_dir))
        journal = Journal(given.state_dir)
        try:
            with explain_full_disk(given.state_dir, NEEDED_BYTES):
                plan = make_plan(only, given, journal.ports)
                journal.plan(plan)
            asyncio.run(_Run(plan, given, journal).supervise(stop_at_eof=stop_at_eof))
        except NewswireError as error:
            journal.turn("failed", str(error))
            raise
        journal.turn("stopped")


class _Run:
    """One run of the supervisor, with what it must react to."""

    def __init__(self, plan: Plan, given: Settings, journal: Journal) -> None:
        self._given, self._journal = given, journal
        self._supervisor = Supervisor(plan.services, given.state_dir / "logs", self._changed)
        self._stop = asyncio.Event()

    async def supervise(self, *, stop_at_eof: bool) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._begin_stop)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)  # the terminal may close
        if stop_at_eof:
            loop.add_reader(sys.stdin, self._begin_stop)
        async with open_control(self._supervisor, self._given.state_dir) as control:
            self._journal.control(control)
            await self._supervisor.run(self._stop, self._up)

    def _begin_stop(self) -> None:
        if not self._stop.is_set():
            self._journal.turn("stopping")
            self._stop.set()

    def _up(self) -> None:
        self._journal.turn("up")
        if self._given.durable:  # a test's servers end soon
            asyncio.get_running_loop().call_later(TRAIN_AFTER_SECONDS, self._train)

    def _changed(self, processes: Mapping[str, Process]) -> None:
        self._journal.services(processes)
        for name, process in processes.items():
            if process.state == "restarting" and process.exit_code in CRASHES:
                forget_cache(name, self._given.cache_dir)

    def _train(self) -> None:
        """Make the caches that are missing; the process ends with the stack if it takes longer."""
        if missing_caches(self._given.cache_dir):
            environment = child_environment(NEWSWIRE_STATE_DIR=str(self._given.state_dir))
            trainer = Service("aot-training", (sys.executable, "-m", "newswire.stack.aot"), environment=environment)
            spawn(trainer, self._given.state_dir / "logs" / "aot-training.log")


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
