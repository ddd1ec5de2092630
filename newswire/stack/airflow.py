"""Airflow as services of the embedded stack: its secrets, its settings, its four components and their health."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from newswire.settings import Settings, child_environment
from newswire.stack.probes import fetch_page
from newswire.stack.service import Probe, Service

PYTHON = (sys.executable, "-m")
ASK_TIMEOUT_SECONDS = 10.0
ASK_EVERY_SECONDS = 0.5
LIVE_TIMEOUT_SECONDS = 4.0  # less than a person who asks for the status waits
USERS = ("admin", "viewer")
DATABASE = "metadatabase"  # as the health report calls it
COMPONENTS = {  # service name -> (arguments, its name in Airflow's health report)
    # Without --skip-serve-logs scheduler and triggerer serve logs on every interface.
    "airflow-scheduler": (("scheduler", "--skip-serve-logs"), "scheduler"),
    "airflow-dag-processor": (("dag-processor",), "dag_processor"),
    "airflow-triggerer": (("triggerer", "--skip-serve-logs", "--capacity", "50"), "triggerer"),
}


def airflow_services(
    settings: Settings,
    *,
    home: Path,
    port: int,
    database_url: str,
    needs: tuple[str, ...],
    environment: Mapping[str, str],
) -> tuple[Service, ...]:
    """Return Airflow's services: migrate, api-server, scheduler, dag-processor, triggerer, pools.

    Args:
        settings: where the DAGs, the sources and Kafka are.
        home: AIRFLOW_HOME; secrets are made here at the first call and kept.
        port: of the web pages and the API, on loopback.
        database_url: `postgresql://user:password@host:port/name` of Airflow's own database.
        needs: the services that must be ready before the migration.
        environment: what every process of the stack gets (NEWSWIRE_*).
    """
    url = f"http://127.0.0.1:{port}"
    child = child_environment(**environment, **airflow_environment(settings, home, port, database_url))
    api = {"NEWSWIRE_AIRFLOW_URL": url, "NEWSWIRE_AIRFLOW_PASSWORD": airflow_password(home)}
    health = AirflowHealth(url)
    web = ("api-server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    components = {"airflow-api": (web, "metadatabase"), **COMPONENTS}
    return (
        Service(
            "airflow-migrate",
            command=(*PYTHON, "newswire.airflow.migrate", str(home)),
            needs=needs,
            job=True,
            ready_within=300,
            environment={**child, "NEWSWIRE_AIRFLOW_DATABASE_URL": database_url},
        ),
        *(_component(name, arguments, part, health, child) for name, (arguments, part) in components.items()),
        Service(
            "airflow-pools",
            command=(*PYTHON, "newswire.airflow.pools"),
            needs=("airflow-api",),
            job=True,
            environment={**child, **api},
        ),
    )


def _component(
    name: str, arguments: tuple[str, ...], part: str, health: AirflowHealth, environment: Mapping[str, str]
) -> Service:
    """Return one of Airflow's processes that run for good; `part` is its name in Airflow's own health report."""
    return Service(
        name,
        command=(*PYTHON, "newswire.airflow.launch", *arguments),
        needs=("airflow-migrate",),
        ready=health.of(part),
        live=health.live(part),
        dump_signal=signal.SIGUSR1,
        restart=True,
        ready_within=180,
        stop_within=20,
        environment=environment,
    )


def airflow_environment(settings: Settings, home: Path, port: int, database_url: str) -> dict[str, str]:
    """Return every AIRFLOW* variable; nothing is left to an airflow.cfg that Airflow would make up."""
    keys = _secrets(home)
    url = f"http://127.0.0.1:{port}"
    database = "postgresql+psycopg://" + database_url.partition("://")[2]
    sections: dict[str, dict[str, object]] = {
        "CORE": {
            "DAGS_FOLDER": settings.dags_dir.resolve(),
            "LOAD_EXAMPLES": False,
            "EXECUTOR": "LocalExecutor",
            "PARALLELISM": 4,
            "DAGS_ARE_PAUSED_AT_CREATION": False,
            "FERNET_KEY": keys["fernet"],
            "SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{user}" for user in USERS),
            "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": home / "passwords.json",
            "HOSTNAME_CALLABLE": "socket.gethostname",  # the default asks DNS
        },
        "API": {
            "HOST": "127.0.0.1",
            "PORT": port,
            "BASE_URL": url,  # workers find the execution API by it
            "WORKERS": 1,
            "SECRET_KEY": keys["api"],
        },
        "API_AUTH": {"JWT_SECRET": keys["jwt"]},
        "DATABASE": {"SQL_ALCHEMY_CONN": database, "SQL_ALCHEMY_CONN_ASYNC": database},
        "SCHEDULER": {
            "SCHEDULER_IDLE_SLEEP_TIME": 0.2,  # a lone task starts in half a second, not in two
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT": 30,
            "TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 5,
            "ORPHANED_TASKS_CHECK_INTERVAL": 20,
            "SCHEDULER_HEALTH_CHECK_THRESHOLD": 20,
        },
        "WORKERS": {"MIN_HEARTBEAT_INTERVAL": 1},  # bounds the stall of a finished task's supervisor
        "DAG_PROCESSOR": {"PARSING_PROCESSES": 1, "REFRESH_INTERVAL": 10, "MIN_FILE_PROCESS_INTERVAL": 30},
        "LOGGING": {"COLORED_CONSOLE_LOG": False},
    }
    variables = {f"AIRFLOW__{section}__{key}": str(v) for section, keys in sections.items() for key, v in keys.items()}
    return variables | {"AIRFLOW_HOME": str(home), "AIRFLOW_CONN_KAFKA_CRAWL_REQUESTS": kafka_connection(settings)}


def kafka_connection(settings: Settings) -> str:
    """Return the Airflow connection, as JSON, through which `crawl-requests` is watched."""
    password = settings.kafka_sasl_password
    extra = {
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": settings.kafka_security_protocol,
        "sasl.mechanism": settings.kafka_sasl_mechanism,
        "sasl.username": settings.kafka_sasl_username,
        "sasl.password": password.get_secret_value() if password else None,
        "ssl.ca.location": str(settings.kafka_ssl_cafile) if settings.kafka_ssl_cafile else None,
        "group.id": f"{settings.topic_prefix}crawl_source",
        "enable.auto.commit": "false",  # the offset is committed once the event is stored
        "auto.offset.reset": "earliest",
        "reconnect.backoff.ms": 500,  # the client logs every attempt while the broker is away
        "reconnect.backoff.max.ms": 5000,
    }
    return json.dumps(
        {"conn_type": "kafka", "extra": {key: value for key, value in extra.items() if value is not None}}
    )


def airflow_password(home: Path, user: str = "admin") -> str:
    """Return the password of a user of the embedded Airflow."""
    _secrets(home)
    passwords: dict[str, str] = json.loads((home / "passwords.json").read_text("utf-8"))
    return passwords[user]


def _secrets(home: Path) -> dict[str, str]:
    """Make the keys and passwords at the first call; all components must share them, so they are kept."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _keep(home / "passwords.json", {user: secrets.token_urlsafe(12) for user in USERS})
    return _keep(
        home / "secrets.json",
        {
            "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "api": secrets.token_urlsafe(32),
            "jwt": secrets.token_urlsafe(64),
        },
    )


