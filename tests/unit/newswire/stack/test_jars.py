"""Jars come into the cache whole and verified, or not at all; each failure says what helps."""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from newswire.errors import StackError
from newswire.stack import downloads, jars
from newswire.stack.downloads import WrongJarError, download
from newswire.stack.jars import Jar, damaged, fetch, lock_path, read_lock

CONTENT = b"not really a jar" * 1000
JAR = Jar("org.example:thing:1.0", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
PATH = "/org/example/thing/1.0/thing-1.0.jar"


@contextmanager
def repository(answer):
    """A Maven repository on loopback; `answer(handler)` serves the jar, all else is missing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path != PATH:
                self.send_error(404)
                return
            answer(self)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield {"test": f"http://127.0.0.1:{server.server_port}"}
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(body: bytes):
    def answer(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """Tries follow at once, and the connections that jgo leaves open after an error are closed here."""
    monkeypatch.setattr(downloads, "RETRY_SECONDS", 0.0)
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_a_jar_is_downloaded_once_and_then_trusted(tmp_path, monkeypatch):
    """A verified jar lies in the cache under its hash; the second time nobody is asked."""
    lock = tmp_path / "test.lock"
    lock.write_text(f"# a comment\n{JAR.coordinate} {JAR.sha256} {JAR.size_bytes}\n")
    monkeypatch.setattr(jars, "lock_path", lambda _: lock)
    cache = tmp_path / "cache"

    with repository(send(CONTENT)) as repositories:
        first = fetch("test", cache, repositories)
    second = fetch("test", cache, repositories)

    assert first == second == [cache / f"thing-1.0-{JAR.sha256[:12]}.jar"] == list(cache.iterdir())
    assert first[0].read_bytes() == CONTENT


def test_a_wrong_jar_is_refused_and_not_kept(tmp_path):
    """Other bytes than the lock's: the message has both hashes, the cache stays empty."""
    with repository(send(b"something else")) as repositories, pytest.raises(WrongJarError) as failure:
        download([JAR], tmp_path, "jars", repositories)

    assert JAR.sha256 in str(failure.value)
    assert hashlib.sha256(b"something else").hexdigest() in str(failure.value)
    assert list(tmp_path.iterdir()) == []


def test_a_jar_cut_short_is_tried_again(tmp_path):
    """A connection that broke once is no failure."""
    answers = iter([send(CONTENT[:100]), send(CONTENT)])

    def answer(handler) -> None:
        next(answers)(handler)

    with repository(answer) as repositories:
        download([JAR], tmp_path, "jars", repositories)

    assert JAR.within(tmp_path).read_bytes() == CONTENT


def test_without_a_network_the_message_names_the_ways_out(tmp_path):
    """Nobody answers: which jar, and what to do."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]

    with pytest.raises(
        StackError, match=r"(?s)Cannot download org\.example:thing:1\.0.*network.*NEWSWIRE_KAFKA_BOOTSTRAP"
    ):
        download([JAR], tmp_path, "jars", {"test": f"http://127.0.0.1:{port}"})


def test_a_missing_jar_is_named(tmp_path):
    """A repository that lacks the jar is named with it."""
    missing = pytest.raises(StackError, match=r"Cannot download org\.example:thing:1\.0.*not found")
    with repository(lambda handler: handler.send_error(404)) as repositories, missing:
        download([JAR], tmp_path, "jars", repositories)


def test_a_full_disk_is_seen_before_the_download(tmp_path, monkeypatch):
    """Nothing is fetched that has no room; the message says how much is needed."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1 << 30, 1 << 30, 4096))

    with pytest.raises(StackError, match=r"disk that holds .* is full.*NEWSWIRE_CACHE_DIR"):
        download([JAR], tmp_path, "jars", {"test": "http://127.0.0.1:1"})


def test_a_disk_that_fills_up_meanwhile_is_explained(tmp_path, monkeypatch):
    """The system's error in the midst of it becomes the same message."""

    def fill(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(downloads._Download, "_once", fill)
    with pytest.raises(StackError, match=r"disk that holds .* is full"):
        download([JAR], tmp_path, "jars", {})


def test_a_killed_download_leaves_nothing_that_is_taken_for_a_jar(tmp_path):
    """A kill -9 half-way: the next run starts anew, and clears the scratch folder away when it is old."""
    begun, release = threading.Event(), threading.Event()

    def half(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(CONTENT)))
        handler.end_headers()
        handler.wfile.write(CONTENT[:100])
        handler.wfile.flush()
        begun.set()
        release.wait(20)

    with repository(half) as repositories:
        code = (
            "from pathlib import Path; from newswire.stack.jars import Jar\n"
            "from newswire.stack.downloads import download\n"
            f"jar = Jar(*{(JAR.coordinate, JAR.sha256, JAR.size_bytes)!r})\n"
            f"download([jar], Path({str(tmp_path)!r}), 'jars', {repositories!r})"
        )
        process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
        assert begun.wait(20)
        process.send_signal(signal.SIGKILL)
        process.wait()
        release.set()
    (scratch,) = tmp_path.iterdir()
    assert scratch.name.startswith(".part-")
    os.utime(scratch, (time.time() - 2 * downloads.STALE_SECONDS,) * 2)

    with repository(send(CONTENT)) as repositories:
        download([JAR], tmp_path, "jars", repositories)

    assert list(tmp_path.iterdir()) == [JAR.within(tmp_path)]


def test_a_damaged_cache_is_found_by_hashing(tmp_path):
    """What `newswire doctor --deep` looks for."""
    JAR.within(tmp_path).write_bytes(CONTENT)
    assert damaged([JAR], tmp_path) == []

    JAR.within(tmp_path).write_bytes(CONTENT[:-1] + b"!")
    assert damaged([JAR], tmp_path) == [JAR]


@pytest.mark.parametrize("name", ["kafka", "elasticsearch", "ecj"])
def test_every_line_of_the_locks_has_a_hash_and_a_size(name):
    """A lock pins each jar of a server, once."""
    locked = read_lock(lock_path(name))

    assert len({jar.coordinate for jar in locked}) == len(locked) > 0
    assert all(len(jar.sha256) == 64 and jar.size_bytes > 0 for jar in locked)
