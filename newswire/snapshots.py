"""Keeps the saved states of one partition's log on disk: whole or not at all, checked, two generations."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

MANIFEST = "manifest.json"
GENERATIONS = 2

log = structlog.get_logger()


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
        manifest = {"offset": offset, "version": self._version, "files": _checksums(new)}
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


def _checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MANIFEST)
    return {str(path.relative_to(folder)): _checksum(path) for path in files}


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