def _keep(path: Path, fresh: dict[str, str]) -> dict[str, str]:
    if not path.exists():
        half = path.with_suffix(".new")
        half.unlink(missing_ok=True)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(fresh, file)
        half.rename(path)
    kept: dict[str, str] = json.loads(path.read_text("utf-8"))
    return kept


class AirflowHealth:
    """Airflow's own health report, asked at most twice a second however many probes look at it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.since = dt.datetime.now(dt.UTC)
        self._asked = 0.0
        self._question: asyncio.Task[dict[str, dict[str, str]]] | None = None

    def of(self, part: str) -> Probe:
        """Return the probe of one component."""

        async def probe() -> bool:
            report = (await self._fresh()).get(part, {})
            beat = report.get(f"latest_{part}_heartbeat")
            # Right after a restart the report still calls the predecessor healthy.
            is_ours = part == DATABASE or (beat is not None and dt.datetime.fromisoformat(beat) >= self.since)
            return is_ours and report.get("status") == "healthy"

        return probe

    def live(self, part: str) -> Probe:
        """Return the liveness probe of one component: without a report nothing is known against it.

        The report comes from the API server and its database; while these are away, no other component is to blame.
        """

        async def api_probe() -> bool:
            return await fetch_page(f"{self.url}/api/v2/monitor/health", ASK_TIMEOUT_SECONDS) is not None

        async def probe() -> bool:
            try:
                report = await asyncio.wait_for(self._fresh(), LIVE_TIMEOUT_SECONDS)
            except TimeoutError:
                report = {}
            is_known = report.get(DATABASE, {}).get("status") == "healthy"
            return not is_known or report.get(part, {}).get("status") == "healthy"

        return api_probe if part == DATABASE else probe

    async def _fresh(self) -> dict[str, dict[str, str]]:
        is_under_way = self._question is not None and not self._question.done()
        if self._question is None or (not is_under_way and time.monotonic() - self._asked >= ASK_EVERY_SECONDS):
            self._asked = time.monotonic()
            self._question = asyncio.create_task(self._ask())
        return await asyncio.shield(self._question)  # other probes wait for the same answer

    async def _ask(self) -> dict[str, dict[str, str]]:
        # The first request to the tasks' API builds its routes for seconds: no task should have to wait for it.
        if await fetch_page(f"{self.url}/execution/health", ASK_TIMEOUT_SECONDS) is None:
            return {}
        page = await fetch_page(f"{self.url}/api/v2/monitor/health", ASK_TIMEOUT_SECONDS)
        report: dict[str, dict[str, str]] = json.loads(page) if page else {}
        return report
