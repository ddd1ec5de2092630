"""docker-compose.yml against the code that its commands, variables, ports and mounts name."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from consumers.pipeline import DEPLOYMENTS, STAGES
from newswire.kafka.access import ADMIN, DOWNSTREAM, MECHANISM, user_names
from newswire.settings import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]


def test_it_is_valid_compose():
    """The file satisfies the Compose Specification's schema."""
    tool = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run(
        [tool, "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_stage_has_a_service_and_every_service_a_stage():
    """The table of stages and the file name the same consumers."""
    running = [
        service["command"][-1]
        for service in SERVICES.values()
        if service.get("command", [])[:3] == ["python", "-m", "consumers"]
    ]
    assert running == list(STAGES)


@pytest.mark.parametrize("name", SERVICES)
def test_its_command_exists(name):
    """A command of ours is a command of the CLI or a module that can be run."""
    command = SERVICES[name].get("command", [])
    if command[:1] == ["newswire"]:
        (entry,) = entry_points(group="newswire.commands", name=command[1])
        loaded = entry.load()
        known = getattr(loaded, "commands", None) or {option for param in loaded.params for option in param.opts}
        assert command[2] in known
    if command[:2] == ["python", "-m"]:
        assert find_spec(command[2])


def test_every_variable_of_ours_is_a_setting():
    """No NEWSWIRE_ variable is a typing error."""
    named = set(re.findall(r"NEWSWIRE_([A-Z_]+):", TEXT))
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_every_secret_is_made_by_make_env(tmp_path):
    """Each ${VARIABLE} must be set, and deploy/make_env.py sets it; a second run changes nothing."""
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy/make_env.py"
    script.write_bytes((ROOT / "deploy/make_env.py").read_bytes())
    subprocess.run([sys.executable, script], check=True, capture_output=True)
    env = (tmp_path / ".env").read_text("utf-8")
    logins = (tmp_path / ".secrets/kafka-users.json").read_text("utf-8")
    subprocess.run([sys.executable, script], check=True, capture_output=True)
    assert (tmp_path / ".secrets/kafka-users.json").read_text("utf-8") == logins
    assert (tmp_path / ".env").read_text("utf-8") == env
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / ".secrets/airflow-passwords.json").read_text("utf-8"))["admin"]
    values = dict(line.split("=", 1) for line in env.splitlines())
    users = json.loads((tmp_path / ".secrets/kafka-users.json").read_text("utf-8"))
    assert set(users) == set(user_names())
    assert {name: values[f"KAFKA_{name.upper()}_PASSWORD"] for name in users if name != DOWNSTREAM} == {
        name: password for name, password in users.items() if name != DOWNSTREAM
    }
    made = set(values)
    asked = re.findall(r"(?<!\$)\$\{(\w+)(:\?[^}]*)?\}", TEXT)
    assert {name for name, _ in asked} == made
    assert all(guard for _, guard in asked)


def test_ports_are_on_loopback_and_images_are_pinned():
    """Nothing listens beyond this machine, and no image moves by itself."""
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?(\$\{[A-Z]+_DIGEST:-\})?", service["image"])
        assert ("build" in service) != ("_DIGEST:-}" in service["image"]), (
            "an image of others can be pinned by its digest"
        )


def test_the_images_that_ours_are_built_from_can_be_pinned():
    """The digests of the Dockerfile's images come from the same variables."""
    text = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    bases = re.findall(r"^FROM (\S+) AS", text, re.MULTILINE)
    assert [base for base in bases if not re.fullmatch(r"[\w/]+:\d+\.\d+\.\d+-[\w.-]+\$\{[A-Z]+_DIGEST\}", base)] == []
    named = set(re.findall(r"\$\{([A-Z]+_DIGEST)\}", text))
    for service in SERVICES.values():
        arguments = service.get("build", {}).get("args", {})
        assert arguments == {name: f"${{{name}:-}}" for name in arguments}
        assert set(arguments) <= named
    assert named == {name for service in SERVICES.values() for name in service.get("build", {}).get("args", {})}


