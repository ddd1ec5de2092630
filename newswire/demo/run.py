"""Run the demo: let the real scheduler crawl the press's day in two phases, until nothing is in flight."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import stamina
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from newswire.airflow.rest_client import Airflow, TaskCounts, open_airflow
from newswire.demo.actual_run import Progress, Tally, find_missing_hits, read_actual_run, read_progress
from newswire.demo.comparison import compare
from newswire.demo.expectations import Truth
from newswire.demo.press.content import read_press
from newswire.demo.press.state import PressState
from newswire.demo.service import press_settings
from newswire.demo.truth import load_truth
from newswire.errors import Retry, StackError
from newswire.kafka.lag import read_lag
from newswire.kafka.reader import count_records
from newswire.settings import Settings, load_settings
from newswire.stack.launch import start_stack
from newswire.stack.plan import EVERYTHING
from schemas.topics import TOPICS

T = TypeVar("T")
DAG = "crawl_15m"
PATH = ("parse", "dedupe", "cluster", "index")  # the stages an article passes through
LAST_PHASE = 1  # with corrections and late copy
MAX_CRAWLS = 12
POLL_SECONDS = 0.5
CRAWL_WITHIN_SECONDS = 240.0
QUIET_WITHIN_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The result of a run; `differences` is empty if exactly what the press published is searchable."""

    truth: Truth
    tallies: Mapping[str, Tally]
    differences: list[str]
    seconds: float


def start_with_press(console: Console) -> Settings:
    """Start the stack with the press, or use the one that runs; return its settings."""
    given = load_settings(embedded=False)
    environment = press_settings(given.state_dir, given.sources_dirs)
    start_stack(given, console, only=(*EVERYTHING, "press"), environment=environment)
    if not PressState(given.state_dir).port():
        raise StackError("the stack runs without the demo press; run `newswire down`, then start the demo again")
    return load_settings()


def run_demo(settings: Settings, console: Console) -> DemoResult:
    """Crawl the press's day, wait for its articles to pass through the topics, and compare the result."""
    began = time.monotonic()
    state = PressState(settings.state_dir)
    with open_airflow(settings) as airflow, _screen(settings, console) as screen:
        for phase in range(state.phase(), LAST_PHASE + 1):
            state.set_phase(phase)
            _crawl_until_done(airflow, screen)
    truth = load_truth(settings.state_dir)
    found, tallies = _with_retries(lambda: read_actual_run(settings, truth))
    missed = _with_retries(lambda: find_missing_hits(settings, truth))
    return DemoResult(truth, tallies, compare(truth, found) + missed, time.monotonic() - began)


def _crawl_until_done(airflow: Airflow, screen: Screen) -> None:
    """Let the scheduler crawl until every address is in a final state and the topics are processed."""
    for _ in range(MAX_CRAWLS):
        run = airflow.trigger(DAG)
        ended = airflow.wait(DAG, run.run_id, timeout_seconds=CRAWL_WITHIN_SECONDS, watch=screen.show_tasks)
        if ended.state != "success":
            screen.note(f"{DAG} ended {ended.state}: {airflow.page(ended)}")
        progress = screen.wait_until_quiet()
        if progress.due == 0 and progress.discovered >= screen.announced:
            return
    raise StackError(f"addresses are still due after {MAX_CRAWLS} crawls; see {airflow.url}/dags/{DAG}")


class Screen:
    """A live view of the run: Airflow's tasks, the records on each topic, the states of the addresses."""

    def __init__(self, settings: Settings, live: Live) -> None:
        self._settings, self._live = settings, live
        self._sources = tuple(read_press().outlets)
        self._tasks: TaskCounts | None = None
        self._looked_at = 0.0

    @property
    def announced(self) -> int:
        """Return how many addresses the press has announced; a wrong ETag hides some from the first polls."""
        return len(load_truth(self._settings.state_dir).urls)

    def show_tasks(self, tasks: TaskCounts) -> None:
        """Show the task counts of Airflow's run."""
        self._tasks = tasks
        if time.monotonic() - self._looked_at > 2 * POLL_SECONDS:
            self._draw(self._progress())

    def note(self, text: str) -> None:
        """Print a line above the live view."""
        self._live.console.print(text, markup=False)

    def wait_until_quiet(self) -> Progress:
        """Wait until nothing is in flight and return the progress; raises StackError after QUIET_WITHIN_SECONDS."""
        deadline = time.monotonic() + QUIET_WITHIN_SECONDS
        while not ((progress := self._progress()).is_quiet and self._is_drained()):
            if time.monotonic() > deadline:
                raise StackError(
                    f"articles are still in flight after {QUIET_WITHIN_SECONDS:.0f} s ({dict(progress.by_state)}); "
                    "see `newswire status` and `newswire logs`"
                )
            self._draw(progress)
            time.sleep(POLL_SECONDS)
        self._draw(progress)
        return progress

    def _is_drained(self) -> bool:
        """Return whether the stages up to the index have no lag: a story may change after its last article."""
        # Read twice: what a stage sends during the first reading is in the second.
        lags = [_with_retries(lambda: read_lag(self._settings)) for _ in range(2)]
        return not any(lag[stage] for lag in lags for stage in PATH)

    def _progress(self) -> Progress:
        return _with_retries(lambda: read_progress(self._settings, self._sources))

    def _draw(self, progress: Progress) -> None:
        self._looked_at = time.monotonic()
        try:
            counts = count_records(self._settings, [topic.name for topic in TOPICS])
        except Retry:
            counts = {}
        topics = Table("topic", "records", title="Records by topic", title_justify="left", box=None, padding=(0, 2))
        for name, count in counts.items():
            topics.add_row(name, str(count or 0))
        states = "  ".join(f"{state} {count}" for state, count in sorted(progress.by_state.items()))
        tasks = "  ".join(f"{task} {state} {count}" for (task, state), count in sorted((self._tasks or {}).items()))
        self._live.update(Group(Text(f"Airflow {DAG}: {tasks}"), topics, Text(f"Addresses: {states}")))


@contextmanager
def _screen(settings: Settings, console: Console) -> Iterator[Screen]:
    with Live(console=console, auto_refresh=False, transient=False) as live:
        yield Screen(settings, live)


def _with_retries(read: Callable[[], T]) -> T:
    """Return what `read` returns, called again while a server is unavailable, as it is being restarted."""
    for attempt in stamina.retry_context(on=Retry, attempts=None, timeout=60.0, wait_max=1.0):
        with attempt:
            return read()
    raise AssertionError("retry_context always tries")
