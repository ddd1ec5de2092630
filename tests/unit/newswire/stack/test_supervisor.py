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

from newswire.stack.probes import answering
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
async def running(services, logs, changed=lambda _: None):
    """The supervisor, once everything is up; stopped at the end."""
    stop, up = asyncio.Event(), asyncio.Event()
    supervisor = Supervisor(services, logs, changed)
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

    with pytest.raises(ServiceFailedError, match=r"slow was not ready within .* s, and did nothing for .* 0\.3 s"):
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


def test_a_service_that_keeps_failing_is_tried_again_and_again_and_the_others_go_on(tmp_path, monkeypatch):
    """There is no last try: it is `failing`, with the time of the next one, and recovers once its cause is gone."""
    monkeypatch.setattr("newswire.stack.liveness.FIRST_DELAY_SECONDS", 0.0)
    cured, well = tmp_path / "cured", tmp_path / "well"
    check = f"import os\nif not os.path.exists({str(cured)!r}): raise SystemExit('no luck')\n"
    code = f"{check}open({str(well)!r}, 'w').close(); {FOREVER}"

    async def fail_and_recover() -> None:
        seen = set()
        services = [Service("bad", python(code), restart=True), Service("good", python(FOREVER))]
        async with running(services, tmp_path / "logs", lambda all_: seen.add(all_["bad"].state)) as supervisor:
            bad = supervisor.processes["bad"]
            await until(lambda: bad.restarts > 12)
            assert "failing" in seen
            assert "failed" not in seen
            assert bad.problem == "ended with exit code 1"
            cured.touch()
            await until(well.exists)
            assert (bad.state, bad.is_running) == ("ready", True)
            assert supervisor.processes["good"].is_running

    asyncio.run(fail_and_recover())


def test_a_program_that_has_gone_is_tried_again(tmp_path, monkeypatch):
    """A service whose program cannot be started any more takes nobody with it."""
    monkeypatch.setattr("newswire.stack.liveness.FIRST_DELAY_SECONDS", 0.0)
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o700)

    async def lose_it() -> None:
        async with running([Service("tool", (str(program),), restart=True)], tmp_path / "logs") as supervisor:
            tool = supervisor.processes["tool"]
            await until(lambda: tool.state == "ready")
            moved = program.rename(tmp_path / "moved")
            os.kill(tool.pid, signal.SIGKILL)
            await until(lambda: "cannot be started" in (tool.problem or ""))
            moved.rename(program)
            await until(lambda: tool.state == "ready")

    asyncio.run(lose_it())


# It answers over a socket: `fine`, or `sick` once the file is there, as a stage's /livez does.
ANSWERING = """
import faulthandler, os, signal, socket, sys
faulthandler.register(signal.SIGUSR1)
server = socket.create_server(('127.0.0.1', 0))
half = sys.argv[1] + '.half'
open(half, 'w').write(str(server.getsockname()[1]))
os.rename(half, sys.argv[1])
while True:
    connection, _ = server.accept()
    connection.recv(100)
    is_sick = os.path.exists(sys.argv[2])
    status = '503 Service Unavailable' if is_sick else '200 OK'
    connection.sendall(f'HTTP/1.0 {status}\\r\\n\\r\\n'.encode())
    connection.close()
"""


def answering_service(tmp_path, **changes) -> tuple[Service, object]:
    port_file, sick = tmp_path / "port", tmp_path / "sick"

    async def probe() -> bool:
        return port_file.exists() and await answering(f"http://127.0.0.1:{port_file.read_text()}/livez")()

    command = (*python(ANSWERING), str(port_file), str(sick))
    limits = {"live_within": 0.5, "stop_within": 0.2, "dump_signal": signal.SIGUSR1} | changes
    return Service("worker", command, ready=probe, restart=True, **limits), sick


@pytest.mark.parametrize("fault", ["stopped", "sick"])
def test_a_hung_service_is_ended_and_started_again(tmp_path, fault):
    """A process held by SIGSTOP, and one that answers 503 forever: both are replaced, their stacks are in the log."""
    service, sick = answering_service(tmp_path)

    async def hang() -> None:
        async with running([service], tmp_path / "logs") as supervisor:
            process = supervisor.processes["worker"]
            first = process.pid
            if fault == "sick":
                sick.touch()
            else:
                os.kill(first, signal.SIGSTOP)
            await until(lambda: process.restarts == 1)
            assert "was hung: it did not answer for" in process.problem
            sick.unlink(missing_ok=True)
            await until(lambda: process.state == "ready" and process.pid != first)
            assert not is_alive(first)
            assert process.restarts == 1

    asyncio.run(hang())
    assert "most recent call first" in (tmp_path / "logs" / "worker.log").read_text()


