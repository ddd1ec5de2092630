"""The stack's commands with a real PostgreSQL, the quickest server: up, status, logs, down, and what kill -9 does."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
from rich.console import Console

from newswire.commands.status import read_status
from newswire.settings import STACK_ENV, Settings, child_environment
from newswire.stack.launch import start_stack, stop_stack
from newswire.stack.ports import is_free
from newswire.stack.postgres import Postgres, remove_outside_data
from newswire.stack.report import has_supervisor, read_report

pytestmark = pytest.mark.servers

PATIENCE_SECONDS = 60.0


class Stack:
    """A stack with one server in a folder of its own; the commands as a user would give them."""

    def __init__(self, folder):
        self.folder = folder
        self.given = Settings(_env_file=None, state_dir=folder)

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run a command in a process of its own."""
        command = [sys.executable, "-m", "newswire", *arguments]
        environment = child_environment(NEWSWIRE_STATE_DIR=str(self.folder))
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def up(self):
        """Start it, as `newswire up` does, but from here."""
        start_stack(self.given, Console(quiet=True), only=("postgres",))

    def down(self):
        """Stop it, as `newswire down` does, but from here."""
        stop_stack(self.folder)

    @property
    def report(self):
        """Return stack.json."""
        return read_report(self.folder)

    @property
    def server_pid(self) -> int:
        """Return the server's process."""
        return self.report["services"]["postgres"]["pid"]

    def query(self, text: str):
        """Ask the database by the address that the stack tells others."""
        dsn = Settings(_env_file=self.folder / STACK_ENV).postgres_dsn.get_secret_value()
        with psycopg.connect(dsn, autocommit=True) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else None


@pytest.fixture
def stack(tmp_path):
    stack = Stack(tmp_path / "state")
    yield stack
    stack.down()
    remove_outside_data(stack.folder)


