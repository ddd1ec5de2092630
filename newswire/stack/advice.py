"""What `newswire status` says is wrong with the stack or a service, and what helps."""

from __future__ import annotations

import time
from pathlib import Path

from newswire.stack.report import Answer, ServiceReport

GOOD = ("ready", "done")


class AskedService(ServiceReport, Answer):
    """A service: what the supervisor knows of it, and what its probe says now."""


def is_good(service: AskedService) -> bool:
    """Whether a service is as it should be: ready and live, or a job that is done."""
    return service["state"] in GOOD and service["is_live"] is not False


def describe_state(service: AskedService) -> str:
    """Return the state in a word; a service that is said to be ready and does not answer is `hung`."""
    return "hung" if service["state"] == "ready" and service["is_live"] is False else service["state"]


def advise(state: str, state_dir: Path, *, has_answered: bool) -> str:
    """Return what helps a stack that is not up, or not whole."""
    if not has_answered:
        return "Its supervisor hangs. Start everything again with: newswire down, newswire up"
    if state == "up":
        return "Some services are not as they should be; see below."
    if state in ("starting", "stopping"):
        return "newswire logs supervisor -f shows how far it is."
    elsewhere = "" if (state_dir / "stack.json").exists() else (
        " There has never been one in this folder: run the command where the stack was started,"
        " or name its folder with NEWSWIRE_STATE_DIR."
    )  # fmt: skip
    return f"Start it with: newswire up.{elsewhere}"


def advise_on(name: str, service: AskedService) -> str | None:
    """Return what is wrong with a service and what helps; None where nothing is."""
    problem = service["problem"] or "ended"
    cause = f"{problem} ({service['last_error']})" if service["last_error"] else problem
    match describe_state(service):
        case "hung":
            return (
                f"does not answer, for {service['silent_seconds']:.0f} s now; when its limit is over it is ended and "
                f"started again. At once: newswire restart {name}"
            )
        case "failing" | "restarting":
            wait = max(0.0, (service["next_try_at"] or 0.0) - time.time())
            return f"{cause}. Next try in {wait:.0f} s; at once: newswire start {name}. See newswire logs {name}"
        case "failed":
            return f"{cause}. See newswire logs {name}, then newswire start {name}"
        case "stopped" if service["is_stopped_by_hand"]:
            return f"stopped by hand. Start it with: newswire start {name}"
    return None
