"""The files through which a running stack tells others about itself: stack.json and stack.env."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypedDict

from newswire.errors import StackError
from newswire.settings import STACK_ENV

StackState = Literal["starting", "up", "stopping", "stopped", "failed"]


class ServiceReport(TypedDict):
    """A service as `status` shows it."""

    state: str
    pid: int | None
    started_at: float | None
    ready_after_seconds: float | None
    restarts: int
    stop_signal: int
    problem: str | None  # how its last life ended
    last_error: str | None  # a line of its log, where there is a problem
    next_try_at: float | None
    is_stopped_by_hand: bool


class Outcome(TypedDict):
    """What a command has made of a service."""

    state: str
    problem: str | None


class Answer(TypedDict):
    """What a service's liveness probe says now; None if it has none or does not run."""

    is_live: bool | None
    silent_seconds: float


class StackReport(TypedDict, total=False):
    """What stack.json holds."""

    state: StackState
    error: str | None
    pid: int
    boot: str
    started_at: float
    up_after_seconds: float | None
    ports: dict[str, int]
    services: dict[str, ServiceReport]
    control: str  # the socket that takes commands


def report_path(state_dir: Path) -> Path:
    """Return where the stack's report is."""
    return state_dir / "stack.json"


def read_report(state_dir: Path) -> StackReport:
    """Return the last report; empty if there has never been a stack here."""
    try:
        report: StackReport = json.loads(report_path(state_dir).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    for service in report.get("services", {}).values():  # a release before this one wrote less
        service.setdefault("problem", None)
        service.setdefault("last_error", None)
        service.setdefault("next_try_at", None)
        service.setdefault("is_stopped_by_hand", False)
    return report


def write_report(state_dir: Path, report: StackReport) -> None:
    """Replace the report in one step."""
    write_private(report_path(state_dir), json.dumps(report, indent=1))


def write_env(state_dir: Path, values: Mapping[str, str]) -> None:
    """Write the addresses and passwords of the running stack, which Settings reads."""
    lines = (f"NEWSWIRE_{name.upper()}={_quoted(value)}\n" for name, value in sorted(values.items()))
    write_private(state_dir / STACK_ENV, "".join(lines))


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def write_private(path: Path, text: str) -> None:
    """Replace a file, readable by its owner only, in one step."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    half.replace(path)


@contextmanager
def only_supervisor(state_dir: Path) -> Iterator[None]:
    """Hold the lock that tells whether a supervisor lives; the kernel lets go of it with the process."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "supervisor.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(f"The stack in {state_dir} is already running; see `newswire status`.") from None
        yield


def has_supervisor(state_dir: Path) -> bool:
    """Tell whether a supervisor of this folder lives."""
    try:
        with (state_dir / "supervisor.lock").open("r") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def await_no_supervisor(state_dir: Path, within_seconds: float) -> bool:
    """Wait until the supervisor has ended; return whether it has."""
    deadline = time.monotonic() + within_seconds
    while has_supervisor(state_dir):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def boot_id() -> str:
    """Return a name of this run of the machine, so that old process numbers are not taken for ours."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text("utf-8").strip() if path.exists() else ""


def as_json(report: StackReport) -> dict[str, Any]:
    """Return a report for printing."""
    return dict(report)
