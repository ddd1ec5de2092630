"""Takes commands to the running supervisor, over a socket that only its own user can open: one JSON line each way."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import structlog

from newswire.errors import StackError
from newswire.stack.supervisor import Supervisor

LONGEST_PATH_BYTES = 100  # of a socket: 104 on macOS, 108 on Linux
LONGEST_REQUEST_BYTES = 64 << 10

log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_control(supervisor: Supervisor, state_dir: Path) -> AsyncIterator[Path]:
    """Take commands as long as the context lasts; yields the socket's path."""
    folder = _socket_folder(state_dir)
    path = folder / "control.sock"
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)  # the socket must never be open to others, not even for a moment
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    server = await asyncio.start_unix_server(
        lambda reader, writer: _serve(supervisor, reader, writer), sock=listener, limit=LONGEST_REQUEST_BYTES
    )
    try:
        yield path
    finally:
        server.close()
        path.unlink(missing_ok=True)
        if folder != state_dir:
            shutil.rmtree(folder, ignore_errors=True)


def _socket_folder(state_dir: Path) -> Path:
    if len(os.fsencode(state_dir / "control.sock")) <= LONGEST_PATH_BYTES:
        return state_dir
    return Path(tempfile.mkdtemp(prefix="newswire-"))  # mode 0700


async def _serve(supervisor: Supervisor, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request. The work goes on if the other side leaves."""
    try:
        answer = await _answer(supervisor, json.loads(await reader.readline()))
    except (ValueError, KeyError, TypeError) as error:
        answer = {"error": f"The supervisor does not understand the request: {error!r}"}
    with suppress(OSError):
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()


async def _answer(supervisor: Supervisor, request: dict[str, Any]) -> dict[str, Any]:
    actions = {"restart": supervisor.restart, "stop": supervisor.stop, "start": supervisor.start}
    if request["action"] == "ask":
        return {"answer": await supervisor.ask()}
    names = [str(name) for name in request["names"]]
    if unknown := sorted(set(names) - set(supervisor.processes)):
        return {"error": f"There is no service {', '.join(unknown)}."}
    log.info("stack.commanded", action=request["action"], services=names)
    try:
        return {"answer": await actions[request["action"]](names)}
    except StackError as error:
        return {"error": str(error)}
