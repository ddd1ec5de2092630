"""What docker-compose.yml gives Kafka and its jobs, on a real broker: only hosts, ports and folders are replaced."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from kafka import KafkaAdminClient

from newswire.errors import ConfigError
from newswire.kafka.access import MECHANISM, user_names
from newswire.kafka.clients import open_admin, open_producer
from newswire.settings import Settings, child_environment
from newswire.stack.jars import fetch
from newswire.stack.java_runtime import ENVIRONMENT, java
from newswire.stack.ports import spare_ports
from newswire.stack.probes import listening

SERVICES = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text("utf-8"))["services"]
USERS = {user: f"secret-of-{user}" for user in user_names()}

pytestmark = pytest.mark.servers


def environment_of(service, ports):
    """Return a service's variables as compose hands them over, with hosts and ports of this machine."""

    def here(text):
        text = re.sub(r"\$\{KAFKA_(\w+)_PASSWORD:\?[^}]*\}", lambda match: USERS[match[1].lower()], str(text))
        text = re.sub(r"(^|[/@])kafka:(\d+)", r"\g<1>127.0.0.1:\2", text)
        text = text.replace("://:", "://127.0.0.1:")
        return re.sub(r"\b909[234]\b", lambda match: str(ports[match[0]]), text)

    return {name: here(value) for name, value in SERVICES[service]["environment"].items()}


def property_of(variable):
    """Return the setting that the image makes of a variable: _ is a dot, __ an underscore, ___ a hyphen."""
    name = variable.removeprefix("KAFKA_").lower()
    return name.replace("_", ".").replace("...", "-").replace("..", "_")


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """Run the broker of the compose file; return its ports by those in the file."""
    folder = tmp_path_factory.mktemp("compose-kafka")
    ports = dict(zip(("9092", "9093", "9094"), spare_ports(3), strict=True))
    values = {property_of(name): value for name, value in environment_of("kafka", ports).items()}
    lines = (f"{name}={value}\n" for name, value in (values | {"log.dirs": folder / "data"}).items())
    properties = folder / "server.properties"
    properties.write_text("".join(lines), "utf-8")
    jars = fetch("kafka", Settings(_env_file=None).cache_dir / "jars")
    storage = ("kafka.tools.StorageTool", "format", "-t", "AAAAAAAAAAAAAAAAAAAAAA", "-c", str(properties))
    subprocess.run(java(("-Xmx128m",), jars, *storage), env=ENVIRONMENT, check=True, capture_output=True)
    log = folder / "kafka.log"
    with log.open("wb") as output:
        broker = subprocess.Popen(
            java(("-Xmx256m",), jars, "kafka.Kafka", str(properties)), env=ENVIRONMENT, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + 120
        while not asyncio.run(listening(ports["9092"])()):
            assert broker.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield ports
    finally:
        broker.terminate()
        broker.wait(60)


@pytest.fixture(scope="module")
def ready(ports, tmp_path_factory):
    """Run the jobs `kafka-access` and `topics` with the variables that the file gives them."""
    state = tmp_path_factory.mktemp("compose-state")
    (state / "users.json").write_text(json.dumps(USERS), "utf-8")
    for service in ("kafka-access", "topics"):
        command = [part.replace("/run/secrets/kafka-users", str(state / "users.json")) for part in commands_of(service)]
        variables = environment_of(service, ports) | {"NEWSWIRE_STATE_DIR": str(state)}
        subprocess.run(command, env=child_environment(**variables), check=True, capture_output=True)
    return ports


def commands_of(service):
    program, *arguments = SERVICES[service]["command"]
    return [sys.executable, *arguments] if program == "python" else [sys.executable, "-m", program, *arguments]


def settings_of(service, ports, **changes):
    variables = environment_of(service, ports)
    names = {name.removeprefix("NEWSWIRE_").lower(): value for name, value in variables.items() if "KAFKA" in name}
    return Settings(_env_file=None, **{name: names[name] for name in names if name.startswith("kafka_")} | changes)


def write(settings, topic):
    producer = open_producer(settings)
    try:
        return producer.send(topic, b"{}", b"key").get(20)
    finally:
        producer.close(5)


def test_a_stage_writes_what_it_may(ready):
    """Its variables, the users' file and the broker's settings fit together."""
    assert write(settings_of("parse", ready), "parsed-articles").topic == "parsed-articles"
    with pytest.raises(Exception, match="TopicAuthorizationFailed"):
        write(settings_of("parse", ready), "articles")


def test_the_port_for_others_knows_users_by_scram_only(ready):
    """It is published on loopback: the admin's other password is of no use there, and nobody is let in without one."""
    outside = {"kafka_bootstrap": f"127.0.0.1:{ready['9094']}"}
    login = {"kafka_sasl_username": "admin", "kafka_sasl_password": USERS["admin"]}
    open_admin(settings_of("topics", ready, **outside, **login, kafka_sasl_mechanism=MECHANISM)).close()
    with pytest.raises(ConfigError, match="has no PLAIN"):
        open_admin(settings_of("topics", ready, **outside, **login, kafka_sasl_mechanism="PLAIN"))


def test_every_port_wants_a_login(ready):
    """The controller's too, which is not published."""
    for port in ready.values():
        with pytest.raises(Exception, match=r"bootstrap|Kafka"):
            KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", bootstrap_timeout_ms=2_000)
