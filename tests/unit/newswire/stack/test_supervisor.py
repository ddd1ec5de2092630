"""The supervisor, with small processes in the servers' place."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from contextlib import asynccontextmanager

import psutil
import pytest

from newswire.stack.process import children
from newswire.stack.service import Service
from newswire.stack.supervisor import ServiceFailedError, Supervisor

FOREVER = "import time; time.sleep(600)"
PATIENCE_SECONDS = 20.0


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-c", code)


def touching(path, then: str = FOREVER) -> tuple[str, ...]:
    """A process that is there once it has made a file."""
    return python(f"open({str(path)!r}, 'w').close(); {then}")


def exists(path):
    async def probe() -> bool:
        return path.exists()

    return probe


async def until(condition) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def running(services, logs):
    """The supervisor, once everything is up; stopped at the end."""
    stop, up = asyncio.Event(), asyncio.Event()
    supervisor = Supervisor(services, logs)
    run = asyncio.create_task(supervisor.run(stop, up.set))
    upness = asyncio.create_task(up.wait())
    await asyncio.wait({run, upness}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if not run.done():
            yield supervisor
    finally:
        upness.cancel()
        stop.set()
        await run


def start_and_stop(services, logs) -> Supervisor:
    async def whole_life() -> Supervisor:
        async with running(services, logs) as supervisor:
            return supervisor

    return asyncio.run(whole_life())


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_service_starts_after_what_it_needs_and_stops_before_it(tmp_path):
    """Needs are ready before a service starts; at the end it is gone before they are told to stop."""
    trace = tmp_path / "trace"
    note = "import signal, sys, time\ndef say(word):\n  open({trace!r}, 'a').write({name!r} + ' ' + word + '\\n')\n"
    wait = (
        "signal.signal(15, lambda *_: (say('stops'), sys.exit()))\nsay('starts')\nopen({ready!r}, 'w')\ntime.sleep(600)"
    )

    def service(name: str, *needs: str) -> Service:
        ready = tmp_path / f"{name}.ready"
        code = (note + wait).format(trace=str(trace), name=name, ready=str(ready))
        return Service(name, python(code), needs=needs, ready=exists(ready))

    job = Service("job", python(f"open({str(trace)!r}, 'a').write('job runs\\n')"), needs=("below",), job=True)
    start_and_stop([service("above", "job", "below"), job, service("below")], tmp_path / "logs")

    assert trace.read_text().splitlines() == ["below starts", "job runs", "above starts", "above stops", "below stops"]


def test_an_end_before_readiness_fails_the_start_and_shows_the_log(tmp_path):
    """A server that ends at once: one message with its exit code and its last words, and nothing left running."""
    before = children()
    bad = Service("bad", python("print('cannot do it'); raise SystemExit(3)"), ready=exists(tmp_path / "never"))
    good = Service("good", touching(tmp_path / "good"), ready=exists(tmp_path / "good"))

    with pytest.raises(ServiceFailedError, match="bad ended with exit code 3") as failure:
        start_and_stop([good, bad], tmp_path / "logs")

    assert "cannot do it" in str(failure.value)
    assert children() == before


def test_two_failures_at_once_are_one_message(tmp_path):
    """Two processes of a broken stage end together: the first tells, and it is no group of exceptions."""
    twins = [Service(name, python("raise SystemExit(3)"), ready=exists(tmp_path / "never")) for name in ("one", "two")]

    with pytest.raises(ServiceFailedError, match="ended with exit code 3"):
        start_and_stop(twins, tmp_path / "logs")


def test_a_service_that_is_never_ready_fails_the_start(tmp_path):
    """Readiness has a limit, and the process that kept us waiting is ended."""
    before = children()
    slow = Service("slow", python(FOREVER), ready=exists(tmp_path / "never"), ready_within=0.3)

    with pytest.raises(ServiceFailedError, match=r"slow was not ready within 0\.3 s"):
        start_and_stop([slow], tmp_path / "logs")

    assert children() == before


def test_a_failed_job_fails_the_start(tmp_path):
    """A job must end with 0."""
    with pytest.raises(ServiceFailedError, match="job ended with exit code 1"):
        start_and_stop([Service("job", python("raise SystemExit(1)"), job=True)], tmp_path / "logs")


def test_a_program_that_is_not_there_fails_the_start(tmp_path):
    """A missing program is named."""
    with pytest.raises(ServiceFailedError, match=r"ghost cannot be started: .*no-such-program"):
        start_and_stop([Service("ghost", ("/no-such-program",))], tmp_path / "logs")


def test_a_taken_port_is_explained(tmp_path):
    """What a server's log says about a known cause is turned into what helps."""
    code = "raise SystemExit('java.net.BindException: Address already in use')"

    with pytest.raises(ServiceFailedError, match="taken its port; start again"):
        start_and_stop([Service("server", python(code), ready=exists(tmp_path / "x"))], tmp_path / "logs")


def test_a_killed_service_starts_again(tmp_path):
    """A kill -9 of a service that may restart brings a new process, and is counted."""

    async def kill_once() -> None:
        service = Service("worker", python(FOREVER), restart=True)
        async with running([service], tmp_path / "logs") as supervisor:
            process = supervisor.processes["worker"]
            first = process.pid
            os.kill(first, signal.SIGKILL)
            await until(lambda: process.state == "ready" and process.pid != first)
            assert process.restarts == 1
            assert not is_alive(first)

    asyncio.run(kill_once())


