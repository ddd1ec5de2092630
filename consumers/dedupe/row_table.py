"""The table of article versions: one row for each version in the window, in the order of the log."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from newswire.runtime.snapshots import Frozen, freeze

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CHUNK_ROWS: Final = 65_536
# Field names are part of the snapshot format.
ROW: Final = np.dtype(
    [
        ("article", "V16"),
        ("copy_of", "V16"),
        ("content", "u8"),
        ("time_ms", "i8"),
        ("first_seen_us", "i8"),
        ("place", "u8"),
        ("length", "u4"),
        ("root", "u4"),
        ("version", "u4"),
        ("title", "u4"),
        ("body", "u4"),
    ]
)

STORED_FIELDS: Final = 11  # the first fields of a VersionRow, as in ROW; the others have columns of their own


class VersionRow(NamedTuple):
    """One version of an article; rows are numbered in the order of the log."""

    article: bytes
    copy_of: bytes  # the original's article_id, zeros for none
    content: int  # half of the content hash
    time_ms: int
    first_seen_us: int
    place: int  # of its shingles in the ShingleStore
    length: int  # of its packed shingles, in bytes
    root: int  # the row that it was found to copy; its own number otherwise
    version: int
    title: int  # hash
    body: int  # hash
    host: int  # hash
    first: int  # the number of the article's first row
    family: int  # `first` of the original that it is a copy of; its own `first` otherwise
    tier: int  # index in to_message.TIERS

    @property
    def is_copy(self) -> bool:
        """Whether it is a copy of another article; derived texts are not."""
        return self.family != self.first


class RowTable:
    """An append-only table that forgets from its beginning.

    Four columns are read many times for each article, so they are arrays of their own; index 0 is row `begin`.
    """

    def __init__(self) -> None:
        self.begin = 0
        self.hosts = array("I")
        self.firsts = array("I")
        self.families = array("I")
        self.tiers = array("B")
        self._chunks: list[NDArray[Any]] = []
        self._files: list[Frozen] = []  # full chunks that a snapshot already contains
        self._length = 0

    def __len__(self) -> int:
        """Return the number that the next row will have."""
        return self._length

    def __getitem__(self, number: int) -> VersionRow:
        """Return a row that has not been forgotten."""
        at = number - self.begin
        chunk, place = divmod(at, CHUNK_ROWS)
        stored = self._chunks[chunk].item(place)
        return VersionRow._make((*stored, self.hosts[at], self.firsts[at], self.families[at], self.tiers[at]))

    def time_ms(self, number: int) -> int:
        """Return the record time of a row, in milliseconds since 1970."""
        chunk, place = divmod(number - self.begin, CHUNK_ROWS)
        return int(self._chunks[chunk]["time_ms"][place])

    def append(self, row: VersionRow) -> None:
        """Add a row at the end."""
        chunk, place = divmod(self._length - self.begin, CHUNK_ROWS)
        if chunk == len(self._chunks):
            self._chunks.append(np.empty(CHUNK_ROWS, ROW))
        self._chunks[chunk][place] = row[:STORED_FIELDS]
        self.hosts.append(row.host)
        self.firsts.append(row.first)
        self.families.append(row.family)
        self.tiers.append(row.tier)
        self._length += 1

    def forget(self, oldest: int) -> None:
        """Free whole chunks of rows before `oldest`."""
        while self._chunks and self.begin + CHUNK_ROWS <= oldest:
            del self._chunks[0], self._files[:1]
            for column in self._columns():
                del column[:CHUNK_ROWS]
            self.begin += CHUNK_ROWS

    def save(self, folder: Path) -> None:
        """Write the table into the folder; full chunks are written once and then linked."""
        files = []
        for number, chunk in enumerate(self._chunks):
            begin, end = number * CHUNK_ROWS, min((number + 1) * CHUNK_ROWS, self._length - self.begin)
            columns = [np.array(column[begin:end]) for column in self._columns()]
            known = self._files[number] if number < len(self._files) else None
            files.append(freeze((chunk[: end - begin], *columns), known, folder / f"rows-{number:06d}.npy"))
        self._files = files[: (self._length - self.begin) // CHUNK_ROWS]

    def load(self, folder: Path, length: int) -> None:
        """Read what `save` wrote, when the table had this length."""
        for path in sorted(folder.glob("rows-*.npy")):
            with path.open("rb") as file:
                chunk = np.load(file)
                for column in self._columns():
                    column.frombytes(np.load(file).tobytes())
            if len(chunk) == CHUNK_ROWS:
                self._files.append(Frozen.open(path))
            self._chunks.append(np.empty(CHUNK_ROWS, ROW))
            self._chunks[-1][: len(chunk)] = chunk
        self._length, self.begin = length, length - len(self.hosts)

    def _columns(self) -> tuple[array[int], ...]:
        return self.hosts, self.firsts, self.families, self.tiers
