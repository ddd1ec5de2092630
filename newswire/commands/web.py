"""`newswire web`: serves the analysts' window on this machine."""

from __future__ import annotations

import os
import socket

import click

from newswire.errors import ConfigError
from newswire.settings import settings

CLOSE_SECONDS = 3


@click.command("web")
@click.option("--host", help="Where to listen; without a login of their own the pages belong on loopback.")
@click.option("--port", type=click.IntRange(0, 65535), help="0: a free one.")
def command(host: str | None, port: int | None) -> None:
    """Serve search, articles, stories, sources and pipeline as web pages; ctrl-C ends it."""
    import uvicorn

    from newswire.web.platform.app import create_app

    host, port = host or settings().web_host, settings().web_port if port is None else port
    with _listen(host, port) as listener:
        app = create_app(settings(), names=settings().web_names)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=CLOSE_SECONDS
        )
        click.echo(f"Newswire is at http://{host}:{listener.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)  # the socket adds the address once more
        raise ConfigError(f"cannot listen at {host}:{port}: {reason}; choose another with --port") from error