def test_a_service_killed_while_it_starts_is_tried_again(tmp_path):
    """The system may kill a server at its start: it gets another chance before the start fails."""
    marker = tmp_path / "second"
    code = (
        f"import os, time; p={str(marker)!r}\nif not os.path.exists(p): open(p,'w').close(); os.kill(os.getpid(), 9)\n"
    )
    ready = tmp_path / "ready"
    service = Service(
        "server", python(f"{code}open({str(ready)!r}, 'w').close(); {FOREVER}"), ready=exists(ready), restart=True
    )

    supervisor = start_and_stop([service], tmp_path / "logs")

    assert supervisor.processes["server"].restarts == 1


def test_a_service_that_is_always_killed_at_its_start_fails_it(tmp_path):
    """Two more tries, then one message that names the way out."""
    code = "import os; os.kill(os.getpid(), 9)"
    service = Service("server", python(code), ready=exists(tmp_path / "never"), restart=True)

    with pytest.raises(ServiceFailedError, match=r"server was ended by SIGKILL\. .*newswire doctor"):
        start_and_stop([service], tmp_path / "logs")


def test_a_service_that_keeps_failing_is_given_up_and_the_others_go_on(tmp_path, monkeypatch):
    """There is a limit of quick failures; behind it the service is `failed` and the rest of the stack still runs."""
    monkeypatch.setattr("newswire.stack.supervisor.BACKOFF_SECONDS", (0.0,) * 8)

    async def give_up() -> None:
        services = [Service("bad", python("raise SystemExit(1)"), restart=True), Service("good", python(FOREVER))]
        async with running(services, tmp_path / "logs") as supervisor:
            await until(lambda: supervisor.processes["bad"].state == "failed")
            assert supervisor.processes["bad"].restarts == 8
            assert supervisor.processes["good"].is_running

    asyncio.run(give_up())


def test_the_group_of_a_dead_service_is_killed_before_it_starts_again(tmp_path):
    """Workers that outlive their killed leader, deaf to SIGTERM, do not meet its successor."""
    note = tmp_path / "workers"
    worker = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    spawning = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-S', '-c', {worker!r}])"
    code = f"{spawning}; open({str(note)!r}, 'a').write(str(p.pid) + '\\n'); {FOREVER}"

    def workers() -> list[int]:
        return [int(pid) for pid in note.read_text().split()] if note.exists() else []

    async def kill_leader() -> None:
        async with running([Service("leader", python(code), restart=True)], tmp_path / "logs") as supervisor:
            await until(lambda: len(workers()) == 1)
            os.kill(supervisor.processes["leader"].pid, signal.SIGKILL)
            await until(lambda: len(workers()) == 2)
            assert not is_alive(workers()[0])
            assert is_alive(workers()[1])

    asyncio.run(kill_leader())
    assert not any(map(is_alive, workers()))


def test_processes_that_left_their_session_end_with_the_stack(tmp_path):
    """A child in a session of its own, whose parent is gone, is found and ended."""
    note = tmp_path / "runaway"
    child = f"os.setsid(); open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    code = f"import os, time\nif os.fork() == 0:\n  {child}\ntime.sleep(600)"

    async def run_away() -> None:
        async with running([Service("parent", python(code), restart=True)], tmp_path / "logs") as supervisor:
            await until(lambda: note.exists() and note.read_text())
            os.kill(supervisor.processes["parent"].pid, signal.SIGKILL)
            await until(lambda: supervisor.processes["parent"].restarts == 1)

    asyncio.run(run_away())
    assert not is_alive(int(note.read_text()))


def test_a_process_deaf_to_sigterm_is_killed(tmp_path):
    """Stopping has a limit too."""
    ready = tmp_path / "ready"
    code = f"import signal; signal.signal(15, signal.SIG_IGN); open({str(ready)!r}, 'w').close(); {FOREVER}"
    service = Service("deaf", python(code), ready=exists(ready), stop_within=0.2)

    began = time.monotonic()
    supervisor = start_and_stop([service], tmp_path / "logs")

    assert supervisor.processes["deaf"].exit_code == -signal.SIGKILL
    assert time.monotonic() - began < PATIENCE_SECONDS


def test_the_environment_is_exactly_the_one_given(tmp_path):
    """Nothing of ours leaks into a server."""
    command = ("/usr/bin/env",)
    start_and_stop([Service("env", command, job=True, environment={"ONLY": "this"})], tmp_path / "logs")

    assert (tmp_path / "logs" / "env.log").read_text().split() == ["ONLY=this"]


def test_a_stop_during_the_start_ends_what_has_been_started(tmp_path):
    """ctrl-C while a server is not ready yet."""

    async def interrupt() -> int:
        stop = asyncio.Event()
        supervisor = Supervisor([Service("slow", python(FOREVER), ready=exists(tmp_path / "never"))], tmp_path / "logs")
        run = asyncio.create_task(supervisor.run(stop))
        await until(lambda: supervisor.processes["slow"].is_running)
        stop.set()
        await run
        return supervisor.processes["slow"].pid

    assert not is_alive(asyncio.run(interrupt()))
