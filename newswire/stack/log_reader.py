"""Read the logs of the stack's processes: the last lines, and what is written from now on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import click

from newswire.errors import ConfigError

TAIL_BYTES = 256 << 10
POLL_SECONDS = 0.3


def logs_of(folder: Path, name: str | None) -> list[Path]:
    """Return the logs of a service: the one of that name, else those whose names begin with it, else all."""
    present = sorted(folder.glob("*.log"))
    if name is None:
        return present
    found = [path for path in present if path.stem == name] or [path for path in present if path.stem.startswith(name)]
    if not found:
        names = ", ".join(path.stem for path in present) or "none yet; start it with `newswire up`"
        raise ConfigError(f"There is no log of {name}. There are: {names}.")
    return found


def print_tails(paths: Sequence[Path], lines: int) -> None:
    """Print the last lines of each log, with a heading where there are several."""
    for path in paths:
        if len(paths) > 1:
            click.secho(f"==> {path.stem}", bold=True)
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            for line in file.read().decode("utf-8", "replace").splitlines()[-lines:]:
                click.echo(line)


def follow_logs(paths: Sequence[Path]) -> None:
    """Print new lines until ctrl-C, each with its process's name where there are several."""
    with suppress(KeyboardInterrupt):
        readers = [_Reader(path, f"{path.stem:<20} " if len(paths) > 1 else "") for path in paths]
        while True:
            if not sum(reader.print_new() for reader in readers):  # each is asked, which any() would not do
                time.sleep(POLL_SECONDS)


class _Reader:
    """Reads what is appended to a log, also after the log has been emptied."""

    def __init__(self, path: Path, prefix: str) -> None:
        self._path, self._prefix, self._rest = path, prefix, b""
        self._file: BinaryIO = path.open("rb")
        self._file.seek(0, 2)

    def print_new(self) -> bool:
        """Print the complete lines that have come; return whether there were any."""
        if self._path.stat().st_size < self._file.tell():
            self._file.seek(0)
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            click.echo(self._prefix + line.decode("utf-8", "replace"))
        return bool(lines)
