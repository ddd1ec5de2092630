"""The product under test, driven by its own command, and the processes that the faults are done to."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

import psutil

from newswire.settings import STACK_ENV, Settings, child_environment
from newswire.stack.report import ServiceReport, read_report

PARTS: Final = "postgres,kafka,elasticsearch,consumers,press"
CRAWLERS: Final = 2
ROOT: Final = Path(__file__).parents[2]


class Product:
    """A stack in a folder of its own, two crawlers beside it, and a record of all that was done to them."""

    def __init__(self, state_dir: Path, environment: Mapping[str, str], seed: int, parts: str = PARTS) -> None:
        self.state_dir, self._parts = state_dir, parts
        self.environment = child_environment(NEWSWIRE_STATE_DIR=str(state_dir), **environment)
        self.random = random.Random(seed)  # noqa: S311 - not a secret
        self.done: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()
        self._crawlers: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    @property
    def settings(self) -> Settings:
        """Return the settings that lead to the running stack."""
        return Settings(_env_file=self.state_dir / STACK_ENV, state_dir=self.state_dir)

    def command(self, *arguments: str, quiet: bool = False) -> int:
        """Run a command of the product and return its exit code."""
        out = subprocess.DEVNULL if quiet else sys.stderr
        command = [sys.executable, "-m", "newswire", *arguments]
        return subprocess.run(command, env=self.environment, stdout=out, check=False).returncode

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start the stack and the crawlers, and stop them, whatever state they are in."""
        try:
            if self.command("up", "--only", self._parts):
                raise SystemExit("chaos: the stack did not start; see the lines above")
            yield
        finally:
            for crawler in self._crawlers.values():
                crawler.kill()
                crawler.wait()
            self.command("down", quiet=True)

    def services(self) -> dict[str, ServiceReport]:
        """Return what the supervisor says of each service."""
        return read_report(self.state_dir).get("services", {})

    def keep_crawling(self) -> None:
        """Start the crawlers that are not running."""
        for number in range(CRAWLERS):
            name = f"crawler-{number + 1}"
            running = self._crawlers.get(name)
            if running is None or running.poll() is not None:
                with self.log(name) as log:
                    self._crawlers[name] = self.spawn("benchmarks.chaos.crawler", log=log)

    def spawn(self, *module: str, log: IO[bytes], **changes: str) -> subprocess.Popen[bytes]:
        """Start a Python module beside the stack."""
        environment = {**self.environment, **changes}
        command = [sys.executable, "-m", *module]
        return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)

    def log(self, name: str) -> IO[bytes]:
        """Open the log of a process that the supervisor does not run."""
        return (self.state_dir / "logs" / f"{name}.log").open("ab")

    def pids(self, wanted: Callable[[str], bool]) -> dict[str, int]:
        """Return the ready services of these names, and the crawlers, by pid."""
        ready = {name: each["pid"] for name, each in self.services().items() if each["state"] == "ready"}
        crawlers = {name: crawler.pid for name, crawler in self._crawlers.items() if crawler.poll() is None}
        return {name: pid for name, pid in {**ready, **crawlers}.items() if pid and wanted(name)}

    def kill(self, name: str, pid: int) -> None:
        """Kill -9."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            with self._lock:
                self.kills[name.rpartition("-")[0] or name] += 1

    @contextmanager
    def stopped(self, pid: int) -> Iterator[None]:
        """Hold a process and its children with SIGSTOP during the block."""
        held = []
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            held = [process, *process.children(recursive=True)]
        try:
            for each in held:
                with suppress(psutil.Error):
                    each.suspend()
            yield
        finally:
            for each in held:
                with suppress(psutil.Error):
                    each.resume()

    def write_json(self, name: str, value: Any) -> Path:
        """Write a file into the state folder."""
        path = self.state_dir / name
        path.write_text(json.dumps(value), "utf-8")
        return path


def choose(source: random.Random, found: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    """Return one of the processes at random; empty where there is none."""
    return [source.choice(sorted(found.items()))] if found else []
