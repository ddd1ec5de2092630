"""Sends commands to the running supervisor and waits for what becomes of them."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from newswire.errors import ConfigError, StackError
from newswire.stack.report import Answer, Outcome, ServiceReport, StackReport, has_supervisor, read_report
from newswire.stack.standstill import Standstill, observe_stack

POLL_SECONDS = 1.0
ASK_WITHIN_SECONDS = 15.0
STANDSTILL_SECONDS = 600.0


def command_services(
    state_dir: Path, action: str, names: Sequence[str], show: Callable[[str], None] = lambda _: None
) -> dict[str, Outcome]:
    """Have the supervisor restart, stop or start services, and wait until it has; return what has become of each.

    `show` gets a line about what is waited for, once a second.

    Raises:
        StackError: no stack runs here, it is still starting, or nothing moves for ten minutes.
    """
    standstill = Standstill(STANDSTILL_SECONDS)

    def wait() -> None:
        standstill.observe(observe_stack(state_dir))
        services = read_report(state_dir)["services"]
        show("waiting for " + ", ".join(f"{name} ({services[name]['state']})" for name in names))
        if standstill.is_over:
            raise StackError(
                f"The supervisor does not {action} {', '.join(names)}: nothing has moved for "
                f"{STANDSTILL_SECONDS / 60:.0f} minutes. See `newswire logs supervisor`."
            )

    outcomes: dict[str, Outcome] = _exchange(state_dir, {"action": action, "names": list(names)}, wait)
    return outcomes


def ask_liveness(state_dir: Path) -> dict[str, Answer]:
    """Have the supervisor ask all liveness probes now. Raises StackError if it does not answer within 15 seconds."""
    standstill = Standstill(ASK_WITHIN_SECONDS)

    def wait() -> None:
        if standstill.is_over:
            raise StackError(f"The supervisor does not answer within {ASK_WITHIN_SECONDS:.0f} s.")

    answers: dict[str, Answer] = _exchange(state_dir, {"action": "ask"}, wait)
    return answers


def find_services(present: Mapping[str, ServiceReport], name: str) -> list[str]:
    """Return the services that a name means.

    It is the one so called, else all processes of that stage or part, else the only one whose name begins so. Jobs
    that are done have to be named in full.

    Raises:
        ConfigError: there is none, or more than one is possible.
    """
    if name in present:
        return [name]
    begun = [one for one, service in present.items() if one.startswith(name) and service["state"] != "done"]
    members = [one for one in begun if one.startswith(f"{name}-")]
    stages = {one.rpartition("-")[0] if one[-1].isdigit() else one for one in begun}
    if members or len(stages) == 1:
        return members or begun
    problem = f"{name} may be {', '.join(begun)}" if begun else f"There is no service {name}"
    raise ConfigError(f"{problem}. The services are: {', '.join(present) or 'none'}.")


def read_running(state_dir: Path) -> StackReport:
    """Return the report of the stack that runs here. Raises StackError if there is none."""
    report = read_report(state_dir)
    if not has_supervisor(state_dir) or not report.get("control"):
        raise StackError(
            f"No stack runs in {state_dir}; start it with `newswire up`, or name another with NEWSWIRE_STATE_DIR."
        )
    return report


def _exchange(state_dir: Path, request: dict[str, object], wait: Callable[[], None]) -> Any:
    """Send a request and return the answer; `wait` is called every second until it comes."""
    report = read_running(state_dir)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(POLL_SECONDS)
        received = b""
        try:
            connection.connect(report["control"])
            connection.sendall(json.dumps(request).encode() + b"\n")
            while not received.endswith(b"\n"):
                try:
                    part = connection.recv(1 << 16)
                except TimeoutError:
                    wait()
                    continue
                if not part:
                    raise StackError("The supervisor ended meanwhile; see `newswire logs supervisor`.")
                received += part
        except OSError as error:
            raise StackError(
                f"The supervisor in {state_dir} cannot be reached ({error}); see `newswire status`."
            ) from error
    answer = json.loads(received)
    if "error" in answer:
        raise StackError(answer["error"])
    return answer["answer"]
