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

from consumers.pipeline import STAGES
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
    subprocess.run([sys.executable, script], check=True, capture_output=True)
    assert (tmp_path / ".env").read_text("utf-8") == env
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / ".secrets/airflow-passwords.json").read_text("utf-8"))["admin"]
    made = {line.split("=")[0] for line in env.splitlines()}
    asked = re.findall(r"(?<!\$)\$\{(\w+)(:\?[^}]*)?\}", TEXT)
    assert {name for name, _ in asked} == made
    assert all(guard for _, guard in asked)


def test_ports_are_on_loopback_and_images_are_pinned():
    """Nothing listens beyond this machine, and no image moves by itself."""
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert re.search(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$", service["image"])


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
