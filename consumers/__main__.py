"""`python -m consumers NAME`: run one stage of the pipeline until SIGTERM."""

from __future__ import annotations

import sys

import click
import structlog

from consumers.pipeline import STAGES
from newswire.errors import ConfigError, NewswireError, PoisonError
from newswire.logs import configure_logs
from newswire.runtime.process import run_stage
from newswire.settings import settings


def list_stages(ctx: click.Context, _option: click.Parameter, is_asked: bool) -> None:  # noqa: FBT001 - click's signature
    """Print the stages' names, in order."""
    if is_asked:
        click.echo("\n".join(STAGES))
        ctx.exit()


@click.command()
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=list_stages, help="name the stages")
@click.option("--replay", is_flag=True, help="go once over all that its topics hold, beside the running stage, and end")
@click.argument("name", type=click.Choice(list(STAGES)))
def main(name: str, *, replay: bool) -> None:
    """Run a stage; exit code 2: correct a setting; 3: look at the dead letters."""
    configure_logs(settings())
    structlog.contextvars.bind_contextvars(stage=name)
    try:
        run_stage(STAGES[name], settings(), replay=replay)
    except NewswireError as error:
        structlog.get_logger().error("stage.failed", error=str(error))
        sys.exit(2 if isinstance(error, ConfigError) else 3 if isinstance(error, PoisonError) else 1)


if __name__ == "__main__":
    main()
