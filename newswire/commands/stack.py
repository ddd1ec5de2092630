"""The commands `newswire up`, `down` and `logs`, which start, stop and show the embedded stack."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from newswire.settings import STACK_ENV, Settings, load_settings
from newswire.stack.packages import explain_missing_package
from newswire.stack.report import StackReport, has_supervisor


@click.command()
@click.option(
    "--only", default="", metavar="PARTS", help="Parts to run, separated by commas: postgres,kafka,elasticsearch."
)
@click.option("--foreground", is_flag=True, help="Run in the foreground; ctrl-C stops everything.")
def up(only: str, *, foreground: bool) -> None:
    """Start the servers, Airflow and the stages, and wait until all are ready."""
    with explain_missing_package():
        from newswire.stack.launch import start_stack

    given = load_settings(embedded=False)
    parts = tuple(part for part in only.split(",") if part)
    if foreground:
        _run_here(parts, given)
        return
    console = Console()
    report = start_stack(given, console, only=parts)
    console.print(f"The stack is up (started in {report['up_after_seconds']:.0f} s).")
    show_addresses(console, report)
    for name, service in report["services"].items():
        if service["is_stopped_by_hand"]:
            console.print(f"{name} is stopped by hand; start it with: newswire start {name}", style="red")


@click.command()
def down() -> None:
    """Stop everything that `up` started, and processes that a killed supervisor left behind."""
    with explain_missing_package():
        from newswire.stack.launch import stop_stack

    state_dir = load_settings(embedded=False).state_dir
    console = Console()
    was_up = has_supervisor(state_dir)
    with console.status("stopping") as status:
        leftovers = stop_stack(state_dir, status.update)
    for name in leftovers:
        console.print(f"ended a leftover process: {name}")
    console.print("The stack is stopped." if was_up or leftovers else "Nothing was running.")


@click.command()
@click.argument("name", required=False)
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines.")
@click.option("-n", "--lines", default=20, show_default=True, help="Number of lines from each log.")
def logs(name: str | None, *, follow: bool, lines: int) -> None:
    """Print the last log lines of every process, or of NAME (a service, or the beginning of its name)."""
    from newswire.stack.log_reader import follow_logs, logs_of, print_tails

    found = logs_of(load_settings(embedded=False).state_dir / "logs", name)
    print_tails(found, lines)
    if follow:
        follow_logs(found)


def show_addresses(console: Console, report: StackReport) -> None:
    """Print the address of every running service, how to log in, and what to do next."""
    settings = load_settings()
    secrets = settings.state_dir / STACK_ENV
    search = f"alias {settings.index_prefix}-articles, login {settings.elasticsearch_username}, password in {secrets}"
    places = {
        "web": ("Newswire", f"http://127.0.0.1:{report['ports'].get('web')}   search, stories, sources, pipeline"),
        "airflow-api": (
            "Airflow",
            f"{settings.airflow_url}   {_describe_login(settings, secrets, is_shown=console.is_terminal)}",
        ),
        "elasticsearch": ("Elasticsearch", f"{settings.elasticsearch_url}   {search}"),
        "kafka": ("Kafka", f"{settings.kafka_bootstrap}   login {settings.kafka_sasl_username}, password in {secrets}"),
        "postgres": ("PostgreSQL", f"{_describe_database(settings)}, password in {secrets}"),
    }
    for service, (name, place) in places.items():
        if service in report["services"]:
            console.print(f"  {name:<14} {place}", highlight=False, markup=False, soft_wrap=True)
    next_steps = "newswire crawl SOURCE, newswire search 'words', newswire status, newswire logs -f, newswire down"
    console.print(f"Next: {next_steps}", highlight=False, soft_wrap=True)


def _describe_login(settings: Settings, secrets: Path, *, is_shown: bool) -> str:
    """Return how to log in to Airflow; only a person at a terminal sees the password, for other output is kept."""
    if is_shown:
        return f"login {settings.airflow_username} / {settings.airflow_password.get_secret_value()}"
    return f"login {settings.airflow_username}, password in {secrets} (NEWSWIRE_AIRFLOW_PASSWORD)"


def _describe_database(settings: Settings) -> str:
    """Return host, port, name and user of the crawl state's database, without the password."""
    from psycopg.conninfo import conninfo_to_dict

    place = conninfo_to_dict(settings.postgres_dsn.get_secret_value())
    return f"{place.get('host')}:{place.get('port', 5432)}/{place.get('dbname')}   login {place.get('user')}"


def _run_here(parts: tuple[str, ...], given: Settings) -> None:
    from newswire.logs import configure_logs
    from newswire.stack.daemon import run_stack
    from newswire.stack.plan import chosen_parts, download

    download(chosen_parts(parts, given), given.cache_dir)
    configure_logs(given)
    run_stack(parts, given)
