"""Serve the demo press until told to stop: python -m newswire.demo.press --state DIR [--port N]."""

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
    "--state", "state_dir", type=click.Path(path_type=Path), required=True, help="Where the press keeps its files."
)
@click.option("--port", default=0, show_default="the last start's, or a free one", help="Of all outlets.")
def main(state_dir: Path, port: int) -> None:
    """Serve every outlet and write their source files."""
    told_to_stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told_to_stop.set())
    state = PressState(state_dir)
    with serve(state, port) as newsroom:
        write_sources(state.folder / "sources", newsroom.port)
        for outlet in newsroom.press.outlets.values():
            click.echo(f"{outlet.name}: http://{outlet.address}:{newsroom.port}/")
        told_to_stop.wait()


if __name__ == "__main__":
    main()
