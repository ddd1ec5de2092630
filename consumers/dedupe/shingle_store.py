"""The packed shingles of every text in the window, on disk: about 5 KB an article that need not be in memory."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING, Final

from newswire.runtime.snapshots import Frozen

if TYPE_CHECKING:
    from pathlib import Path

SEGMENT_BYTES: Final = 128 << 20
SEAL_BYTES: Final = 64 << 20  # a snapshot copies a smaller last segment, and links a larger one


class ShingleStore:
    """An append-only store in numbered, unnamed temporary files, which vanish with the process.

    A sealed segment never changes, so a snapshot of it is a hard link. A place is segment << 32 | offset.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segments: dict[int, Frozen] = {}
        self._tail = 0
        self._tail_bytes = 0

    def append(self, raw: bytes) -> int:
        """Append the bytes; return their place. Raises OSError when the disk is full."""
        if self._tail_bytes + len(raw) > SEGMENT_BYTES:
            self._seal()
        if self._tail not in self._segments:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._segments[self._tail] = _open_unnamed(self._folder)
        place = self._tail << 32 | self._tail_bytes
        written = os.pwrite(self._segments[self._tail].descriptor, raw, self._tail_bytes)
        if written != len(raw):
            raise OSError(
                f"{self._folder}: only {written} of {len(raw)} bytes could be written; free some space on this disk"
            )
        self._tail_bytes += written
        return place

    def read(self, place: int, length: int) -> bytes:
        """Return the bytes at a place."""
        return os.pread(self._segments[place >> 32].descriptor, length, place & 0xFFFFFFFF)

    def forget(self, oldest_place: int) -> None:
        """Drop the segments that end before a place."""
        for number in [n for n in self._segments if n < oldest_place >> 32]:
            self._segments.pop(number)

    def save(self, folder: Path) -> None:
        """Write all segments into the folder."""
        if self._tail_bytes >= SEAL_BYTES:
            self._seal()
        for number, segment in self._segments.items():
            target = folder / f"texts-{number:06d}"
            if number == self._tail or not segment.link(target):
                _copy(segment, target)

    def load(self, folder: Path) -> None:
        """Take over what `save` wrote."""
        for path in sorted(folder.glob("texts-*")):
            self._segments[int(path.name[6:])] = Frozen.open(path)
        self._tail = max(self._segments, default=-1) + 1

    def _seal(self) -> None:
        self._tail += 1
        self._tail_bytes = 0


def _open_unnamed(folder: Path) -> Frozen:
    try:
        return Frozen(os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600))
    except (AttributeError, OSError):  # not Linux, or a file system without O_TMPFILE
        number, name = tempfile.mkstemp(dir=folder)
        os.unlink(name)  # noqa: PTH108 - a name that was never a Path
        return Frozen(number)


def _copy(segment: Frozen, target: Path) -> None:
    with os.fdopen(os.dup(segment.descriptor), "rb") as source, target.open("wb") as copy:
        source.seek(0)
        shutil.copyfileobj(source, copy, 1 << 20)
