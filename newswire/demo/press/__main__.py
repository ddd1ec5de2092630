"""Serve the demo press until SIGTERM or ctrl-C: python -m newswire.demo.press --state DIR [--port N]."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from newswire.demo.press.server import serve
from newswire.demo.press.sources import write_sources
from newswire.demo.press.state import PressState


@click.command()
@click.option(
    "--state",
    "state_dir",
    type=click.Path(path_type=Path),
    required=True,
    help="The state directory.",
)
@click.option("--port", default=0, show_default="that of the last start, or a free one", help="Of all outlets.")
def main(state_dir: Path, port: int) -> None:
    """Serve every outlet and write their source files."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    state = PressState(state_dir)
    with serve(state, port) as newsroom:
        write_sources(state.folder / "sources", newsroom.port)
        for outlet in newsroom.press.outlets.values():
            click.echo(f"{outlet.name}: http://{outlet.address}:{newsroom.port}/")
        stop.wait()


if __name__ == "__main__":
    main()
