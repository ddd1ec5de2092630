"""The Java libraries that a lock file names, in the user's cache, each checked against its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of a lock file."""

    coordinate: str  # group:artifact:version
    sha256: str
    size_bytes: int

    def within(self, cache: Path) -> Path:
        """Return the jar's place; the hash in its name lets two locks share a cache."""
        _, artifact, version = self.coordinate.split(":")
        return cache / f"{artifact}-{version}-{self.sha256[:12]}.jar"


def lock_path(name: str) -> Path:
    """Return the committed lock file of a server."""
    return Path(str(files("newswire.stack") / "locks" / f"{name}.lock"))


def read_lock(path: Path) -> list[Jar]:
    """Read a lock file."""
    rows = (line.split() for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    return [Jar(coordinate, digest, int(size)) for coordinate, digest, size in rows]


def sha256_of(path: Path) -> str:
    """Hash a file without loading it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damaged(jars: Sequence[Jar], cache: Path) -> list[Jar]:
    """Return the cached jars that are not what the lock says."""
    return [jar for jar in jars if (path := jar.within(cache)).exists() and sha256_of(path) != jar.sha256]


def fetch(name: str, cache: Path, repositories: Mapping[str, str] | None = None) -> list[Path]:
    """Return the class path that a lock describes; download what the cache lacks."""
    jars = read_lock(lock_path(name))
    if missing := [jar for jar in jars if not jar.within(cache).exists()]:  # one that was verified once is trusted
        from newswire.stack.downloads import download  # noqa: PLC0415 - its packages take a while to load

        download(missing, cache, f"{name} jars", repositories)
    return [jar.within(cache) for jar in jars]
