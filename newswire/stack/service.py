"""What the supervisor runs: a server, a process of ours, or a job that ends."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

Probe = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Service:
    """One process with what it needs, how it says that it is ready, and how it is stopped.

    `environment` is the whole environment of the process, nothing is added to it: build it with
    `newswire.settings.child_environment()`, or leave it empty for a server that reads none.
    `options` go to the process as they are: cwd, user, group, extra_groups.
    """

    name: str
    command: Sequence[str]
    needs: tuple[str, ...] = ()
    ready: Probe | None = None  # None: ready once started
    job: bool = False  # runs to its end; ready when it has exited with 0
    restart: bool = False  # start again after an exit instead of failing the whole run
    ready_within: float = 60.0
    stop_within: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
