"""A real Kafka on loopback: KRaft processes that are broker and controller; one of them, or three."""

from __future__ import annotations

import base64
import signal
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from newswire.errors import ConfigError
from newswire.kafka.access import ADMIN, MECHANISM
from newswire.stack.java_runtime import ENVIRONMENT, java
from newswire.stack.kafka_access import keep_users
from newswire.stack.private_files import ensure_private_folder, write_private
from newswire.stack.probes import listening, speaking_kafka
from newswire.stack.service import Service

LOG_CONFIG = Path(str(files("newswire.stack") / "conf" / "kafka-log4j2.yaml"))
# C1 alone starts faster and needs less memory; throughput hardly changes.
FLAGS = ("-Xms64m", "-XX:TieredStopAtLevel=1", f"-Dlog4j2.configurationFile={LOG_CONFIG}")
FORMAT_HEAP = "128m"
SECURITY = "org.apache.kafka.common.security"


def make_brokers(
    home: Path, classpath: tuple[Path, ...], ports: Sequence[tuple[int, int]], heap: str, aot_cache: Path | None
) -> tuple[Kafka, ...]:
    """Return a broker for each pair of a client's and a controller's port.

    Raises:
        ConfigError: the folder belongs to a Kafka with another number of brokers.
    """
    if (before := len([*home.glob("data*/meta.properties")])) not in (0, len(ports)):
        raise ConfigError(
            f"The Kafka in {home} was started with {before} brokers and stays so. "
            f"Set NEWSWIRE_KAFKA_BROKERS={before}, or take a new folder with NEWSWIRE_STATE_DIR."
        )
    voters = tuple(controller_port for _, controller_port in ports)
    return tuple(
        Kafka(home, classpath, port, controller_port, heap, aot_cache, number, voters)
        for number, (port, controller_port) in enumerate(ports, 1)
    )


@dataclass(frozen=True, slots=True)
class Kafka:
    """Where a broker keeps its records and which ports it takes.

    `voters` are the controllers' ports of all brokers, in the order of their numbers; empty for a single broker.
    """

    home: Path
    classpath: tuple[Path, ...]
    port: int
    controller_port: int
    heap: str = "256m"
    aot_cache: Path | None = None
    number: int = 1
    voters: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the broker's service: `kafka`, `kafka-2`, `kafka-3`."""
        return f"kafka{self._suffix}"

    @property
    def data(self) -> Path:
        """Return the folder of the broker's records."""
        return self.home / f"data{self._suffix}"

    @property
    def properties_file(self) -> Path:
        """Return the broker's configuration file."""
        return self.home / f"server{self._suffix}.properties"

    @property
    def _suffix(self) -> str:
        return "" if self.number == 1 else f"-{self.number}"

    def write_properties(self) -> None:
        """Write the configuration; ports and limits may have changed since the last start."""
        ensure_private_folder(self.home)
        lines = (f"{name}={value}\n" for name, value in self._properties().items())
        # Java reads properties as Latin-1, with escapes for the rest.
        write_private(self.properties_file, "".join(lines), "latin-1", "backslashreplace")

    def services(self) -> tuple[Service, ...]:
        """Return the broker, after the job that formats its storage once."""
        formatted = (self.data / "meta.properties").exists()
        broker = Service(
            self.name,
            self._java(self.heap, "kafka.Kafka", str(self.properties_file)),
            needs=() if formatted else (f"{self.name}-format",),
            ready=listening(self.port),  # KRaft opens the port only after the broker has registered
            live=speaking_kafka(self.port),
            dump_signal=signal.SIGQUIT,
            restart=True,
            ready_within=120,
            stop_within=30,
            environment=ENVIRONMENT,
        )
        return (broker,) if formatted else (self._format(), broker)

    def _format(self) -> Service:
        arguments = ("format", "--ignore-formatted", "-t", self._cluster_id(), "-c", str(self.properties_file))
        return Service(
            f"{self.name}-format",
            self._java(FORMAT_HEAP, "kafka.tools.StorageTool", *arguments),
            job=True,
            environment=ENVIRONMENT,
        )

    def _java(self, heap: str, *arguments: str) -> list[str]:
        flags = [f"-Xmx{heap}", *FLAGS]
        if self.aot_cache and self.aot_cache.exists():
            flags.append(f"-XX:AOTCache={self.aot_cache}")
        return java(flags, self.classpath, *arguments)

    def _cluster_id(self) -> str:
        """Return the id that all brokers of the folder share; the first call makes it."""
        file = self.home / "cluster-id"
        if not file.exists():
            # A leading hyphen would be read as an option.
            fresh = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
            write_private(file, fresh)
        return file.read_text("utf-8")

    def _properties(self) -> dict[str, object]:
        return (
            self._network()
            | self._access()
            | self._copies()
            | {
                "process.roles": "broker,controller",
                "node.id": self.number,
                "log.dirs": self.data,
                "auto.create.topics.enable": "false",
                "group.initial.rebalance.delay.ms": 0,
                "num.network.threads": 2,
                "num.io.threads": 4,
                # A killed broker can rejoin only after its old session has ended (9 s by default).
                "broker.session.timeout.ms": 3000,
                "broker.heartbeat.interval.ms": 500,
                # The cleaner's default buffers of 128 MiB do not fit a small heap.
                "log.cleaner.dedupe.buffer.size": 16 << 20,
            }
        )

    def _network(self) -> dict[str, object]:
        voters = enumerate(self.voters or (self.controller_port,), 1)
        return {
            "controller.quorum.voters": ",".join(f"{number}@127.0.0.1:{port}" for number, port in voters),
            "controller.listener.names": "CONTROLLER",
            "listeners": f"CLIENTS://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"CLIENTS://127.0.0.1:{self.port}",
            "listener.security.protocol.map": "CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
            "inter.broker.listener.name": "CLIENTS",
        }

    def _access(self) -> dict[str, object]:
        """Return how users log in, and that nobody may do what no rule allows.

        SCRAM keeps its users in the broker's own log, and somebody has to write the first of them there: the admin can
        log in with a password of this file too, as the broker itself does at its controller.
        """
        password = keep_users(self.home)[ADMIN]
        login = f'username="{ADMIN}" password="{password}" user_{ADMIN}="{password}"'
        plain = f"{SECURITY}.plain.PlainLoginModule required {login};"
        scram = f"{SECURITY}.scram.ScramLoginModule required;"
        return {
            "listener.name.clients.sasl.enabled.mechanisms": f"{MECHANISM},PLAIN",
            "listener.name.clients.plain.sasl.jaas.config": plain,
            f"listener.name.clients.{MECHANISM.lower()}.sasl.jaas.config": scram,
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": plain,
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{ADMIN}",
            "allow.everyone.if.no.acl.found": "false",
        }

    def _copies(self) -> dict[str, object]:
        """Return how often a record is kept: with three brokers one may be lost, and writing goes on."""
        copies = max(1, len(self.voters))
        in_sync = 2 if copies > 2 else 1
        return {
            "default.replication.factor": copies,
            "min.insync.replicas": in_sync,
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": in_sync,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": in_sync,
        }
