"""Worker processes that parse pages: one that overruns its CPU budget is ended and replaced, its page tried again."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, wait
from concurrent.futures import TimeoutError as OverrunError
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext

import structlog
from pebble import ProcessExpired, ProcessFuture, ProcessPool

from consumers.parse.page import ParseOutcome, parse_within
from consumers.parse.quarantine import Quarantine
from consumers.parse.rejection import RejectReason, reject
from consumers.parse.rule_book import RuleBook
from consumers.parse.site_rules import BODY_MISSED
from newswire.errors import Unfinished
from newswire.settings import Settings
from newswire.stage import Answer, Handler, Out, Record, Reject
from schemas.messages import FetchedPage
from schemas.topics import PARSED_ARTICLES

log = structlog.get_logger()

_SLICE_SECONDS = 20.0  # of one call: then the runner polls, so that a long batch does not cost the membership
_LOOK_SECONDS = 0.5  # between two looks at a pool whose page is waited for
_GRACE_SECONDS = 5.0  # after which a worker that should have been ended by its time limit is not waited for
_SECOND_TRY = 3  # times the CPU budget, for a page that is tried again, alone
_PAGES_PER_WORKER = 4  # scheduled at once: enough to keep it busy
_PAGES_PER_LIFE = 20_000  # a worker is replaced now and then, so that no leak can grow
_PR_SET_PDEATHSIG = 1

Key = tuple[int, int]  # partition and offset


@contextmanager
def open_workers(settings: Settings) -> Iterator[Handler[FetchedPage]]:
    """Start the workers and yield the handler; they end with the block, or with this process, however it ends."""
    pages = PagePool(settings)
    try:
        yield pages
    finally:
        pages.close()


@dataclass(slots=True)
class _Task:
    """A page of the batch in hand on its way through the workers."""

    page: FetchedPage | None
    future: ProcessFuture[ParseOutcome] | None = None
    fault: RejectReason | None = None  # of the first try
    answer: Answer | None = None


class PagePool:
    """Schedules the pages of a batch on the workers and answers for each of them.

    A page that costs its worker more CPU than its budget, or ends it, is tried once more when the others are done:
    alone, and with a larger budget. What is slow because the machine is busy is not killed.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rules = RuleBook(settings)
        self._quarantine = Quarantine()
        self._tasks: dict[Key, _Task] = {}
        self._moved_at = time.monotonic()  # when the last page was done
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPool:
        return ProcessPool(
            max_workers=self._settings.parse_workers,
            max_tasks=_PAGES_PER_LIFE,
            initializer=_start_worker,
            context=_warm_context(),
        )

    def close(self) -> None:
        """Stop the workers."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()

    def _replace_pool(self) -> None:
        """Start new workers; the pool itself counts a page's time only from when a worker has taken it."""
        log.warning("parse.workers_replaced")
        self.close()
        self._pool = self._new_pool()
        self._moved_at = time.monotonic()
        for task in self._tasks.values():
            task.future = None

    def __call__(self, records: Sequence[Record[FetchedPage]]) -> list[Answer]:
        """Parse the pages of a batch, in order.

        Raises:
            Unfinished: a slice of time is over; called again with the batch, it goes on where it was.
        """
        known, self._tasks = self._tasks, {}
        if not known:
            self._moved_at = time.monotonic()
        self._rules.refresh()
        for record in records:
            key = record.partition, record.offset
            task = known.pop(key) if key in known else _Task(record.value, answer=None if record.value else ())
            self._tasks[key] = task
        for abandoned in known.values():
            if abandoned.future:
                abandoned.future.cancel()  # type: ignore[no-untyped-call]
        self._work(time.monotonic() + _SLICE_SECONDS)
        answers = [task.answer for task in self._tasks.values() if task.answer is not None]
        if len(answers) < len(records):
            raise Unfinished(f"{len(records) - len(answers)} of {len(records)} pages are still to be parsed")
        self._tasks = {}
        return answers

    def _work(self, until: float) -> None:
        """Parse what is open, first all pages side by side, then those that failed one by one."""
        tasks = list(self._tasks.values())
        window = _PAGES_PER_WORKER * self._settings.parse_workers
        for is_second_try, width in ((False, window), (True, 1)):
            waiting: deque[_Task] = deque()
            for task in tasks:
                if task.answer is None and bool(task.fault) is is_second_try:
                    self._begin(task)
                    waiting.append(task)
                if len(waiting) == width and not self._settle(waiting.popleft(), until):
                    return
            for task in waiting:
                if not self._settle(task, until):
                    return

    def _begin(self, task: _Task) -> None:
        if task.future is not None or task.page is None:
            return
        source = task.page.source
        if task.fault and self._quarantine.holds(source):
            task.answer = reject(task.fault, "and its source is in quarantine, so it was not tried again")
        elif not task.fault and not self._quarantine.admits(source):
            task.answer = _quarantined(source)
        else:
            task.future = self._send(task.page, _SECOND_TRY if task.fault else 1)

    def _send(self, page: FetchedPage, share: int) -> ProcessFuture[ParseOutcome]:
        if not self._pool.active:  # a worker that dies while idle breaks the pool
            self._replace_pool()
        args = (page, self._settings, self._rules.rules_of(page.source), share * self._settings.parse_seconds)
        return self._pool.schedule(parse_within, args=args, timeout=self._settings.parse_wall_seconds)

    def _settle(self, task: _Task, until: float) -> bool:
        """Wait for a page and judge what became of it; return False where the time is over first."""
        if task.future is None or task.page is None:
            return True
        hopeless = self._moved_at + self._settings.parse_wall_seconds + _GRACE_SECONDS
        if not self._await(task.future, min(until, hopeless)):
            if not self._pool.active:  # its page is sent again, to another worker
                self._replace_pool()
            elif time.monotonic() >= hopeless:
                self._replace_pool()
                self._note_fault(task, task.page, "time-limit", "its worker takes nothing any more")
            return False
        self._moved_at = time.monotonic()
        future, task.future = task.future, None
        try:
            task.answer = self._accept(task.page, future.result())
        except (OverrunError, ProcessExpired, BrokenExecutor) as error:
            self._note_fault(task, task.page, *self._describe(error))
        return True

    def _await(self, future: ProcessFuture[ParseOutcome], until: float) -> bool:
        """Wait for a page; return False when the time is over, or when a worker that died idle has broken the pool."""
        while not (is_done := bool(wait([future], min(_LOOK_SECONDS, max(0.0, until - time.monotonic()))).done)):
            if time.monotonic() >= until or not self._pool.active:
                break
        return is_done

    def _describe(self, error: Exception) -> tuple[RejectReason, str]:
        if isinstance(error, OverrunError):
            return "time-limit", f"not done within {self._settings.parse_wall_seconds:g} s"
        if isinstance(error, ProcessExpired) and -(error.exitcode or 0) == signal.SIGPROF:
            return "time-limit", f"more than {self._settings.parse_seconds:g} s of CPU"
        return "worker-died", str(error)

    def _accept(self, page: FetchedPage, outcome: ParseOutcome) -> Answer:
        if self._quarantine.note_success(page.source):
            log.info("parse.quarantine_ended", source=page.source)
        if isinstance(outcome, Reject):
            return outcome
        if missed := [note for note in outcome.notes if note.startswith(BODY_MISSED)]:
            log.warning("parse.rule_matched_nothing", source=page.source, url=page.url, notes=missed)
        return (Out(PARSED_ARTICLES, outcome),)

    def _leave_out(self, source: str) -> None:
        """Answer for the pages of a source that wait for a worker: each would cost as much as those before."""
        for task in self._tasks.values():
            if task.future and task.page and task.page.source == source and not task.future.running():
                task.future.cancel()  # type: ignore[no-untyped-call]
                task.future = None
                task.answer = _quarantined(source)

    def _note_fault(self, task: _Task, page: FetchedPage, fault: RejectReason, detail: str) -> None:
        is_last = task.fault is not None
        log.warning("parse.page_failed", url=page.url, reason=fault, detail=detail, is_last=is_last)
        # A worker that died once may have met a stray signal, or another program that took the memory.
        if (fault == "time-limit" or is_last) and self._quarantine.note_failure(page.source):
            log.error("parse.source_quarantined", source=page.source, reason=fault)
            self._leave_out(page.source)
        if is_last:
            task.answer = reject(fault, f"tried twice: {detail}")
        else:
            task.fault = fault


def _quarantined(source: str) -> Reject:
    return reject("quarantined", f"pages of {source} overrun or end their worker; one an hour is tried")


def _warm_context() -> ForkServerContext:
    """Return the context whose processes are forked from a server without threads, warmed up once.

    The consumer itself has threads: forked from it, a worker could inherit a held lock. Started anew, each would spend
    seconds on warming up, and a source whose pages end workers would cost all others that time.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["consumers.parse.fork_server"])
    return context


def _start_worker() -> None:
    """Detach this worker from signals meant for the consumer, and let it die with its fork server, as that does."""
    os.setpgrp()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process: the CPU budget of a page is over
