"""Commands to the supervisor: which services a name means, and a socket that works wherever the state folder is."""

from __future__ import annotations

import asyncio
import stat
import sys

import pytest

from newswire.errors import ConfigError, StackError
from newswire.stack.control import command_services, find_services
from newswire.stack.control_server import open_control
from newswire.stack.report import StackReport, only_supervisor, write_report
from newswire.stack.service import Service
from newswire.stack.supervisor import Supervisor

READY = ("kafka", "parse-1", "parse-2", "postgres", "airflow-api", "airflow-scheduler")
PRESENT = {name: {"state": "ready"} for name in READY} | {"airflow-pools": {"state": "done"}}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("kafka", ["kafka"]),
        ("parse", ["parse-1", "parse-2"]),
        ("parse-2", ["parse-2"]),
        ("par", ["parse-1", "parse-2"]),
        ("postg", ["postgres"]),
        ("airflow", ["airflow-api", "airflow-scheduler"]),
        ("airflow-pools", ["airflow-pools"]),
    ],
)
def test_a_name_means_a_service_or_all_processes_of_a_stage(name, meant):
    """As `logs` has it; what is done already is not meant unless it is named."""
    assert find_services(PRESENT, name) == meant


@pytest.mark.parametrize(("name", "answer"), [("p", "p may be parse-1, parse-2, postgres"), ("x", "no service x")])
def test_an_unclear_name_stops_nothing(name, answer):
    """A beginning that several share is asked about."""
    with pytest.raises(ConfigError, match=answer):
        find_services(PRESENT, name)


@pytest.mark.parametrize("depth", [1, 120], ids=["short", "long"])
def test_the_supervisor_takes_commands_wherever_its_folder_is(tmp_path, depth):
    """A socket's path is limited to about a hundred bytes; a deeper folder gets it elsewhere, closed to others too."""
    state_dir = tmp_path / ("d" * depth)
    state_dir.mkdir()

    async def whole_life() -> None:
        stop, up = asyncio.Event(), asyncio.Event()
        service = Service("worker", (sys.executable, "-S", "-c", "import time; time.sleep(600)"), restart=True)
        supervisor = Supervisor([service], state_dir / "logs")
        async with open_control(supervisor, state_dir) as path:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            write_report(state_dir, StackReport(control=str(path), services={"worker": {"state": "ready"}}))
            run = asyncio.create_task(supervisor.run(stop, up.set))
            await up.wait()
            first = supervisor.processes["worker"].pid
            outcome = await asyncio.to_thread(command_services, state_dir, "restart", ["worker"])
            assert outcome == {"worker": {"state": "ready", "problem": None}}
            assert supervisor.processes["worker"].pid != first
            with pytest.raises(StackError, match="There is no service ghost"):
                await asyncio.to_thread(command_services, state_dir, "stop", ["ghost"])
            stop.set()
            await run
        assert not path.exists()

    with only_supervisor(state_dir):
        asyncio.run(whole_life())


def test_without_a_stack_the_message_says_where_it_looked(tmp_path):
    """And how to point it elsewhere."""
    with pytest.raises(StackError, match=f"No stack runs in {tmp_path}.*NEWSWIRE_STATE_DIR"):
        command_services(tmp_path, "restart", ["worker"])
