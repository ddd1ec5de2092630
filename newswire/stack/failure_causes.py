"""Say why a service failed and what helps: how it ended, the end of its log, and the known causes."""

from __future__ import annotations

import re
import signal
from contextlib import suppress
from pathlib import Path

TAIL_BYTES = 16 << 10
LONGEST_LINE = 300
WAYS_OUT = {
    r"address already in use|BindException|address in use": (
        "Another program has just taken its port; start again, and a free one is chosen."
    ),
    r"no space left on device|ENOSPC": (
        "The disk is full: free some space, or move the folders with NEWSWIRE_STATE_DIR and NEWSWIRE_CACHE_DIR."
    ),
    r"OutOfMemoryError|insufficient memory|cannot allocate memory": (
        "Memory ran out: close something, or lower NEWSWIRE_JAVA_HEAP_KAFKA and NEWSWIRE_JAVA_HEAP_ELASTICSEARCH."
    ),
    r"permission denied|AccessDenied": "A file of an earlier run may belong to somebody else; see `newswire doctor`.",
}
KILLED = (
    "Somebody killed it, or the system did because memory ran out: see `newswire doctor` for what is free, "
    "and start again."
)


def describe_exit(code: int) -> str:
    """Say how a process ended."""
    return f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"


def explain(name: str, problem: str, log: Path) -> str:
    """Return the whole message about a service that failed."""
    end = tail(log)
    advice = KILLED if "SIGKILL" in problem else _way_out(end)
    return f"{name} {problem}. {advice}".strip() + (f"\nThe end of {log}:\n{end}" if end else "")


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log, indented."""
    with suppress(FileNotFoundError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - TAIL_BYTES))
        return "\n".join(f"    {line}" for line in file.read().decode("utf-8", "replace").splitlines()[-lines:])
    return ""


def last_error(log: Path, lines: int = 200) -> str:
    """Return the last line of a log that speaks of an error, else the last line; empty if there is none."""
    written = [line.strip() for line in tail(log, lines).splitlines() if line.strip()]
    errors = [line for line in written if re.search(r"error|exception|fatal|critical", line, re.IGNORECASE)]
    return (errors or written or [""])[-1][:LONGEST_LINE]


def _way_out(log_end: str) -> str:
    found = (advice for pattern, advice in WAYS_OUT.items() if re.search(pattern, log_end, re.IGNORECASE))
    return next(found, "")