WRITES_ITS_ROOT = {"elasticsearch"}
CAPABILITIES = {"postgres": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"]}


@pytest.mark.parametrize("name", SERVICES)
def test_it_is_confined(name):
    """No capabilities, no new privileges, a root that cannot be written, limits: a break-in stays in its container."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == CAPABILITIES.get(name, [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (name not in WRITES_ITS_ROOT)
    assert any(place.split(":")[0] == "/tmp" for place in service["tmpfs"]) is service["read_only"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert 0 < service["pids_limit"] <= 1024
    assert not {"privileged", "network_mode", "pid", "ipc", "devices"} & set(service)


def test_memory_limits_leave_room_for_the_heaps():
    """A server is not ended for memory that it was told to take."""
    options = SERVICES["elasticsearch"]["environment"]["ES_JAVA_OPTS"]
    assert options == "-Xms1g -Xmx1g"
    assert SERVICES["elasticsearch"]["mem_limit"] == SERVICES["kafka"]["mem_limit"] == "2g"  # Kafka's heap is 1 GiB


SECRETS = {
    "postgres": {"POSTGRES_PASSWORD", "AIRFLOW_DB_PASSWORD", "CRAWL_DB_PASSWORD"},
    "kafka": {"KAFKA_ADMIN_PASSWORD"},
    "kafka-access": {"KAFKA_ADMIN_PASSWORD"},
    "elasticsearch": {"ELASTIC_PASSWORD"},
    "elasticsearch-setup": {"ELASTIC_PASSWORD", "KIBANA_PASSWORD", "INDEX_PASSWORD"},
    "kibana": {"KIBANA_PASSWORD", "KIBANA_ENCRYPTION_KEY"},
    "kibana-setup": {"ELASTIC_PASSWORD"},
    "topics": {"KAFKA_ADMIN_PASSWORD"},
    "templates": {"INDEX_PASSWORD"},
    "crawl-state": {"CRAWL_DB_PASSWORD"},
    "takedown": {"KAFKA_ADMIN_PASSWORD", "INDEX_PASSWORD", "CRAWL_DB_PASSWORD"},
    "web": {"INDEX_PASSWORD", "CRAWL_DB_PASSWORD", "KAFKA_WEB_PASSWORD"},
}
AIRFLOW = {"AIRFLOW_FERNET_KEY", "AIRFLOW_DB_PASSWORD"}
TASKS = {"AIRFLOW_API_SECRET", "AIRFLOW_JWT_SECRET", "INDEX_PASSWORD", "CRAWL_DB_PASSWORD", "KAFKA_CRAWL_PASSWORD"}
SECRETS |= {
    "airflow-apiserver": AIRFLOW | TASKS,
    "airflow-scheduler": AIRFLOW | TASKS,
    "airflow-triggerer": AIRFLOW | {"AIRFLOW_API_SECRET", "KAFKA_CRAWL_PASSWORD"},
}
NEEDED_SECRETS = {"templates": {"INDEX_PASSWORD"}, "crawl-migrate": {"CRAWL_DB_PASSWORD"}}


@pytest.mark.parametrize("name", SERVICES)
def test_it_has_its_own_secrets_only(name):
    """Parse reads pages that anybody can write: it must not hold the password of a database that it never asks."""
    if name in DEPLOYMENTS:
        expected = {secret for need in DEPLOYMENTS[name].needs for secret in NEEDED_SECRETS[need]}
        expected.add(f"KAFKA_{name.upper()}_PASSWORD")
    else:
        expected = SECRETS.get(name, AIRFLOW if name.startswith("airflow-") else None)
    held = re.findall(r"\$\{(\w+):\?", json.dumps(SERVICES[name].get("environment", {})))
    assert set(held) == expected
    files = {"airflow-apiserver": ["airflow-passwords"], "kafka-access": ["kafka-users"]}
    assert SERVICES[name].get("secrets", []) == files.get(name, [])


@pytest.mark.parametrize("name", SERVICES)
def test_it_logs_in_to_kafka_as_itself(name):
    """A stage has its own user, so that Kafka can hold it to its own topics."""
    user = SERVICES[name].get("environment", {}).get("NEWSWIRE_KAFKA_SASL_USERNAME")
    others = {"kafka-access": "admin", "topics": "admin", "takedown": "admin", "web": "web"}
    crawling = {"airflow-apiserver", "airflow-scheduler", "airflow-triggerer"}
    assert user == (name if name in DEPLOYMENTS else "crawl" if name in crawling else others.get(name))


def test_the_crawls_connection_is_the_same_login():
    """The triggerer watches requests with librdkafka, which has names of its own for the settings."""
    environment = SERVICES["airflow-triggerer"]["environment"]
    extra = json.loads(environment["AIRFLOW_CONN_KAFKA_CRAWL_REQUESTS"])["extra"]
    assert extra["sasl.username"] == environment["NEWSWIRE_KAFKA_SASL_USERNAME"]
    assert extra["sasl.password"] == environment["NEWSWIRE_KAFKA_SASL_PASSWORD"]
    assert extra["sasl.mechanism"] == environment["NEWSWIRE_KAFKA_SASL_MECHANISM"] == MECHANISM
    assert extra["security.protocol"] == environment["NEWSWIRE_KAFKA_SECURITY_PROTOCOL"] == "SASL_PLAINTEXT"


def test_kafka_has_no_listener_without_a_login():
    """And grants nobody what no rule allows."""
    environment = SERVICES["kafka"]["environment"]
    protocols = dict(pair.split(":") for pair in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
    listeners = [listener.split(":")[0] for listener in environment["KAFKA_LISTENERS"].split(",")]
    assert {name: protocols[name] for name in listeners} == dict.fromkeys(listeners, "SASL_PLAINTEXT")
    assert environment["KAFKA_ALLOW_EVERYONE_IF_NO_ACL_FOUND"] == "false"
    assert environment["KAFKA_SUPER_USERS"] == f"User:{ADMIN}"


def test_no_health_check_starts_a_jvm():
    """Kafka's scripts start one each time, every ten seconds."""
    for name, service in SERVICES.items():
        assert "/opt/kafka/bin" not in json.dumps(service.get("healthcheck", {})), name


def test_every_mount_of_ours_exists():
    """A bind mount names a file or folder of this repository."""
    mounts = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    ours = {mount for mount in mounts if mount.startswith("./")}
    assert ours
    assert all((ROOT / mount).exists() for mount in ours)
    assert mounts - ours == set(COMPOSE["volumes"])


def test_every_long_running_service_has_a_health_check():
    """What is not a one-shot job says whether it is well."""
    for name, service in SERVICES.items():
        assert service["restart"] == "on-failure:5" or "healthcheck" in service, name


def test_dependencies_name_services():
    """depends_on points at services of the file, and waits for health or completion."""
    for service in SERVICES.values():
        for needed, condition in service.get("depends_on", {}).items():
            job = SERVICES[needed]["restart"] == "on-failure:5"
            assert condition["condition"] == ("service_completed_successfully" if job else "service_healthy")
