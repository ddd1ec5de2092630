"""Airflow as services of the stack: secrets, environment and health, without starting it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import stat
from graphlib import TopologicalSorter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from newswire.settings import Settings
from newswire.stack.airflow import AirflowHealth, airflow_password, airflow_services, kafka_connection


@pytest.fixture
def services(tmp_path):
    """Return a function that describes Airflow in the same home each time."""

    def describe(**environment):
        made = airflow_services(
            Settings(dags_dir=tmp_path / "dags", sources_dirs=(tmp_path / "sources",)),
            home=tmp_path / "airflow",
            port=18888,
            database_url="postgresql://airflow:pw@127.0.0.1:5432/airflow",
            needs=("databases",),
            environment=environment,
        )
        return {service.name: service for service in made}

    return describe


def test_secrets_are_made_once_and_only_their_owner_reads_them(services, tmp_path):
    """Keys and passwords are random, kept for the next start, and mode 0600 in a folder of mode 0700."""
    first = services()["airflow-api"].environment
    home = tmp_path / "airflow"
    for name in ("secrets.json", "passwords.json"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert services()["airflow-api"].environment == first
    assert len(airflow_password(home)) >= 12
    assert airflow_password(home) != airflow_password(home, "viewer")


def test_all_components_share_their_keys(services):
    """A key that one component made up by itself would lock out the others."""
    environments = [service.environment for service in services().values()]
    for key in ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API__SECRET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET"):
        assert len({environment[key] for environment in environments}) == 1
        assert environments[0][key]


def test_a_developers_own_airflow_does_not_leak_in(services, monkeypatch):
    """Inherited AIRFLOW* variables are dropped; what the stack gives its processes arrives."""
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW__CORE__PLUGINS_FOLDER", "/somewhere")
    environment = services(NEWSWIRE_STATE_DIR="/state")["airflow-scheduler"].environment
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AIRFLOW__CORE__PLUGINS_FOLDER" not in environment
    assert environment["NEWSWIRE_STATE_DIR"] == "/state"
    assert environment["PATH"] == os.environ["PATH"]


def test_nothing_listens_beyond_loopback(services):
    """The API binds to 127.0.0.1, and the log servers of scheduler and triggerer, which would not, are off."""
    made = services()
    assert made["airflow-api"].command[-5:-2] == ("127.0.0.1", "--port", "18888")
    for name in ("airflow-scheduler", "airflow-triggerer"):
        assert "--skip-serve-logs" in made[name].command


def test_passwords_stay_out_of_command_lines(services, tmp_path):
    """Every user of the machine can read a process's arguments."""
    commands = " ".join(word for service in services().values() for word in service.command)
    kept = [json.loads((tmp_path / "airflow" / name).read_text()) for name in ("secrets.json", "passwords.json")]
    for secret in ("postgresql://", *kept[0].values(), *kept[1].values()):
        assert secret not in commands


def test_the_migration_comes_first_and_the_pools_last(services):
    """The order of the start: database, migration, components, and pools once the API answers."""
    made = services()
    order = list(TopologicalSorter({name: service.needs for name, service in made.items()}).static_order())
    assert order[:2] == ["databases", "airflow-migrate"]
    assert order.index("airflow-pools") > order.index("airflow-api")
    assert made["airflow-migrate"].job
    assert made["airflow-pools"].job
    assert all(service.restart or service.job for service in made.values())


def test_the_watcher_of_requests_never_commits_by_itself(tmp_path):
    """The offset moves once Airflow has stored the event; secrets go in only where they are set."""
    settings = Settings(kafka_bootstrap="k:9092", topic_prefix="t-")
    extra = json.loads(kafka_connection(settings))["extra"]
    assert extra["enable.auto.commit"] == "false"
    assert extra["bootstrap.servers"] == "k:9092"
    assert extra["group.id"] == "t-crawl_source"
    assert "sasl.password" not in extra
    secured = settings.model_copy(update={"kafka_sasl_username": "u", "kafka_sasl_mechanism": "PLAIN"})
    assert json.loads(kafka_connection(secured))["extra"]["sasl.username"] == "u"


@pytest.fixture
def report():
    """Airflow's health report as a dictionary that a test changes, and the address that serves it."""
    answers = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps(answers).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield answers, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_component_is_ready_when_it_has_said_so_since_the_start(report):
    """The heartbeat of the stack before this one, a second ago, does not count."""
    answers, url = report

    def is_ready(part="scheduler", **of_part):
        answers[part] = of_part
        return asyncio.run(AirflowHealth(url).of(part)())

    now = dt.datetime.now(dt.UTC)
    old, new = (now + dt.timedelta(seconds=s) for s in (-1, 60))
    assert not is_ready(status="healthy", latest_scheduler_heartbeat=old.isoformat())
    assert is_ready(status="healthy", latest_scheduler_heartbeat=new.isoformat())
    assert not is_ready(status="unhealthy", latest_scheduler_heartbeat=new.isoformat())
    assert not is_ready(status="unhealthy", latest_scheduler_heartbeat=None)
    assert is_ready("metadatabase", status="healthy")


def test_health_is_false_while_nothing_answers():
    """A probe before the API server listens is no error."""
    assert not asyncio.run(AirflowHealth("http://127.0.0.1:9").of("scheduler")())


def test_a_component_is_live_unless_the_report_is_against_it(report):
    """A hung scheduler is found; when the API or its database is away, no other component is to blame for it."""
    answers, url = report

    def is_live(part="scheduler", at=url, **statuses):
        answers.clear()
        answers.update({name: {"status": status} for name, status in statuses.items()})
        return asyncio.run(AirflowHealth(at).live(part)())

    assert is_live(metadatabase="healthy", scheduler="healthy")
    assert not is_live(metadatabase="healthy", scheduler="unhealthy")
    assert is_live(metadatabase="unhealthy", scheduler="unhealthy")
    assert is_live(at="http://127.0.0.1:9")
    assert is_live("metadatabase", metadatabase="unhealthy")
    assert not is_live("metadatabase", at="http://127.0.0.1:9")


def test_probes_that_ask_at_the_same_time_get_the_same_answer(report):
    """A hung scheduler must not pass for live because the answer to another component's probe is still to come."""
    answers, url = report
    answers.update({name: {"status": "healthy"} for name in ("metadatabase", "dag_processor", "triggerer")})
    answers["scheduler"] = {"status": "unhealthy"}

    async def ask() -> list[bool]:
        health = AirflowHealth(url)
        return await asyncio.gather(*(health.live(part)() for part in ("dag_processor", "scheduler", "triggerer")))

    assert asyncio.run(ask()) == [True, False, True]
