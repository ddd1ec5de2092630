"""Keep the saved states of one partition's log on disk: whole or not at all, checksummed, two generations."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog
import xxhash

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANIFEST = "manifest.json"
GENERATIONS = 2
READ_BYTES = 1 << 20

log = structlog.get_logger()


class Frozen:
    """A file that never changes again: one snapshot writes it, and the later ones link it.

    Held open, it can be read and linked on when the snapshot that it came from is dropped.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __del__(self) -> None:
        """Close the file."""
        os.close(self.descriptor)

    @classmethod
    def open(cls, path: Path) -> Frozen:
        """Hold a file that has been written."""
        return cls(os.open(path, os.O_RDONLY))

    def link(self, target: Path) -> bool:
        """Give the file one more name; False where that cannot be: another file system, not Linux, no name left."""
        name = f"/proc/self/fd/{self.descriptor}"
        try:
            # Given any folder, Python uses the call that follows links.
            os.link(name, target, src_dir_fd=self.descriptor)
        except OSError:
            target.unlink(missing_ok=True)
            return False
        return True


def freeze(arrays: Sequence[NDArray[Any]], file: Frozen | None, target: Path) -> Frozen:
    """Save arrays that will not change again, or link the file that holds them."""
    if file is None or not file.link(target):
        with target.open("wb") as new:
            for array in arrays:
                np.save(new, array)
        file = Frozen.open(target)
    return file


class Snapshots:
    """The snapshots in one folder, each in a subfolder named by its offset.

    A snapshot at offset N holds what all records before N have taught. `version` is that of the state's code:
    a snapshot of another one does not count.
    """

    def __init__(self, folder: Path, *, version: int) -> None:
        self._folder = folder
        self._version = version

    def save(self, offset: int, write: Callable[[Path], None]) -> None:
        """Let `write` fill a folder, and keep it as the snapshot at `offset`; raises OSError when the disk does not."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._drop(self._folder.glob(".new-*"))
        new = self._folder / f".new-{os.getpid()}"
        new.mkdir()
        write(new)
        files = _checksums(new, self._linked())
        manifest = {"offset": offset, "version": self._version, "files": files}
        (new / MANIFEST).write_text(json.dumps(manifest), "utf-8")
        for path in new.rglob("*"):
            _sync(path)
        _sync(new)
        final = self._folder / f"{offset:020d}"
        self._drop([final])
        new.rename(final)
        _sync(self._folder)
        self._drop(self._newest_first()[GENERATIONS:])

    def usable(self, up_to: int) -> Iterator[tuple[int, Path]]:
        """Yield the sound snapshots not beyond `up_to`, newest first, and drop those beyond.

        One beyond the committed offset knows records that are to be decided again.
        """
        for path in self._newest_first():
            if int(path.name) > up_to:
                log.info("snapshot.dropped", path=str(path), reason="beyond the committed offset")
                self._drop([path])
            elif problem := self._problem(path):
                log.warning("snapshot.unusable", path=str(path), reason=problem)
            else:
                yield int(path.name), path

    def clear(self) -> None:
        """Drop all snapshots."""
        self._drop(self._newest_first())

    def drop_texts(self, since: Mapping[str, float]) -> None:
        """Drop the snapshots that name one of these articles and were saved before it was taken down, by POSIX time."""
        for path in self._newest_first():
            files = [file for file in path.rglob("*") if file.is_file()]
            saved_at = max((file.stat().st_mtime for file in files), default=0.0)
            names = [name.encode() for name, at in since.items() if saved_at < at]
            if names and any(name in content for content in map(Path.read_bytes, files) for name in names):
                log.info("snapshot.dropped", path=str(path), reason="it holds an article that is taken down")
                self._drop([path])

    def _linked(self) -> dict[int, str]:
        """Return the checksums of the newest snapshot's files by inode: what the next one links is not read again."""
        for path in self._newest_first()[:1]:
            try:
                files = json.loads((path / MANIFEST).read_text("utf-8"))["files"]
                return {(path / name).stat().st_ino: checksum for name, checksum in files.items()}
            except (OSError, ValueError, KeyError, TypeError):
                log.warning("snapshot.unreadable", path=str(path))
        return {}

    def _newest_first(self) -> list[Path]:
        return sorted((path for path in self._folder.glob("[0-9]*") if path.name.isdigit()), reverse=True)

    def _problem(self, path: Path) -> str | None:
        try:
            manifest = json.loads((path / MANIFEST).read_text("utf-8"))
            if manifest["version"] != self._version:
                return f"made by version {manifest['version']} of the state, this is {self._version}"
            if manifest["offset"] != int(path.name) or manifest["files"] != _checksums(path):
                return "damaged"
        except (OSError, ValueError, KeyError, TypeError) as error:
            return f"unreadable: {error}"
        return None

    @staticmethod
    def _drop(paths: Iterator[Path] | list[Path]) -> None:
        for path in paths:
            shutil.rmtree(path, ignore_errors=True)


def _checksums(folder: Path, linked: Mapping[int, str] = MappingProxyType({})) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    with ThreadPoolExecutor() as pool:  # reading and hashing let other threads run
        checksums = pool.map(lambda path: linked.get(path.stat().st_ino) or _checksum(path), files)
        return {str(path.relative_to(folder)): checksum for path, checksum in zip(files, checksums, strict=True)}


def _checksum(path: Path) -> str:
    """Return a checksum that finds damage at the speed of the disk; nobody forges a snapshot."""
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            digest.update(part)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