def test_a_service_that_answers_is_left_alone(tmp_path):
    """Several limits long it is asked, and stays the same process."""
    service, _ = answering_service(tmp_path, live_within=0.2)

    async def live_on() -> None:
        async with running([service], tmp_path / "logs") as supervisor:
            process = supervisor.processes["worker"]
            first, ready_at = process.pid, time.monotonic()
            await until(lambda: time.monotonic() - ready_at > 1.0)
            assert (process.pid, process.restarts, process.state) == (first, 0, "ready")

    asyncio.run(live_on())


def test_liveness_is_asked_now(tmp_path):
    """The supervisor's answer is the probe's, not what it remembers; a job has none."""
    service, _ = answering_service(tmp_path, live_within=60.0)
    job = Service("job", python("pass"), job=True)

    async def ask() -> None:
        async with running([service, job], tmp_path / "logs") as supervisor:
            assert await supervisor.ask() == {
                "worker": {"is_live": True, "silent_seconds": 0.0},
                "job": {"is_live": None, "silent_seconds": 0.0},
            }
            os.kill(supervisor.processes["worker"].pid, signal.SIGSTOP)
            assert (await supervisor.ask())["worker"]["is_live"] is False
            assert supervisor.processes["worker"].state == "ready"
            os.kill(supervisor.processes["worker"].pid, signal.SIGCONT)

    asyncio.run(ask())


def test_a_service_that_works_is_waited_for_beyond_its_limit(tmp_path):
    """A slow start that writes to its log takes many times its limit, and succeeds."""
    ready = tmp_path / "ready"
    code = (
        "import time\nfor _ in range(12):\n  print('on its way', flush=True); time.sleep(0.1)\n"
        f"open({str(ready)!r}, 'w').close(); time.sleep(600)"
    )
    slow = Service("slow", python(code), ready=exists(ready), ready_within=0.4)

    supervisor = start_and_stop([slow], tmp_path / "logs")

    assert supervisor.processes["slow"].ready_after_seconds > 2 * 0.4


def test_a_service_is_stopped_started_and_restarted_by_hand(tmp_path):
    """Stopped by hand it stays down until it is started; a restart is a new process and no failure."""

    async def command() -> None:
        services = [Service(name, python(FOREVER), restart=True) for name in ("one", "two")]
        async with running(services, tmp_path / "logs") as supervisor:
            one, two = (supervisor.processes[name] for name in ("one", "two"))
            first, other = one.pid, two.pid
            assert await supervisor.stop(["one"]) == {"one": {"state": "stopped", "problem": None}}
            assert one.is_stopped_by_hand
            assert not is_alive(first)
            assert await supervisor.start(["one"]) == {"one": {"state": "ready", "problem": None}}
            second = one.pid
            assert await supervisor.restart(["one"]) == {"one": {"state": "ready", "problem": None}}
            assert len({first, second, one.pid}) == 3
            assert (one.restarts, one.is_stopped_by_hand) == (0, False)
            assert two.pid == other

    asyncio.run(command())


def test_a_failing_service_is_tried_at_once_by_hand(tmp_path, monkeypatch):
    """`start` does not wait for the next try, and says why it fails again."""
    monkeypatch.setattr("newswire.stack.liveness.FIRST_DELAY_SECONDS", 600.0)
    marker = tmp_path / "cured"
    code = f"import os, time\nif not os.path.exists({str(marker)!r}): raise SystemExit(7)\n{FOREVER}"

    async def command() -> None:
        service = Service("bad", python(code), ready=exists(marker), restart=True)
        marker.touch()
        async with running([service], tmp_path / "logs") as supervisor:
            bad = supervisor.processes["bad"]
            marker.unlink()
            os.kill(bad.pid, signal.SIGKILL)
            await until(lambda: bad.restarts == 2)
            assert bad.next_try_at > time.time() + 200
            outcome = (await supervisor.start(["bad"]))["bad"]
            assert outcome["problem"] == "ended with exit code 7"
            await until(lambda: (bad.next_try_at or 0) > time.time() + 200)  # the first try again comes at once
            marker.touch()
            assert (await supervisor.start(["bad"]))["bad"] == {"state": "ready", "problem": None}

    asyncio.run(command())


def test_a_stack_with_services_stopped_by_hand_stops(tmp_path):
    """A service that does not run does not keep those it needs waiting."""

    async def command() -> None:
        services = [Service("below", python(FOREVER)), Service("above", python(FOREVER), needs=("below",))]
        async with running(services, tmp_path / "logs") as supervisor:
            await supervisor.stop(["above"])

    asyncio.run(asyncio.wait_for(command(), PATIENCE_SECONDS))


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
