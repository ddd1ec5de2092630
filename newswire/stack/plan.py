"""The table of services: which servers, jobs and stages make up the stack, and what each one needs."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from pydantic import SecretStr

from newswire.errors import ConfigError
from newswire.kafka.access import CRAWL, WEB
from newswire.settings import Settings, child_environment
from newswire.stack.airflow import airflow_password, airflow_services
from newswire.stack.aot import aot_cache
from newswire.stack.deployments import read_deployments, stage_processes
from newswire.stack.elasticsearch import Elasticsearch, login_settings
from newswire.stack.elasticsearch_home import ensure_home
from newswire.stack.jars import fetch
from newswire.stack.kafka import Kafka, make_brokers
from newswire.stack.kafka_access import access_job, kafka_login, refuse_foreign_login
from newswire.stack.ports import choose_ports, port_names
from newswire.stack.postgres import Postgres
from newswire.stack.private_files import close_state
from newswire.stack.probes import answering
from newswire.stack.service import Service
from newswire.stack.shared_settings import shared_settings, write_environment, write_settings

SERVERS = ("postgres", "kafka", "elasticsearch")
EVERYTHING = (*SERVERS, "airflow", "consumers", "web")
OPTIONAL = ("press",)  # the demo's outlets: only where they are named
# The setting that names a server of the user's own; it replaces the embedded one.
ADDRESS_SETTINGS = {
    "postgres": "postgres_dsn",
    "kafka": "kafka_bootstrap",
    "elasticsearch": "elasticsearch_url",
    "airflow": "airflow_url",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run, and what to tell others about it."""

    services: tuple[Service, ...]
    ports: Mapping[str, int]
    env: Mapping[str, str]  # the settings that lead to the running stack


def chosen_parts(only: Iterable[str], given: Settings) -> tuple[str, ...]:
    """Return the parts to run here: those asked for (all if none), without what the user runs elsewhere.

    `given` holds the settings as the user gave them, without what an earlier stack wrote.
    """
    asked = set(only) or set(EVERYTHING)
    known = (*OPTIONAL, *EVERYTHING)
    if unknown := sorted(asked - set(known)):
        raise ConfigError(f"The stack has no part {', '.join(unknown)}; its parts are {', '.join(known)}.")
    external = {part for part, name in ADDRESS_SETTINGS.items() if name in given.model_fields_set}
    if "airflow" in asked - external:
        asked.add("postgres")  # Airflow's own database is here, wherever the crawl state is
        external.discard("postgres")
    return tuple(part for part in known if part in asked and part not in external)


def download(parts: Iterable[str], cache: Path) -> None:
    """Bring everything into the user's cache that the parts need, with progress."""
    if "kafka" in parts:
        fetch("kafka", cache / "jars")
    if "elasticsearch" in parts:
        ensure_home(cache)


def make_plan(only: Iterable[str], given: Settings, kept_ports: Mapping[str, int]) -> Plan:
    """Prepare folders and configurations, choose ports, and return the services in an order of their needs."""
    parts = chosen_parts(only, given)
    close_state(given.state_dir)
    names = [name for part in parts for name in _names_of(part, given)]
    ports = choose_ports(names, kept_ports, given.state_dir, given.cache_dir)
    planner = _Planner(given, parts, ports)
    services = planner.services()
    return Plan(services, dict(kept_ports) | ports, planner.env())


def _names_of(part: str, given: Settings) -> Iterable[str]:
    """Return the names of the ports that a part needs."""
    if part == "consumers":
        return stage_processes(given.stage_processes)
    return port_names(part, given.kafka_brokers if part == "kafka" else 1)


