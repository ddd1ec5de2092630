"""The commands `newswire templates`: apply the index templates, compare them, or write the committed files."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from newswire.settings import settings

if TYPE_CHECKING:
    from newswire.elastic.templates import TemplateDifference

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

full_cluster_option = click.option(
    "--full-cluster",
    "is_full_cluster",
    is_flag=True,
    help="Include lifecycle policies and other features that the embedded server lacks.",
)


@click.group()
def command() -> None:
    """Apply, compare and write Elasticsearch index templates."""


@command.command()
@click.option("--wait", "wait_seconds", default=60.0, show_default=True, help="Seconds to wait for Elasticsearch.")
@full_cluster_option
@as_json_option
def apply(wait_seconds: float, *, is_full_cluster: bool, as_json: bool) -> None:
    """Apply the templates to the server; new fields are added to existing monthly indexes too."""
    from newswire.elastic.templates import sync_templates

    changed = sync_templates(settings(), wait_seconds=wait_seconds, is_full_cluster=is_full_cluster)
    _show(changed, as_json=as_json, nothing="The templates are up to date.", verb="applied")


@command.command()
@full_cluster_option
@as_json_option
def diff(*, is_full_cluster: bool, as_json: bool) -> None:
    """Compare the server's templates with the definition. Exit code 1 if they differ."""
    from newswire.elastic.client import elastic_outages_as_retry, open_elasticsearch
    from newswire.elastic.templates import find_differences, full_cluster_templates

    with open_elasticsearch(settings()) as client, elastic_outages_as_retry():
        more = full_cluster_templates(client, settings()) if is_full_cluster else ()
        differences = find_differences(client, settings().index_prefix, more)
    _show(differences, as_json=as_json, nothing="The server's templates are up to date.", verb="")
    sys.exit(1 if differences else 0)


@command.command()
def write() -> None:
    """Write schemas/elasticsearch from the definition."""
    from schemas.full_cluster import write_files

    for path in write_files():
        click.echo(f"wrote {path}")


def _show(differences: list[TemplateDifference], *, as_json: bool, nothing: str, verb: str) -> None:
    if as_json:
        click.echo(json.dumps([{"template": d.template.name, "was": d.word, "diff": d.lines()} for d in differences]))
        return
    if not differences:
        click.echo(nothing)
    for difference in differences:
        click.echo(
            f"{difference.template.name}: was {difference.word}, {verb}" if verb else "\n".join(difference.lines())
        )
