"""Run the demo: let the real scheduler crawl the press's day in two phases, until nothing is in flight."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live

from newswire.airflow.rest_client import Airflow, Run, open_airflow
from newswire.demo.actual_run import Progress, Tally, find_missing_hits, read_actual_run, read_progress
from newswire.demo.comparison import compare
from newswire.demo.expectations import Truth
from newswire.demo.press.content import read_press
from newswire.demo.press.state import PressState
from newswire.demo.service import press_settings
from newswire.demo.truth import load_truth
from newswire.demo.watch import Observation, Watch
from newswire.errors import ConfigError, Retry, StackError
from newswire.kafka.lag import read_lag
from newswire.kafka.reader import count_records
from newswire.settings import Settings, load_settings
from newswire.stack.control import command_services
from newswire.stack.launch import start_stack, stop_stack
from newswire.stack.plan import EVERYTHING
from newswire.stack.report import has_supervisor, read_report
from schemas.topics import TOPICS

DAG = "crawl_15m"
PRESS = "press"
PATH = ("parse", "dedupe", "cluster", "index")  # of an article
LAST_PHASE = 1  # with corrections and late copy
MAX_CRAWLS = 12


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The result of a run; `differences` is empty if exactly what the press published is searchable."""

    truth: Truth
    tallies: Mapping[str, Tally]
    differences: list[str]
    seconds: float


def start_with_press(console: Console) -> Settings:
    """Start the stack with the press, and return the settings that lead to it.

    A stack that runs without the press is restarted: Airflow, the stages and the pages must see the press's sources.
    """
    given = load_settings(embedded=False)
    environment = press_settings(given.state_dir, given.sources_dirs)

    def start() -> Mapping[str, object]:
        parts = (*EVERYTHING, PRESS)
        return start_stack(given, console, only=parts, environment=environment).get("services", {})

    is_running = has_supervisor(given.state_dir)
    if PRESS not in start() and is_running:
        console.print("The stack runs without the demo press: it is stopped and started again with it. Its data stays.")
        stop_stack(given.state_dir)
        start()
    if read_report(given.state_dir)["services"][PRESS]["is_stopped_by_hand"]:
        command_services(given.state_dir, "start", [PRESS])
    return load_settings()


def run_demo(settings: Settings, console: Console) -> DemoResult:
    """Crawl the press's day, wait for its articles to pass through the topics, and compare the result."""
    began = time.monotonic()
    state = PressState(settings.state_dir)
    with open_airflow(settings) as airflow, _open_watch(settings, console) as watch:
        for phase in range(state.phase(), LAST_PHASE + 1):
            state.set_phase(phase)
            _crawl_until_done(airflow, watch, settings)
        truth = load_truth(settings.state_dir)
        found, tallies = watch.until_answered(lambda: read_actual_run(settings, truth), "the documents of the index")
        missed = watch.until_answered(lambda: find_missing_hits(settings, truth), "the answers to searches")
        watch.finish()
    return DemoResult(truth, tallies, compare(truth, found) + missed, time.monotonic() - began)


def _crawl_until_done(airflow: Airflow, watch: Watch, settings: Settings) -> None:
    """Let the scheduler crawl until every address has been fetched or given up, and the topics are empty."""
    for _ in range(MAX_CRAWLS):
        ended = crawl_once(airflow, watch)
        if ended.state != "success":
            watch.note(f"{DAG} ended {ended.state}: {airflow.page(ended)}")
        progress = _await_quiet(watch, settings)
        # A lying ETag hides some addresses from the first polls.
        if progress.due == 0 and progress.discovered >= len(load_truth(settings.state_dir).urls):
            return
    raise StackError(f"addresses are still due after {MAX_CRAWLS} crawls; see {airflow.url}/dags/{DAG}")


def crawl_once(airflow: Airflow, watch: Watch) -> Run:
    """Start a run of the crawl, wait for its end as long as anything moves, and return it.

    Raises:
        ConfigError: Airflow cannot read its DAG files.
        StackError: nothing moves any more.
    """
    aim = f"Airflow to read the DAG {DAG}"
    while DAG not in watch.until_answered(airflow.dag_ids, aim):
        if errors := watch.until_answered(airflow.import_errors, aim):
            raise ConfigError(f"Airflow cannot read its DAGs: {errors}")
        watch.pause(aim)
    run_id = f"demo__{time.time_ns()}"  # asked twice, it is one run
    run = watch.until_answered(lambda: airflow.trigger(DAG, run_id=run_id), f"Airflow to start {DAG}")
    while not run.has_ended:
        aim = f"the end of Airflow's run {run.run_id}, which is {run.state}"
        watch.note_tasks(watch.until_answered(lambda: airflow.tasks(DAG, run_id), aim))
        watch.pause(aim)
        run = watch.until_answered(lambda: airflow.run(DAG, run_id), aim)
    watch.note_tasks(watch.until_answered(lambda: airflow.tasks(DAG, run_id), "the last states of its tasks"))
    return run


def _await_quiet(watch: Watch, settings: Settings) -> Progress:
    """Wait until nothing is on its way through the topics."""
    aim = "articles on their way through the stages"
    sources = tuple(read_press().outlets)
    while True:
        progress = watch.until_answered(lambda: read_progress(settings, sources), aim)
        if progress.is_quiet and _is_drained(watch, settings, aim):
            return progress
        watch.pause(aim)


def _is_drained(watch: Watch, settings: Settings, aim: str) -> bool:
    """Return whether the stages up to the index have nothing to do: a story may change after its last article."""
    # Asked twice, for what a stage sends while the first answer is made up is in the second.
    lags = [watch.until_answered(lambda: read_lag(settings), aim) for _ in range(2)]
    return not any(lag[stage] for lag in lags for stage in PATH)


@contextmanager
def _open_watch(settings: Settings, console: Console) -> Iterator[Watch]:
    sources = tuple(read_press().outlets)
    with Live(console=console, auto_refresh=False, transient=False) as live:
        yield Watch(lambda: _observe(settings, sources), live)


def _observe(settings: Settings, sources: tuple[str, ...]) -> Observation:
    """Return what can be observed now; what a server that is away would know is left out."""
    services = read_report(settings.state_dir).get("services", {})
    return Observation(
        addresses=_known(lambda: read_progress(settings, sources).by_state),
        behind=_known(lambda: read_lag(settings)),
        records=_known(lambda: count_records(settings, [topic.name for topic in TOPICS])),
        services={name: one["state"] for name, one in services.items()},
    )


def _known(ask: Callable[[], Mapping[str, int | None]]) -> dict[str, int]:
    try:
        return {name: value or 0 for name, value in ask().items()}
    except Retry:
        return {}
