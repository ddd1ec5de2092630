"""The demo press as a service of the stack, started, supervised and stopped with the others."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from newswire.demo.press.content import read_press
from newswire.demo.press.state import PressState
from newswire.settings import child_environment
from newswire.stack.probes import listening
from newswire.stack.service import Probe, Service


def press_service(state_dir: Path, environment: Mapping[str, str]) -> Service:
    """Return the service that serves every outlet of the press."""
    return Service(
        "press",
        (sys.executable, "-m", "newswire.demo.press", "--state", str(state_dir)),
        ready=_serving(state_dir),
        restart=True,
        environment=child_environment(**environment),
    )


def press_settings(state_dir: Path, sources_dirs: tuple[Path, ...]) -> dict[str, str]:
    """Return the NEWSWIRE_* variables with which a stack crawls the press in addition to the user's own sources."""
    folders = [*sources_dirs, PressState(state_dir).folder / "sources"]
    return {
        "NEWSWIRE_SOURCES_DIRS": ",".join(str(folder.resolve()) for folder in dict.fromkeys(folders)),
        "NEWSWIRE_ALLOW_PRIVATE": "127.0.0.0/8",
        "NEWSWIRE_REVISIT_MIN_SECONDS": "0",  # the press's day is a minute long
        "NEWSWIRE_FEED_UNCONDITIONAL_EVERY": "2",  # one outlet's ETag never changes
    }


def _serving(state_dir: Path) -> Probe:
    """Return a probe that is true once the last outlet listens and its source file is written."""
    last = list(read_press().outlets.values())[-1]

    async def probe() -> bool:
        state = PressState(state_dir)
        source = state.folder / "sources" / f"{last.id}.yml"
        return bool(state.port()) and source.exists() and await listening(state.port(), last.address)()

    return probe
