"""The state of the press on disk: its epoch, port and phase, and the access log."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import threading
import time
from pathlib import Path


class PressState:
    """The press's folder below a state directory; every file survives a kill."""

    def __init__(self, state_dir: Path) -> None:
        self.folder = state_dir / "demo"
        self.access_log = self.folder / "access.jsonl"

    def epoch(self) -> dt.datetime:
        """Return the hour from which all dates are counted; the first call sets it."""
        now = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
        return dt.datetime.fromisoformat(self._first("epoch", now.isoformat()))

    def phase(self) -> int:
        """Return the phase of the press's day: 0, then 1 with corrections and late copy."""
        return int(self._read("phase") or 0)

    def set_phase(self, phase: int) -> None:
        """Set the phase."""
        self._write("phase", str(phase))

    def port(self) -> int:
        """Return the port of all outlets; 0 if the press has never run."""
        return int(self._read("port") or 0)

    def set_port(self, port: int) -> None:
        """Store the port for the next start, because links and ids contain it."""
        self._write("port", str(port))

    def _read(self, name: str) -> str:
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / name).read_text(encoding="utf-8").strip()
        return ""

    def _write(self, name: str, text: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.replace(self.folder / name)

    def _first(self, name: str, text: str) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / name).exists():
            fresh = self.folder / f".{name}.{os.getpid()}"
            fresh.write_text(text + "\n", encoding="utf-8")
            with contextlib.suppress(FileExistsError):
                os.link(fresh, self.folder / name)  # fails if another process was first
            fresh.unlink()
        return self._read(name)


class AccessLog:
    """A log with one line of JSON for each request, in the order of the responses."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def add(self, **fields: str | float) -> None:
        """Write one line; `monotonic` is for measuring gaps between requests, `at` for people."""
        at = dt.datetime.now(dt.UTC).isoformat()
        with self._lock:
            self._file.write(json.dumps({"monotonic": time.monotonic(), "at": at} | fields, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()
