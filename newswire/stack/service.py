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
    `ready_within` limits a start that makes no progress; a process whose log, CPU time or disk traffic moves is given
    up to ten times as long.
    """

    name: str
    command: Sequence[str]
    needs: tuple[str, ...] = ()
    ready: Probe | None = None  # None: ready once started
    job: bool = False  # runs to its end; ready when it has exited with 0
    restart: bool = False  # start again after an exit instead of failing the whole run
    ready_within: float = 60.0
    live: Probe | None = None  # asked as long as the service lives; None: `ready` is asked
    live_within: float = 120.0  # a service that does not answer for longer is started again
    dump_signal: signal.Signals | None = None  # has the process write its stacks to its log
    stop_within: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def liveness_probe(self) -> Probe | None:
        """The probe that is asked as long as the service lives; a job has none."""
        return None if self.job else self.live or self.ready
