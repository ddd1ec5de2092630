"""A real Kafka on loopback: one KRaft process that is broker and controller."""

from __future__ import annotations

import base64
import signal
import uuid
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from newswire.kafka.access import ADMIN, MECHANISM
from newswire.stack.java_runtime import ENVIRONMENT, java
from newswire.stack.kafka_access import keep_users
from newswire.stack.private_files import ensure_private_folder, write_private
from newswire.stack.probes import listening, speaking_kafka
from newswire.stack.service import Service

NODE_ID = 1
LOG_CONFIG = Path(str(files("newswire.stack") / "conf" / "kafka-log4j2.yaml"))
# C1 alone starts faster and needs less memory; throughput hardly changes.
FLAGS = ("-Xms64m", "-XX:TieredStopAtLevel=1", f"-Dlog4j2.configurationFile={LOG_CONFIG}")
FORMAT_HEAP = "128m"
SECURITY = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True)
class Kafka:
    """Where a broker keeps its records and which ports it takes."""

    home: Path
    classpath: tuple[Path, ...]
    port: int
    controller_port: int
    heap: str = "256m"
    aot_cache: Path | None = None

    @property
    def properties_file(self) -> Path:
        """Return the broker's configuration file."""
        return self.home / "server.properties"

    def write_properties(self) -> None:
        """Write the configuration; ports and limits may have changed since the last start."""
        ensure_private_folder(self.home)
        lines = (f"{name}={value}\n" for name, value in self._properties().items())
        # Java reads properties as Latin-1, with escapes for the rest.
        write_private(self.properties_file, "".join(lines), "latin-1", "backslashreplace")

    def services(self) -> tuple[Service, ...]:
        """Return the broker, after the job that formats its storage once."""
        formatted = (self.home / "data" / "meta.properties").exists()
        broker = Service(
            "kafka",
            self._java(self.heap, "kafka.Kafka", str(self.properties_file)),
            needs=() if formatted else ("kafka-format",),
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
            "kafka-format",
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
        # A leading hyphen would be read as an option.
        return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")

    def _properties(self) -> dict[str, object]:
        return (
            self._network()
            | self._access()
            | self._single_copy()
            | {
                "process.roles": "broker,controller",
                "node.id": NODE_ID,
                "log.dirs": self.home / "data",
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
        return {
            "controller.quorum.voters": f"{NODE_ID}@127.0.0.1:{self.controller_port}",
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

    def _single_copy(self) -> dict[str, object]:
        return {
            "default.replication.factor": 1,
            "min.insync.replicas": 1,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 4,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 4,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
        }
