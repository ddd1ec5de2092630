"""Run the product under chaos, and audit it from outside: `make chaos`; exit code 1 if anything was lost or doubled."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks.chaos import report
from benchmarks.chaos.articles import make_articles
from benchmarks.chaos.conduct import Pace, break_everything, settle
from benchmarks.chaos.outlets import OUTLETS, Outlets, open_outlets
from benchmarks.chaos.poison import Poison
from benchmarks.chaos.product import ROOT, Product
from newswire.demo.service import press_settings
from newswire.demo.truth import load_truth
from newswire.elastic.client import build_alias
from newswire.kafka.clients import connection_options
from newswire.stack.launch import stop_stack

MOUNT, UMOUNT = "/bin/mount", "/bin/umount"
DISK_MEGABYTES = 256  # of the snapshots and of the large bodies, each
PUBLISHING = 0.85  # of the run; then what is out has time to come in while the faults go on


@click.command()
@click.option("--minutes", default=10.0, show_default=True, type=click.FloatRange(0.5, 600))
@click.option("--pages", default=2000, show_default=True, type=click.IntRange(20))
@click.option("--kills", type=int, help="Of stages, spread over the run; default: 17 a minute.")
@click.option("--faults", "fault_every", default=8.0, show_default=True, help="Seconds between two other faults.")
@click.option("--seed", default=11, show_default=True)
@click.option("--state-dir", default=Path(".newswire/chaos"), show_default=True, type=click.Path(path_type=Path))
@click.option("--table", type=click.Path(path_type=Path), help="Write the table, as Markdown, to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(  # noqa: PLR0913 - the options of a command
    minutes: float, pages: int, kills: int | None, fault_every: float, seed: int, state_dir: Path,
    table: Path | None, *, as_json: bool,
) -> None:  # fmt: skip
    """Run real servers, every stage twice, under kills, outages and malformed records, and audit the result."""
    console = Console(stderr=True)
    state_dir = state_dir.resolve()
    stop_stack(state_dir)
    shutil.rmtree(state_dir, ignore_errors=True)
    seconds = minutes * 60
    pace = Pace(seconds, seconds / (kills or 17 * minutes), fault_every, poison=30)
    product = Product(state_dir, _environment(state_dir), seed)
    articles = make_articles(pages, OUTLETS, seed)
    with ExitStack() as stack:
        stack.enter_context(_small_disks(state_dir, console))
        outlets = stack.enter_context(open_outlets(articles, seconds * PUBLISHING, state_dir / "outlets"))
        stack.enter_context(product.running())
        outlets.begin()
        poison = Poison(product)
        break_everything(product, outlets, poison, pace, console)
        settled = settle(product, outlets, console)
        audit = _audit(product, outlets, poison, console)
        result = report.summarise(product, outlets, poison, audit, minutes=minutes, settled_seconds=settled)
    console.print(report.as_table(result))
    if table is not None:
        table.write_text(report.as_markdown(result), "utf-8")
    if as_json:
        click.echo(json.dumps(result, indent=1))
    console.print(f"Logs and data: {state_dir}. Next: docs/chaos.md says what was checked")
    sys.exit(1 if audit["findings"] else 0)


def _environment(state_dir: Path) -> dict[str, str]:
    """Return the settings of the product under test."""
    return press_settings(state_dir, (state_dir / "outlets",)) | {
        "NEWSWIRE_KAFKA_BROKERS": "3",
        "NEWSWIRE_STAGE_PROCESSES": "2",
        "NEWSWIRE_SNAPSHOT_EVERY_SECONDS": "15",
        "NEWSWIRE_HOST_DELAY_SECONDS": "0.1",
        "NEWSWIRE_DURABLE": "false",
    }


@contextmanager
def _small_disks(state_dir: Path, console: Console) -> Iterator[None]:
    """Give snapshots and large bodies small file systems of their own, which can be filled, where that is allowed."""
    folders = [state_dir / name for name in ("snapshots", "blobs")]
    for folder in folders:
        folder.mkdir(parents=True)
    options = f"size={DISK_MEGABYTES}m,mode=700"
    mounted = [folder for folder in folders if _run(MOUNT, "-t", "tmpfs", "-o", options, "chaos", str(folder))]
    if len(mounted) < len(folders):
        console.print(
            "No file system can be mounted here (that takes root on Linux): no disk will be full in this run."
        )
    try:
        yield
    finally:
        for folder in mounted:
            _run(UMOUNT, "--lazy", str(folder))


def _run(*command: str) -> bool:
    return Path(command[0]).exists() and subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0


def _audit(product: Product, outlets: Outlets, poison: Poison, console: Console) -> dict[str, Any]:
    """Let the auditor look at the servers, in a process of its own."""
    settings = product.settings
    password = settings.elasticsearch_password
    plan = {
        "kafka": connection_options(settings, "auditor"),
        "prefix": settings.topic_prefix,
        "blobs": str(settings.state_dir / "blobs"),
        "elasticsearch": {
            "url": settings.elasticsearch_url,
            "username": settings.elasticsearch_username,
            "password": password.get_secret_value() if password else None,
            "index": build_alias(settings.index_prefix),
        },
        "postgres": settings.postgres_dsn.get_secret_value(),
        "poison": poison.sent,
        **report.truth_of(outlets, load_truth(product.state_dir)),
    }
    with console.status("Auditing"):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.chaos.audit", str(product.write_json("audit.json", plan))],
            cwd=ROOT, stdout=subprocess.PIPE, check=False,
        )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    command()
