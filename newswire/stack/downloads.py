"""Download jars into the cache: in a scratch folder first, verified, then moved in one step."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import requests
from jgo.maven import MavenContext, PythonResolver
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from newswire.errors import StackError
from newswire.stack.disk import explain_full_disk
from newswire.stack.jars import Jar, sha256_of

ATTEMPTS = 3
RETRY_SECONDS = 1.0
CONNECTIONS = 8
TIMEOUT_SECONDS = 60
STALE_SECONDS = 3600  # a scratch folder this old belongs to a download that was killed


class WrongJarError(StackError):
    """A jar is not the one that the lock file names."""


def download(missing: Sequence[Jar], cache: Path, title: str, repositories: Mapping[str, str] | None = None) -> None:
    """Download jars, with a progress bar.

    Raises:
        StackError: a jar cannot be had, is not the one that the lock names, or the disk is full.
    """
    with explain_full_disk(cache, sum(jar.size_bytes for jar in missing)):
        cache.mkdir(parents=True, exist_ok=True)
        _sweep(cache)
        with _bar(title, missing) as advance:
            _download_all(missing, partial(_Download(cache, repositories, advance)))


def _download_all(missing: Sequence[Jar], download_one: partial[None]) -> None:
    pool = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="jars")
    try:
        for _ in pool.map(download_one, missing):
            pass
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _bar(title: str, missing: Sequence[Jar]) -> Iterator[partial[None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(f"downloading {len(missing)} {title}", total=sum(jar.size_bytes for jar in missing))
        yield partial(progress.advance, task)


class _Download:
    """Downloads one jar into a scratch folder, checks it, and moves it into the cache."""

    def __init__(self, cache: Path, repositories: Mapping[str, str] | None, advance: partial[None]) -> None:
        self._cache, self._repositories, self._advance = cache, repositories, advance
        self._stop = threading.Event()

    def __call__(self, jar: Jar) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            if self._stop.is_set():
                return
            try:
                self._once(jar)
            except (requests.RequestException, RuntimeError, WrongJarError) as error:
                if attempt == ATTEMPTS:
                    self._stop.set()
                    raise self._explained(jar, error) from error
                time.sleep(RETRY_SECONDS * attempt)
            else:
                self._advance(jar.size_bytes)
                return

    def _once(self, jar: Jar) -> None:
        with tempfile.TemporaryDirectory(dir=self._cache, prefix=".part-") as scratch:
            context = MavenContext(  # the resolver knows where artifacts live
                resolver=PythonResolver(),
                repo_cache=Path(scratch),
                remote_repos=dict(self._repositories) if self._repositories else None,
                timeout=TIMEOUT_SECONDS,
            )
            part = context.create_dependency(jar.coordinate).artifact.resolve()
            if (digest := sha256_of(part)) != jar.sha256:
                raise WrongJarError(
                    f"{jar.coordinate} has SHA-256 {digest}, but the lock file says {jar.sha256}. It was not kept. "
                    "Something between here and the repository changes files (a proxy, a mirror), or the lock is wrong."
                )
            part.replace(jar.within(self._cache))  # same file system: a reader sees all of it or nothing

    def _explained(self, jar: Jar, error: Exception) -> StackError:
        if isinstance(error, WrongJarError):
            return error
        return StackError(
            f"Cannot download {jar.coordinate}: {_first_line(error)}\n"
            "Is the network up, and does a proxy need HTTPS_PROXY? What is complete stays in the cache; run "
            f"the command again, or copy the folder {self._cache} from a machine that has it, or name servers "
            "of your own with NEWSWIRE_KAFKA_BOOTSTRAP and NEWSWIRE_ELASTICSEARCH_URL."
        )


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


def _sweep(cache: Path) -> None:
    """Remove what killed downloads left."""
    for scratch in cache.glob(".part-*"):
        if time.time() - scratch.stat().st_mtime > STALE_SECONDS:
            shutil.rmtree(scratch, ignore_errors=True)