def until(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def check_no_password_is_shown(stack, shown):
    """Output is kept by terminals and logs: it has the database's place, and where the password is."""
    dsn = Settings(_env_file=stack.folder / STACK_ENV).postgres_dsn.get_secret_value()
    place, password = dsn.rpartition("@")[2], dsn.rpartition("@")[0].rpartition(":")[2]
    assert place in shown
    assert f"password in {stack.folder / STACK_ENV}" in shown
    assert len(password) >= 32
    assert password not in shown


def test_up_status_logs_and_down(stack):
    """One life: up, up again, status, logs, doctor, down; afterwards no process and no port is left."""
    shown = stack.run("up", "--only", "postgres")
    assert "The stack is up" in shown
    first = stack.report
    check_no_password_is_shown(stack, shown)
    pids = [first["pid"], stack.server_pid]
    assert "The stack is up" in stack.run("up", "--only", "postgres")
    assert stack.report["pid"] == first["pid"], "the second up starts nothing"

    status = json.loads(stack.run("status", "--json"))
    assert status["is_up"]
    assert status["state_dir"] == str(stack.folder)
    assert (status["services"]["postgres"]["state"], status["services"]["postgres"]["is_live"]) == ("ready", True)
    assert stack.query("select current_user, current_database()") == [("newswire", "newswire")]
    assert "ready to accept connections" in stack.run("logs", "postgres")
    assert "There is no log of ghost" in stack.run("logs", "ghost", expect=2)
    findings = json.loads(stack.run("doctor", "--json"))
    assert {"python", "java", "disk", "memory", "ports", "jars"} <= {finding["topic"] for finding in findings}
    assert all(finding["mend"] for finding in findings if finding["level"] != "good")

    assert "The stack is stopped" in stack.run("down")
    assert not any(map(is_alive, pids))
    assert is_free(first["ports"]["postgres"])
    assert not json.loads(stack.run("status", "--json", expect=1))["is_up"]
    assert "Nothing was running" in stack.run("down")


def test_after_a_killed_supervisor_nothing_lives_on_and_no_row_is_lost(stack):
    """A kill -9 of the supervisor takes the server with it; the next up finds the data and the ports again."""
    stack.up()
    stack.query("create table kept as select 1 as row")
    ports, server = stack.report["ports"], stack.server_pid

    os.kill(stack.report["pid"], signal.SIGKILL)
    until(lambda: not has_supervisor(stack.folder) and not is_alive(server))

    assert read_status(stack.given)["state"] == "killed"
    stack.up()
    assert stack.report["ports"] == ports
    assert stack.query("select row from kept") == [(1,)]


def test_down_ends_what_a_killed_supervisor_left(stack):
    """A server that is stopped in its tracks cannot obey the kernel's signal: down ends it all the same."""
    stack.up()
    server = stack.server_pid
    os.kill(server, signal.SIGSTOP)
    os.kill(stack.report["pid"], signal.SIGKILL)
    until(lambda: not has_supervisor(stack.folder))
    assert is_alive(server)
    os.kill(server, signal.SIGCONT)

    stack.down()

    assert not is_alive(server)


def test_a_killed_server_comes_back(stack):
    """A kill -9 of PostgreSQL: the supervisor starts it again, and committed rows are there."""
    stack.up()
    stack.query("create table kept as select 1 as row")
    first = stack.server_pid

    os.kill(first, signal.SIGKILL)
    until(lambda: stack.server_pid not in (None, first) and stack.report["services"]["postgres"]["state"] == "ready")

    assert read_status(stack.given)["services"]["postgres"]["restarts"] == 1
    assert stack.query("select row from kept") == [(1,)]


def test_restart_stop_and_start_of_one_service(stack):
    """The commands wait for the outcome; status says what was stopped by hand, and how to undo it."""
    stack.up()
    control = Path(stack.report["control"])
    assert stat.S_IMODE(control.stat().st_mode) == 0o600
    first = stack.server_pid

    assert "postgres is ready" in stack.run("restart", "postg")
    assert stack.server_pid != first
    assert json.loads(stack.run("stop", "postgres", "--json"))["services"]["postgres"]["state"] == "stopped"
    status = stack.run("status", expect=1)
    assert "stopped by hand. Start it with: newswire start postgres" in status
    assert "Start it with: newswire up" not in status
    assert "postgres is stopped by hand" in stack.run("up", "--only", "postgres")
    assert "postgres is ready" in stack.run("start", "postgres")
    assert stack.query("select 1") == [(1,)]
    assert "There is no service ghost. The services are: " in stack.run("restart", "ghost", expect=2)

    stack.down()
    assert not control.exists()
    assert f"No stack runs in {stack.folder}" in stack.run("restart", "postgres", expect=1)


def test_a_service_that_cannot_come_back_is_failing_and_status_says_why(stack):
    """Its data is damaged while it runs: the reason, the last line and the next try are shown, and it recovers."""
    stack.up()
    data = Postgres(stack.folder / "postgres", port=0).data
    (data / "PG_VERSION").rename(data / "elsewhere")

    outcome = json.loads(stack.run("restart", "postgres", "--json", expect=1))
    assert outcome["services"]["postgres"]["problem"] == "ended with exit code 1"
    until(lambda: stack.report["services"]["postgres"]["state"] == "failing")
    found = json.loads(stack.run("status", "--json", expect=1))["services"]["postgres"]
    assert "not a valid data directory" in found["last_error"]
    assert found["next_try_at"] > time.time() - 60
    assert "newswire start postgres" in found["advice"]

    (data / "elsewhere").rename(data / "PG_VERSION")
    assert "postgres is ready" in stack.run("start", "postgres")
    assert json.loads(stack.run("status", "--json"))["is_up"]


def test_status_asks_now_and_does_not_trust_the_supervisors_memory(stack):
    """A server that hangs since a moment ago is shown as hung, and a hung supervisor too."""
    stack.up()
    os.kill(stack.server_pid, signal.SIGSTOP)
    try:
        found = json.loads(stack.run("status", "--json", expect=1))["services"]["postgres"]
        assert (found["state"], found["is_live"]) == ("ready", False)
        assert "newswire restart postgres" in found["advice"]
    finally:
        os.kill(stack.server_pid, signal.SIGCONT)
    os.kill(stack.report["pid"], signal.SIGSTOP)
    try:
        status = json.loads(stack.run("status", "--json", expect=1))
        assert "does not answer" in status["supervisor_error"]
        assert "newswire down, newswire up" in status["advice"]
    finally:
        os.kill(stack.report["pid"], signal.SIGCONT)


def test_status_in_a_folder_without_a_stack_says_where_it_looked(stack):
    """From the wrong folder the way out is the right one, not `up`."""
    stack.folder.mkdir()
    status = stack.run("status", expect=1)
    assert f"The stack in {stack.folder} is stopped" in status
    assert "NEWSWIRE_STATE_DIR" in status


def test_a_port_taken_since_the_last_run_is_replaced(stack):
    """Somebody else has our port at the next start: another is chosen, and others are told."""
    stack.up()
    port = stack.report["ports"]["postgres"]
    stack.down()

    with socket.create_server(("127.0.0.1", port)):
        stack.up()
        assert stack.report["ports"]["postgres"] != port
        assert stack.query("select 1") == [(1,)]


def test_two_checkouts_run_side_by_side(stack, tmp_path):
    """Each has its own ports and its own data."""
    other = Stack(tmp_path / "other")
    try:
        stack.up()
        other.up()
        other.query("create table only_here (row int)")
        assert other.report["ports"]["postgres"] != stack.report["ports"]["postgres"]
        assert stack.query("select count(*) from pg_tables where tablename = 'only_here'") == [(0,)]
    finally:
        other.down()
        remove_outside_data(other.folder)


def test_a_first_start_that_was_cut_off_begins_anew(stack):
    """Half a data folder, as a kill -9 of initdb leaves it, is put aside."""
    postgres = Postgres(stack.folder / "postgres", port=0)
    postgres.prepare()
    (postgres.data / "PG_VERSION").write_text("18\n")

    stack.up()

    assert stack.query("select 1") == [(1,)]


def test_a_server_that_cannot_start_is_one_clear_message(stack):
    """Damaged data: the message has the server, its log's end and its place; nothing is left running."""
    stack.up()
    stack.down()
    data = Postgres(stack.folder / "postgres", port=0).data
    (data / "global" / "pg_control").unlink()

    message = stack.run("up", "--only", "postgres", expect=1)

    assert "newswire: postgres ended with exit code" in message
    assert "pg_control" in message
    assert str(stack.folder / "logs" / "postgres.log") in message
    assert not has_supervisor(stack.folder)


def test_servers_of_a_killed_test_run_end(tmp_path):
    """The `servers` fixture's stack ends with the pytest process, even after kill -9."""
    state = tmp_path / "state"
    code = (
        "import sys, time; from pathlib import Path; from newswire.stack.session import start_servers\n"
        f"with start_servers(Path({str(state)!r}), ('postgres',)):\n  print('up', flush=True); time.sleep(600)"
    )
    test_run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert test_run.stdout.readline() == b"up\n"
    server = read_report(state)["services"]["postgres"]["pid"]

    test_run.kill()
    test_run.communicate()

    until(lambda: not is_alive(server) and not has_supervisor(state))
    remove_outside_data(state)
