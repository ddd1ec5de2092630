"""The command `newswire doctor`: check everything that a start needs, and print how to fix what is wrong."""

from __future__ import annotations

import dataclasses
import json
import sys

import click
from rich.console import Console

from newswire.settings import load_settings
from newswire.stack.packages import explain_missing_package

MARKS = {"good": "[green]ok  [/]", "warning": "[yellow]note[/]", "bad": "[red]BAD [/]"}


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Also verify the hash of every downloaded jar.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(*, deep: bool, as_json: bool) -> None:
    """Check Python, disk, memory, ports, caches and leftover processes. Exit code 1 if something is wrong."""
    with explain_missing_package():
        from newswire.stack.doctor_checks import CHECKS, DoctorFinding, Look

    look = Look(load_settings(embedded=False), deep=deep)
    findings: list[DoctorFinding] = [finding for check in CHECKS for finding in check(look)]
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=1))
    else:
        console = Console()
        for finding in findings:
            console.print(f"{MARKS[finding.level]} [bold]{finding.topic:<10}[/] ", end="")
            console.print(finding.text, markup=False, highlight=False, soft_wrap=True)
            if finding.mend:
                console.print(f"     {'':<10} {finding.mend}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1 if any(finding.level == "bad" for finding in findings) else 0)
