"""The whole product, started once for all tests of this folder, in a state directory of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from newswire.settings import Settings, child_environment
from newswire.stack.report import read_report

NEWSWIRE = (sys.executable, "-m", "newswire")


class Product:
    """The stack in a folder, driven as a person would: by its command."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.environment = child_environment(NEWSWIRE_STATE_DIR=str(state_dir), COLUMNS="160")

    def command(self, *arguments: str, timeout_seconds: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*NEWSWIRE, *arguments],
            env=self.environment, capture_output=True, text=True, timeout=timeout_seconds, check=False,
        )  # fmt: skip

    def module(self, *arguments: str, timeout_seconds: float = 240) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            env=self.environment, capture_output=True, text=True, timeout=timeout_seconds, check=False,
        )  # fmt: skip

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*NEWSWIRE, *arguments], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    @property
    def settings(self) -> Settings:
        return Settings(_env_file=self.state_dir / "stack.env", state_dir=self.state_dir)

    def service(self, name: str) -> dict[str, object]:
        return read_report(self.state_dir)["services"][name]

    def count_fetched(self) -> int:
        """How many addresses have been fetched; 0 while PostgreSQL is not there."""
        try:
            with psycopg.connect(self.settings.postgres_dsn.get_secret_value(), connect_timeout=3) as connection:
                row = connection.execute("select count(*) from urls where fetched_at is not null").fetchone()
        except (psycopg.Error, FileNotFoundError):
            return 0
        return row[0] if row else 0

    def access_log(self) -> list[dict[str, object]]:
        lines = (self.state_dir / "demo/access.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def wait_for():
    """Ask until it is so; the answer is returned."""

    def wait(condition, what: str, within_seconds: float = 120):
        deadline = time.monotonic() + within_seconds
        while not (answer := condition()):
            assert time.monotonic() < deadline, f"waited {within_seconds} s for {what}"
            time.sleep(0.1)
        return answer

    return wait


@pytest.fixture(scope="session")
def product(tmp_path_factory):
    """A product that is not started yet; whatever a test leaves running is stopped."""
    product = Product(tmp_path_factory.mktemp("product"))
    yield product
    product.command("down")
