"""The `newswire` command, put together from entry points so that a stage can bring its own."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points

import click

from newswire.errors import ConfigError, NewswireError
from newswire.logs import configure_logs
from newswire.settings import settings

GROUP = "newswire.commands"


class Commands(click.Group):
    """Loads a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return sorted(entry.name for entry in entry_points(group=GROUP))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Load one command."""
        found = next(iter(entry_points(group=GROUP, name=cmd_name)), None)
        command: click.Command | None = found.load() if found else None
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="newswire")
def root() -> None:
    """News sites in, a searchable and deduplicated news stream out."""
    configure_logs(settings())


def main() -> None:
    """Run the command; an error of ours is one clear message, exit code 2 for configuration, 1 otherwise."""
    try:
        root()
    except NewswireError as error:
        click.secho(f"newswire: {error}", fg="red", err=True)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
