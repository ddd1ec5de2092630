"""The command `newswire web`: serve the web pages and the API on this machine."""

from __future__ import annotations

import faulthandler
import os
import signal
import socket

import click

from newswire.errors import ConfigError
from newswire.settings import settings

CLOSE_SECONDS = 3
STDERR = 2  # the descriptor: a test may have replaced sys.stderr


@click.command("web")
@click.option("--host", help="Address to listen on; the pages have no login, so keep them on loopback.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 chooses a free one.")
def command(host: str | None, port: int | None) -> None:
    """Serve the web pages for search, articles, stories, sources and pipeline until ctrl-C."""
    import uvicorn

    from newswire.web.platform.app import create_app
    from newswire.web.platform.bounded_protocol import BoundedProtocol

    # The supervisor asks for all stacks before it ends a hung process.
    faulthandler.register(signal.SIGUSR1, STDERR)
    host, port = host or settings().web_host, settings().web_port if port is None else port
    with _listen(host, port) as listener:
        app = create_app(settings(), names=settings().web_names)
        config = uvicorn.Config(
            app,
            http=BoundedProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=CLOSE_SECONDS,
        )
        click.echo(f"Newswire is at http://{host}:{listener.getsockname()[1]}")
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)  # str(error) would repeat the address
        raise ConfigError(f"cannot listen on {host}:{port}: {reason}; choose another port with --port") from error
