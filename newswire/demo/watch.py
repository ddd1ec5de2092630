"""Watches a run of the demo: shows everything that moves, and gives up only when nothing has moved for long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from newswire.clock import Clock, SystemClock
from newswire.errors import Retry, StackError
from newswire.stack.standstill import Standstill

T = TypeVar("T")
STANDSTILL_SECONDS = 600.0
POLL_SECONDS = 0.5
LOOK_EVERY_SECONDS = 1.0  # offsets and lag are asked of Kafka


@dataclass(frozen=True, slots=True)
class Observation:
    """What can be observed of a run from outside. A field that is not known is empty."""

    tasks: Mapping[str, int] = field(default_factory=dict)  # of Airflow's run, by "task state"
    addresses: Mapping[str, int] = field(default_factory=dict)  # by state
    behind: Mapping[str, int] = field(default_factory=dict)  # records, by stage
    records: Mapping[str, int] = field(default_factory=dict)  # by topic
    services: Mapping[str, str] = field(default_factory=dict)  # state, by name
    outage: str = ""  # why the last question was not answered

    def describe(self) -> str:
        """Return what stands still, in one line."""
        known = {
            "tasks": self.tasks,
            "addresses": self.addresses,
            "behind": {stage: lag for stage, lag in self.behind.items() if lag},
            "services not ready": {n: s for n, s in self.services.items() if s not in ("ready", "done")},
        }
        parts = [f"{what}: " + ", ".join(f"{n} {v}" for n, v in sorted(of.items())) for what, of in known.items() if of]
        return "; ".join([*parts, self.outage] if self.outage else parts) or "nothing is known"


class Watch:
    """Waits for a run, as long as anything moves.

    Args:
        look: returns what can be observed now; the tasks and the outage are added here.
        live: where it is shown.
        clock: measures and waits.
    """

    def __init__(self, look: Callable[[], Observation], live: Live, clock: Clock | None = None) -> None:
        self._look, self._live = look, live
        self._clock = clock or SystemClock()
        self._standstill = Standstill(STANDSTILL_SECONDS, self._clock.monotonic)
        self._seen = Observation()
        self._different: set[str] = set()
        self._looked_at = -LOOK_EVERY_SECONDS
        self._tasks: Mapping[str, int] = {}

    def note_tasks(self, tasks: Mapping[tuple[str, str], int]) -> None:
        """Take what Airflow's run is doing: the number of task instances by task and state."""
        self._tasks = {f"{task} {state}": count for (task, state), count in tasks.items()}

    def note(self, text: str) -> None:
        """Leave a line above the moving part."""
        self._live.console.print(text, markup=False)

    def pause(self, aim: str, outage: str = "") -> None:
        """Look at everything, show it, and wait a moment.

        Raises:
            StackError: nothing has moved for ten minutes; the message says what stands still.
        """
        if self._clock.monotonic() - self._looked_at >= LOOK_EVERY_SECONDS:
            self._observe(outage)
            self._draw(f"Waiting for {aim}")
        if self._standstill.is_over:
            raise StackError(
                f"Nothing has moved for {STANDSTILL_SECONDS / 60:.0f} minutes while waiting for {aim}. "
                f"{self._seen.describe()}. `newswire status` shows what runs, `newswire logs` why it stopped."
            )
        self._clock.sleep(POLL_SECONDS)

    def finish(self) -> None:
        """Show how it has ended."""
        self._observe("")
        self._draw("Nothing is left to wait for")

    def until_answered(self, ask: Callable[[], T], aim: str) -> T:
        """Ask until there is an answer: a server that is away is being started again."""
        while True:
            try:
                return ask()
            except (Retry, StackError) as error:
                self.pause(aim, outage=str(error))

    def _observe(self, outage: str) -> None:
        self._looked_at = self._clock.monotonic()
        self._seen = replace(self._look(), tasks=self._tasks, outage=outage)
        # What has been seen before is no movement: a service that crashes every few minutes repeats itself.
        self._different.add(repr(replace(self._seen, outage="")))
        self._standstill.observe(len(self._different))

    def _draw(self, waiting: str) -> None:
        seen = self._seen
        topics = Table("topic", "records", title="On the topics", title_justify="left", box=None, padding=(0, 2))
        for name, count in seen.records.items():
            topics.add_row(name, str(count))
        states = "  ".join(f"{state} {count}" for state, count in sorted(seen.addresses.items()))
        tasks = "  ".join(f"{task} {count}" for task, count in sorted(seen.tasks.items()))
        waiting += f"; {seen.outage}" if seen.outage else ""
        still = self._standstill.seconds
        hint = f" (nothing has moved for {still:.0f} s)" if still > STANDSTILL_SECONDS / 10 else ""
        lines = (f"Airflow: {tasks}", topics, f"Addresses: {states}", waiting + hint)
        self._live.update(Group(*(Text(line) if isinstance(line, str) else line for line in lines)), refresh=True)
