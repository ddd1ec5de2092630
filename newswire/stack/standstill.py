"""Limits for a wait: it goes on as long as something moves, and ends a limited time after the last movement."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from newswire.stack.report import read_report

Clock = Callable[[], float]
# A process that uses less than this share of a core does nothing: idle Java servers need 0.5 to 1 %, and at a load
# of 36 on two cores a busy process still gets 5 %.
BUSY_SHARE = 0.02
DISK_STEP_BYTES = 1 << 20


class Standstill:
    """The time since an observed value last changed.

    Args:
        limit_seconds: after how long without a change the wait is over.
        clock: returns seconds that only grow.
    """

    def __init__(self, limit_seconds: float, clock: Clock = time.monotonic) -> None:
        self.limit_seconds, self._clock = limit_seconds, clock
        self._value: object = None
        self._began = self._changed = clock()

    def observe(self, value: object) -> None:
        """Note a value; if it differs from the last one, the time begins again."""
        if value != self._value:
            self._value, self._changed = value, self._clock()

    @property
    def seconds(self) -> float:
        """How long nothing has changed."""
        return self._clock() - self._changed

    @property
    def waited_seconds(self) -> float:
        """How long the wait has gone on."""
        return self._clock() - self._began

    @property
    def is_over(self) -> bool:
        """Whether nothing has changed for longer than the limit."""
        return self.seconds > self.limit_seconds


class Activity:
    """What a process has done since its start: changes while it works, and not while it only waits.

    CPU time and disk traffic count in steps. A step is so large that a process below `BUSY_SHARE` does not complete
    one within `limit_seconds`.
    """

    def __init__(self, pid: int, log: Path, limit_seconds: float) -> None:
        self._pid, self._log = pid, log
        self._cpu_step = BUSY_SHARE * limit_seconds

    def read(self) -> tuple[int, int, int]:
        """Return the size of its log, and the steps of CPU time and disk traffic of it and its descendants."""
        cpu_seconds, disk_bytes = 0.0, 0
        with suppress(psutil.Error):
            process = psutil.Process(self._pid)
            for member in (process, *process.children(recursive=True)):
                cpu_seconds += _cpu_seconds(member)
                disk_bytes += _disk_bytes(member)
        return size_of(self._log), int(cpu_seconds / self._cpu_step), disk_bytes // DISK_STEP_BYTES


def observe_stack(state_dir: Path) -> tuple[Mapping[str, object], dict[str, int]]:
    """Return what changes while a stack starts: its report, and the sizes of all logs."""
    logs = {path.name: size_of(path) for path in sorted((state_dir / "logs").glob("*.log"))}
    return read_report(state_dir), logs


def size_of(path: Path) -> int:
    """Return the size of a file in bytes; 0 if there is none."""
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _cpu_seconds(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0


def _disk_bytes(process: psutil.Process) -> int:
    with suppress(psutil.Error, AttributeError):  # macOS has no such counter
        counters = process.io_counters()
        return int(counters.read_bytes + counters.write_bytes)
    return 0
