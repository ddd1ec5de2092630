"""Say it plainly when the disk is full, before or while something is written."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from newswire.errors import StackError

FULL = (errno.ENOSPC, errno.EDQUOT)


def free_bytes(path: Path) -> int:
    """Return the free space of the disk that holds the path, or will hold it."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


@contextmanager
def explain_full_disk(path: Path, needed_bytes: int) -> Iterator[None]:
    """Refuse to begin without the space, and translate the error of a disk that fills up meanwhile."""
    if free_bytes(path) < needed_bytes:
        raise _full(path, needed_bytes)
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise _full(path, needed_bytes) from error
        raise


def _full(path: Path, needed_bytes: int) -> StackError:
    return StackError(
        f"The disk that holds {path} is full: {free_bytes(path) >> 20} MB are free, {needed_bytes >> 20} MB are "
        "needed. Free some space, or move the folders with NEWSWIRE_CACHE_DIR and NEWSWIRE_STATE_DIR."
    )
