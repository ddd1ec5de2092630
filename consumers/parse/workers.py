"""Worker processes that parse pages: a worker that overruns its time is killed and replaced, and its page rejected."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor
from concurrent.futures import TimeoutError as OverrunError
from contextlib import contextmanager

import structlog
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from consumers.parse.page import ParseOutcome, parse_page, warm_up
from consumers.parse.rejection import reject
from consumers.parse.rule_book import RuleBook
from consumers.parse.site_rules import BODY_MISSED
from newswire.settings import Settings
from newswire.stage import Answer, Handler, Out, Record, Reject
from schemas.messages import FetchedPage
from schemas.topics import PARSED_ARTICLES

log = structlog.get_logger()

_PATIENCE_SECONDS = 60.0  # for overruns in one batch, which must end within Kafka's poll interval of 300 s
_IMPATIENT_SECONDS = 1.0
_PAGES_PER_WORKER = 4  # scheduled at once: enough to keep it busy, few enough to change the limit in time
_PAGES_PER_LIFE = 20_000  # a worker is replaced now and then, so that no leak can grow
_PR_SET_PDEATHSIG = 1


@contextmanager
def open_workers(settings: Settings) -> Iterator[Handler[FetchedPage]]:
    """Start the workers and yield the handler; they end with the block, or with this process, however it ends."""
    pages = PagePool(settings)
    try:
        yield pages
    finally:
        pages.close()


class PagePool:
    """Schedules the pages of a batch on the workers and answers for each of them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rules = RuleBook(settings)
        self._overrun_seconds = 0.0
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._settings.parse_workers,
            max_tasks=_PAGES_PER_LIFE,
            initializer=_start_worker,
            context=multiprocessing.get_context("spawn"),  # the consumer has threads: a fork could inherit a held lock
        )

    def close(self) -> None:
        """Stop the workers."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def __call__(self, records: Sequence[Record[FetchedPage]]) -> list[Answer]:
        """Parse the pages of a batch, in order."""
        self._overrun_seconds = 0.0
        self._rules.refresh()
        step = _PAGES_PER_WORKER * self._settings.parse_workers
        answers: list[Answer] = []
        for start in range(0, len(records), step):
            answers += self._parse(records[start : start + step])
        return answers

    def _parse(self, records: Sequence[Record[FetchedPage]]) -> list[Answer]:
        scheduled = [(record.value, self._send(record.value) if record.value else None) for record in records]
        return [self._answer(page, future) if page and future else () for page, future in scheduled]

    def _send(self, page: FetchedPage) -> ProcessFuture[ParseOutcome]:
        is_patient = self._overrun_seconds < _PATIENCE_SECONDS
        limit = self._settings.parse_seconds if is_patient else min(_IMPATIENT_SECONDS, self._settings.parse_seconds)
        if not self._pool.active:  # a worker that dies while idle breaks the pool
            log.warning("parse.pool_broken")
            self.close()
            self._pool = self._new_pool()
        args = (page, self._settings, self._rules.rules_of(page.source))
        return self._pool.schedule(parse_page, args=args, timeout=limit)

    def _answer(self, page: FetchedPage, future: ProcessFuture[ParseOutcome], *, retries: bool = True) -> Answer:
        started = time.monotonic()
        try:
            outcome: ParseOutcome = future.result()
        except OverrunError:
            self._overrun_seconds += time.monotonic() - started
            log.warning("parse.page_overran", url=page.url)
            return reject("time-limit", f"not parsed within {self._settings.parse_seconds:g} s; its worker was killed")
        except (ProcessExpired, BrokenExecutor) as death:
            if retries:  # it may have been a stray signal, or another program that took the memory
                return self._answer(page, self._send(page), retries=False)
            log.warning("parse.worker_died", url=page.url, error=str(death))
            return reject("worker-died", f"two workers died of this page: {death}")
        if isinstance(outcome, Reject):
            return outcome
        if missed := [note for note in outcome.notes if note.startswith(BODY_MISSED)]:
            log.warning("parse.rule_matched_nothing", source=page.source, url=page.url, notes=missed)
        return (Out(PARSED_ARTICLES, outcome),)


def _start_worker() -> None:
    """Detach this worker from signals meant for the consumer, let it die with the consumer, and warm it up."""
    os.setpgrp()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    warm_up()
    gc.freeze()  # what is loaded by now lives as long as the worker; the garbage collector need not scan it