class _Planner:
    """Puts the services together; `settings` are those that the stack's processes will see."""

    def __init__(self, given: Settings, parts: tuple[str, ...], ports: Mapping[str, int]) -> None:
        self.given, self.parts, self.ports = given, parts, ports
        self.environment = {"NEWSWIRE_STATE_DIR": str(given.state_dir)}
        self.postgres = Postgres(given.state_dir / "postgres", ports.get("postgres", 0), durable=given.durable)
        self.kafka_home = given.state_dir / "kafka"
        self.settings = given.model_copy(update=self._addresses())
        self.brokers = self._brokers() if "kafka" in parts else ()
        names = tuple(broker.name for broker in self.brokers)
        self.access = access_job(self.kafka_home, given.topic_prefix, self.environment, names) if names else ()

    def services(self) -> tuple[Service, ...]:
        makers = {
            "postgres": self._postgres,
            "kafka": self._kafka,
            "elasticsearch": self._elasticsearch,
            "airflow": self._airflow,
            "consumers": self._consumers,
            "web": self._web,
            "press": self._press,
        }
        return tuple(service for part in self.parts for service in makers[part]())

    def env(self) -> dict[str, str]:
        """Return the addresses of the servers here, and what the user gave that other commands must share."""
        return write_settings(self._addresses() | shared_settings(self.given))

    def _addresses(self) -> dict[str, object]:
        addresses: dict[str, object] = {}
        if "kafka" in self.parts:
            refuse_foreign_login(self.given)
            ports = [self.ports[name] for name in port_names("kafka", self.given.kafka_brokers)]
            addresses["kafka_bootstrap"] = ",".join(f"127.0.0.1:{port}" for port in ports[::2])
            if self.given.kafka_brokers > 1 and "kafka_replication" not in self.given.model_fields_set:
                addresses["kafka_replication"] = self.given.kafka_brokers
            addresses |= kafka_login(self.kafka_home)
        if "elasticsearch" in self.parts:
            addresses["elasticsearch_url"] = f"http://127.0.0.1:{self.ports['elasticsearch']}"
            addresses |= login_settings(self.given.state_dir / "elasticsearch", self.given)
        if "postgres" in self.parts and "postgres_dsn" not in self.given.model_fields_set:
            self.postgres.prepare()
            addresses["postgres_dsn"] = SecretStr(self.postgres.dsn("newswire", "newswire"))
        if "airflow" in self.parts:
            addresses["airflow_url"] = f"http://127.0.0.1:{self.ports['airflow']}"
            addresses["airflow_password"] = SecretStr(airflow_password(self.given.state_dir / "airflow"))
        return addresses

    def _postgres(self) -> tuple[Service, ...]:
        self.postgres.prepare()
        return self.postgres.services()

    def _brokers(self) -> tuple[Kafka, ...]:
        ports = [self.ports[name] for name in port_names("kafka", self.given.kafka_brokers)]
        return make_brokers(
            home=self.kafka_home,
            classpath=tuple(fetch("kafka", self.given.cache_dir / "jars")),
            ports=tuple(zip(ports[::2], ports[1::2], strict=True)),
            heap=self.given.java_heap_kafka,
            aot_cache=aot_cache("kafka", self.given.cache_dir),
        )

    def _kafka(self) -> tuple[Service, ...]:
        for broker in self.brokers:
            broker.write_properties()
        return (*(service for broker in self.brokers for service in broker.services()), *self.access)

    def _elasticsearch(self) -> tuple[Service, ...]:
        node = Elasticsearch(
            home=ensure_home(self.given.cache_dir),
            folder=self.given.state_dir / "elasticsearch",
            port=self.ports["elasticsearch"],
            transport_port=self.ports["elasticsearch_transport"],
            heap=self.given.java_heap_elasticsearch,
            aot_cache=aot_cache("elasticsearch", self.given.cache_dir),
            is_short_lived=not self.given.durable,
        )
        node.write_config()
        return (node.service(),)

    def _airflow(self) -> tuple[Service, ...]:
        home, port = self.given.state_dir / "airflow", self.ports["airflow"]
        login = kafka_login(self.kafka_home, CRAWL) if "kafka" in self.parts else {}
        return airflow_services(
            self.settings.model_copy(update=login),
            home=home,
            port=port,
            database_url=self.postgres.dsn("airflow", "airflow"),
            # The DAGs are made from the press's sources too; the crawl's login must be known.
            needs=(*self._here("postgres", "press"), *(job.name for job in self.access)),
            environment=self._environment(CRAWL),
        )

    def _press(self) -> tuple[Service, ...]:
        (entry,) = entry_points(group="newswire.services", name="press")
        return (entry.load()(self.given.state_dir, self.environment),)

    def _consumers(self) -> tuple[Service, ...]:
        jobs = (
            self._job("topics", "newswire", "topics", "apply", needs=self._here("kafka")),
            self._job("templates", "newswire", "templates", "apply", needs=self._here("elasticsearch")),
            self._job("crawl-migrate", "newswire.crawl.migrate", needs=self._here("postgres")),
        )
        processes = stage_processes(self.given.stage_processes)
        return jobs + tuple(self._consumer(name, stage) for name, stage in processes.items())

    def _consumer(self, name: str, stage: str) -> Service:
        port = self.ports[name]
        return Service(
            name,
            (sys.executable, "-m", "consumers", stage),
            needs=("topics", *read_deployments()[stage].needs),
            ready=answering(f"http://127.0.0.1:{port}/readyz"),
            live=answering(f"http://127.0.0.1:{port}/livez"),
            dump_signal=signal.SIGUSR1,
            restart=True,
            ready_within=120,
            stop_within=20,
            environment=child_environment(**self._environment(stage), NEWSWIRE_METRICS_PORT=str(port)),
        )

    def _web(self) -> tuple[Service, ...]:
        port = self.ports["web"]
        service = Service(
            "web",
            (sys.executable, "-m", "newswire", "web", "--port", str(port)),
            needs=self._here("elasticsearch"),
            ready=answering(f"http://127.0.0.1:{port}/livez"),
            dump_signal=signal.SIGUSR1,
            restart=True,
            environment=child_environment(**self._environment(WEB)),
        )
        return (service,)

    def _job(self, name: str, module: str, *arguments: str, needs: tuple[str, ...]) -> Service:
        command = (sys.executable, "-m", module, *arguments)
        return Service(name, command, needs=needs, job=True, environment=child_environment(**self.environment))

    def _environment(self, user: str) -> dict[str, str]:
        """Return the settings of a process that has a user of its own at the Kafka here."""
        login = kafka_login(self.kafka_home, user) if "kafka" in self.parts else {}
        return self.environment | write_environment(login)

    def _here(self, *names: str) -> tuple[str, ...]:
        """Return the services of the needed parts that run here."""
        gates = {
            "postgres": (self.postgres.gate,),
            "kafka": tuple(service.name for service in self.access) or tuple(broker.name for broker in self.brokers),
        }
        return tuple(gate for name in names if name in self.parts for gate in gates.get(name, (name,)))
