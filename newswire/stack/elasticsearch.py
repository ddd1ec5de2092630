"""A real Elasticsearch node on loopback, started from a home that `elasticsearch_home` laid out."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import SecretStr

from newswire.errors import ConfigError
from newswire.settings import Settings
from newswire.stack.elasticsearch_home import classpath
from newswire.stack.java_runtime import ENVIRONMENT, java
from newswire.stack.private_files import ensure_private_folder, keep_secret
from newswire.stack.probes import answering
from newswire.stack.service import Service

USER = "newswire"  # as Login.java has it
LOG_CONFIG = Path(str(files("newswire.stack") / "conf" / "elasticsearch-log4j2.properties"))
FLAGS = (
    "-Djava.awt.headless=true",
    "-Dlog4j2.disable.jmx=true",
    f"-Dlog4j2.configurationFile={LOG_CONFIG}",
    # The distribution's native vector library is in no jar; Lucene's own code serves.
    "-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false",
)


def password_file(folder: Path) -> Path:
    """Return where the password of a node's one user is, below the node's folder."""
    return folder / "secrets" / USER


def login_settings(folder: Path, given: Settings) -> dict[str, object]:
    """Return the settings that log in to the node of this folder; its password is made at the first call.

    Raises:
        ConfigError: the user's own login would be used for it instead.
    """
    names = ("elasticsearch_api_key", "elasticsearch_username", "elasticsearch_password")
    if foreign := [f"NEWSWIRE_{name.upper()}" for name in names if getattr(given, name) is not None]:
        raise ConfigError(
            f"{' and '.join(foreign)} would be used for the embedded Elasticsearch, which has a login of its own. "
            "Name your server with NEWSWIRE_ELASTICSEARCH_URL too, or unset what you do not need."
        )
    password = SecretStr(keep_secret(password_file(ensure_private_folder(folder))))
    return {"elasticsearch_username": USER, "elasticsearch_password": password}


@dataclass(frozen=True, slots=True)
class Elasticsearch:
    """Where a node keeps its data, and which ports it takes; `home` is shared and only read."""

    home: Path
    folder: Path
    port: int
    transport_port: int
    heap: str = "512m"
    aot_cache: Path | None = None
    is_short_lived: bool = False

    @property
    def url(self) -> str:
        """Return the address for clients."""
        return f"http://127.0.0.1:{self.port}"

    def write_config(self) -> None:
        """Write the node's configuration; ports may have changed since the last start."""
        ensure_private_folder(self.folder)
        for name in ("config", "data", "logs", "repo", "tmp"):
            ensure_private_folder(self.folder / name)
        keep_secret(password_file(self.folder))
        config = {
            "cluster.name": "newswire",
            "node.name": "newswire-1",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": self.transport_port,
            "path.data": str(self.folder / "data"),
            "path.logs": str(self.folder / "logs"),
            "path.repo": [str(self.folder / "repo")],
            # A laptop's disk is often above the watermark at which indexes become read-only.
            "cluster.routing.allocation.disk.threshold_enabled": False,
            # The serial collector lets garbage fill the heap before it clears it: the breaker must not count garbage,
            # or every request is refused with 429 until then (seen at 96 %, of which 10 % were in use).
            "indices.breaker.total.use_real_memory": False,
        }
        (self.folder / "config" / "elasticsearch.yml").write_text(yaml.safe_dump(config), "utf-8")

    def service(self) -> Service:
        """Return the node as a service."""
        flags = [
            f"-Xms{self.heap}",
            f"-Xmx{self.heap}",
            f"-Des.path.home={self.home}",
            f"-Dnewswire.password.file={password_file(self.folder)}",
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            *FLAGS,
        ]
        if self.is_short_lived:
            flags.append("-XX:TieredStopAtLevel=1")  # starts in half the time; C2 pays later only
        if self.aot_cache and self.aot_cache.exists():
            flags.append(f"-XX:AOTCache={self.aot_cache}")
        arguments = ("newswire.es.EmbeddedNode", str(self.home), str(self.folder / "config"))
        return Service(
            "elasticsearch",
            java(flags, classpath(self.home), *arguments),
            ready=answering(f"{self.url}/_cluster/health", (USER, keep_secret(password_file(self.folder)))),
            dump_signal=signal.SIGQUIT,
            restart=True,
            ready_within=180,
            stop_within=30,
            environment=ENVIRONMENT,
            options={"cwd": self.folder},
        )
