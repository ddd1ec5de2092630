"""Choose a free port for each server once, and keep it: two checkouts side by side never meet."""

from __future__ import annotations

import errno
import fcntl
import json
import random
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

# The servers' usual ports come first, so that a newcomer finds them where the manuals say.
USUAL_PORTS = {
    "kafka": 9092,
    "kafka_controller": 9093,
    "elasticsearch": 9200,
    "elasticsearch_transport": 9300,
    "postgres": 5432,
    "airflow": 8080,
    "web": 8000,
}
PORTS_OF_PARTS = {
    "postgres": ("postgres",),
    "kafka": ("kafka", "kafka_controller"),
    "elasticsearch": ("elasticsearch", "elasticsearch_transport"),
    "airflow": ("airflow",),
    "web": ("web",),
}
# Below the range from which outgoing connections get their ports.
SPARE_PORTS = range(20_000, 32_000)


def port_names(part: str, servers: int = 1) -> tuple[str, ...]:
    """Return the names of a part's ports, those of its first server first; the second one's end in `_2`."""
    names = PORTS_OF_PARTS.get(part, ())
    return (*names, *(f"{name}_{number}" for number in range(2, servers + 1) for name in names))


def choose_ports(names: Iterable[str], kept: Mapping[str, int], owner: Path, cache: Path) -> dict[str, int]:
    """Return a free port for each name: the one kept from the last start, the usual one, or any.

    Claims in the user's cache keep two stacks that start at the same moment apart; a claim ends with
    its owner's folder.
    """
    with _claims(cache) as claims:
        taken = {port for port, other in claims.items() if other != str(owner) and Path(other).exists()}
        chosen: dict[str, int] = {}
        for name in names:
            candidates = [kept.get(name), USUAL_PORTS.get(name), *random.sample(SPARE_PORTS, 200)]
            usable = (port for port in candidates if port and port not in taken and is_free(port))
            chosen[name] = next(usable)
            taken.add(chosen[name])
        claims.update(dict.fromkeys(chosen.values(), str(owner)))
    return chosen


def spare_ports(count: int) -> list[int]:
    """Return free ports for a server that lives a few seconds."""
    return [port for port in random.sample(SPARE_PORTS, 200) if is_free(port)][:count]


def is_free(port: int) -> bool:
    """Tell whether a server could listen on the port, on loopback and everywhere."""
    for host in ("127.0.0.1", "0.0.0.0"):  # noqa: S104 - only tried, nobody listens
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                if error.errno in (errno.EADDRINUSE, errno.EACCES):
                    return False
                raise
    return True


def holder_of(port: int) -> str | None:
    """Return the name and number of the process that listens on a port, as far as this user may know."""
    with suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f"{psutil.Process(connection.pid).name()} ({connection.pid})" if connection.pid else None
    return None


@contextmanager
def _claims(cache: Path) -> Iterator[dict[int, str]]:
    """Hand out who has claimed which port, and write the changes back; one process at a time."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "ports.json").open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        claims = {int(port): owner for port, owner in json.loads(file.read() or "{}").items()}
        claims = {port: owner for port, owner in claims.items() if Path(owner).exists()}
        yield claims
        file.truncate(0)
        json.dump(claims, file, indent=1)
