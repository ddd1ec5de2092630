"""The health check that the compose file gives Kafka, against a real broker."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "deploy/kafka-health.sh"

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(shutil.which("bash") is None, reason="the check is a script for bash, which the image has"),
]


def check(port: int) -> int:
    return subprocess.run(["bash", SCRIPT, str(port)], capture_output=True, timeout=30, check=False).returncode


def test_a_broker_that_answers_is_healthy(server_settings):
    """One request, one answer, no JVM."""
    assert check(int(server_settings.kafka_bootstrap.rpartition(":")[2])) == 0


def test_a_closed_port_and_one_that_never_answers_are_not():
    """The kernel accepts connections for a broker that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert check(port) != 0
    assert check(port) != 0


def test_another_server_is_not_a_broker(server_settings):
    """What PostgreSQL answers is no answer to the request."""
    assert check(int(server_settings.postgres_dsn.get_secret_value().rpartition(":")[2].partition("/")[0])) != 0
