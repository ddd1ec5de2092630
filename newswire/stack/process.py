"""One process of the stack: in a session of its own, tied to the supervisor's life, with a log that cannot grow."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Container
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import psutil

from newswire.stack.private_files import PRIVATE_UMASK
from newswire.stack.service import Service

LOG_LIMIT_BYTES = 20 << 20
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def spawn(service: Service, log: Path) -> subprocess.Popen[bytes]:
    """Start the process of a service."""
    with log.open("ab") as output:
        return subprocess.Popen(
            list(service.command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(service.environment),
            umask=PRIVATE_UMASK,
            start_new_session=True,  # ctrl-C reaches the supervisor only
            preexec_fn=_tie_to_parent(service.stop_signal),  # noqa: PLW1509 - the supervisor has one thread
            **cast("dict[str, Any]", service.options),
        )


def adopt_orphans() -> None:
    """Become the parent of processes that our children leave behind, so that they can be found and ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans(ours: Container[int | None]) -> None:
    """Clear away adopted processes that have ended; a child of ours is left to the one who waits for it."""
    with suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in ours:
                return  # it ended just now, and its own signal follows
            os.waitpid(ended.si_pid, 0)


def kill_group(pid: int) -> None:
    """Kill what is left of a service's process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def wake_group(pid: int) -> None:
    """Let a process group that was stopped go on."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGCONT)


def children() -> set[int]:
    """Return the numbers of our direct children."""
    return {child.pid for child in psutil.Process().children()}


def end_descendants(spared: Container[int]) -> None:
    """Kill whatever our children have started and left behind; `spared` are children that are none of our business."""
    orphans = [child for child in psutil.Process().children() if child.pid not in spared]
    for orphan in [member for child in orphans for member in (child, *_below(child))]:
        with suppress(psutil.Error):
            orphan.kill()
    psutil.wait_procs(orphans, timeout=5)


def _below(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return process.children(recursive=True)
    return []


def rotate(log: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
    """Move a log's content aside when it is too long; the process goes on writing to the emptied file."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > limit_bytes:
            shutil.copy2(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def _tie_to_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Have the kernel signal the child when the supervisor is killed outright (Linux only)."""
    if sys.platform != "linux":
        return None
    libc, supervisor = ctypes.CDLL(None), os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != supervisor:  # it died in between
            os.kill(os.getpid(), signal.SIGKILL)

    return tie
