"""Runs one stage as a process of its own: connections, health, signals; `python -m consumers` calls it."""

from __future__ import annotations

import faulthandler
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import TypeVar

import structlog

from newswire.clock import SystemClock
from newswire.errors import ConfigError, Retry
from newswire.kafka.clients import open_consumer
from newswire.kafka.protocols import Consumer
from newswire.kafka.publisher import open_publisher
from newswire.kafka.takedown_list import open_takedown_list
from newswire.runtime.health import Instruments, instruments_for, serve_health
from newswire.runtime.log_worker import LogWorker
from newswire.runtime.runner import BROKER_DELAY_SECONDS, HandlerWorker, Runner, Worker, delays
from newswire.settings import Settings
from newswire.stage import AnyStage, LogStage, Stage
from schemas.topics import TAKEDOWNS

CLOSE_MS = 5_000

log = structlog.get_logger()

T = TypeVar("T")


class _StoppedError(Exception):
    """The process was asked to stop before its servers could be reached."""


def run_stage(stage: AnyStage, settings: Settings, *, stop: Event | None = None, replay: bool = False) -> None:
    """Run a stage until SIGTERM, SIGINT or `stop`; servers that are away are waited for.

    With `replay` it goes once over all that its topics hold, in a group of its own beside the running stage, and ends:
    outputs have the same ids as the first time, so nothing is counted twice.

    Raises:
        ConfigError: a stage that decides from its log cannot run beside itself.
    """
    if replay and isinstance(stage, LogStage):
        raise ConfigError(f"{stage.name} rebuilds its state from its log by itself; replay parse or index instead")
    if isinstance(stage, Stage) and stage.batch_records and "batch_records" not in settings.model_fields_set:
        settings = settings.model_copy(update={"batch_records": stage.batch_records})
    group = settings.topic_prefix + stage.name + (f"-replay-{secrets.token_hex(4)}" if replay else "")
    instruments = instruments_for(stage.name, SystemClock())
    if stop is None:  # this process runs the stage and nothing else
        stop = _stop_on_signals()
        instruments.health.arm_watchdog()
    with ExitStack() as stack:
        port = stack.enter_context(serve_health(settings, stage.name, instruments))
        log.info("stage.started", metrics_port=port)
        try:
            worker = _await(lambda: _open_worker(stage, settings, instruments, stack), instruments, stop)
            consumer = stack.enter_context(_member(group, settings, instruments, stop))
        except _StoppedError:
            return
        publisher = stack.enter_context(open_publisher(settings, stage.name))
        runner = Runner(stage, worker, consumer, publisher, settings, instruments, stop)
        while not stop.is_set() and not (replay and runner.membership.is_at_end()):
            runner.step()
        if isinstance(worker, LogWorker):
            worker.close(runner.membership.committed)
    log.info("stage.stopped")


def _open_worker(stage: AnyStage, settings: Settings, instruments: Instruments, stack: ExitStack) -> Worker:
    if isinstance(stage, LogStage):
        consults = TAKEDOWNS in stage.consults
        takedowns = stack.enter_context(open_takedown_list(settings)) if consults else None
        return LogWorker(stage, settings, instruments, takedowns)
    return HandlerWorker(stack.enter_context(stage.open(settings)))


@contextmanager
def _member(group: str, settings: Settings, instruments: Instruments, stop: Event) -> Iterator[Consumer]:
    consumer = _await(lambda: open_consumer(settings, group=group, client=f"newswire-{group}"), instruments, stop)
    try:
        yield consumer
    finally:
        consumer.close(autocommit=False, timeout_ms=CLOSE_MS)


def _await(connect: Callable[[], T], instruments: Instruments, stop: Event) -> T:
    for delay in delays(BROKER_DELAY_SECONDS):
        instruments.health.beat()
        try:
            return connect()
        except Retry as error:
            log.warning("stage.server_awaited", error=str(error))
        if stop.wait(delay):
            break
    raise _StoppedError


def _stop_on_signals() -> Event:
    stop = Event()
    faulthandler.register(signal.SIGUSR1)  # the supervisor asks for all stacks before it ends a hung stage
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
