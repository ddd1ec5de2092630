"""Serve a stage's health: /livez, /readyz and /metrics on loopback, and a file that names the port."""

from __future__ import annotations

import faulthandler
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from newswire.clock import Clock
from newswire.runtime.metrics import Metrics
from newswire.settings import Settings

STALE_SECONDS = 60.0
WATCHDOG_SECONDS = 300.0  # longer than any call of a server may take with all its retries
STOP_SECONDS = 0.1  # how long the server may take to notice its end


class StageHealth:
    """When the runner last moved, and whether it has been given partitions.

    A broker that is away makes nobody unhealthy: restarting every stage would not bring it back.
    """

    def __init__(self, clock: Clock) -> None:
        self.is_ready = False
        self._has_watchdog = False
        self._clock = clock
        self._last_beat = clock.monotonic()

    def beat(self) -> None:
        """Note that the runner moves."""
        self._last_beat = self._clock.monotonic()
        if self._has_watchdog:
            faulthandler.dump_traceback_later(WATCHDOG_SECONDS, exit=True)

    def arm_watchdog(self) -> None:
        """End this process, with the stacks of all threads in its log, once the runner has not moved for minutes.

        A supervisor asks /livez and acts sooner; where nobody asks, as in a container, a hung stage ends by itself.
        """
        self._has_watchdog = True
        self.beat()

    @property
    def is_live(self) -> bool:
        """Whether the runner has moved lately."""
        return self._clock.monotonic() - self._last_beat < STALE_SECONDS


@dataclass(frozen=True, slots=True)
class Instruments:
    """What a runner goes by and is watched with."""

    clock: Clock
    metrics: Metrics
    health: StageHealth


def instruments_for(stage: str, clock: Clock) -> Instruments:
    """Return fresh instruments."""
    return Instruments(clock, Metrics(stage), StageHealth(clock))


@contextmanager
def serve_health(settings: Settings, stage: str, instruments: Instruments) -> Iterator[int]:
    """Serve for as long as the context lasts; yields the port, which `<state_dir>/metrics/<stage>-<pid>` holds too."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the standard library's name
            status, body = _answer(self.path, instruments.health, instruments.metrics)
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            """Log nothing: a probe comes every few seconds."""

    server = ThreadingHTTPServer((settings.metrics_host, settings.metrics_port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(STOP_SECONDS,), name="health", daemon=True).start()
    note = settings.state_dir / "metrics" / f"{stage}-{os.getpid()}"
    try:
        _forget_the_dead(note.parent, stage)
        note.write_text(f"{server.server_port}\n", "utf-8")
        yield server.server_port
    finally:
        note.unlink(missing_ok=True)
        server.shutdown()
        server.server_close()


def _answer(path: str, health: StageHealth, metrics: Metrics) -> tuple[int, bytes]:
    if path == "/livez":
        return (200, b"live\n") if health.is_live else (503, b"the runner has not moved for a minute\n")
    if path == "/readyz":
        return (200, b"ready\n") if health.is_ready else (503, b"no partitions yet\n")
    if path == "/metrics":
        return 200, metrics.page()
    return 404, b"/livez, /readyz or /metrics\n"


def _forget_the_dead(folder: Path, stage: str) -> None:
    """Remove the notes of processes that ended without a chance to."""
    folder.mkdir(parents=True, exist_ok=True)
    for note in folder.glob(f"{stage}-*"):
        try:
            os.kill(int(note.name.rpartition("-")[2]), 0)
        except ProcessLookupError:
            note.unlink(missing_ok=True)
        except PermissionError:
            continue
