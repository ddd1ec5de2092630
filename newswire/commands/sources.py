"""The commands `newswire sources`: list the catalogue, check it, and draft a new source from an address."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from newswire.errors import ConfigError
from newswire.settings import settings
from newswire.sources.catalogue import BrokenSource, Source, load_catalogue, read_source, source_schema
from newswire.sources.schedule import TIERS
from newswire.terminal import one_line

if TYPE_CHECKING:
    from newswire.crawl.list_reader import ListKind
    from newswire.crawl.source_scaffold import ListReport


@click.group("sources")
def command() -> None:
    """List, check and add sources."""


@command.command("list")
@click.option("--tier", type=click.Choice(list(TIERS)), help="only this tier")
@click.option("--json", "as_json", is_flag=True)
def list_sources(*, tier: str | None, as_json: bool) -> None:
    """List all sources, and the files with errors."""
    catalogue = load_catalogue(settings())
    sources = [source for source in catalogue.sources.values() if tier in {None, source.tier}]
    if as_json:
        _print_json([source.model_dump(mode="json") for source in sources], catalogue.broken)
        return
    table = Table("id", "outlet", "tier", "language", "hosts", "lists", "", box=None, header_style="bold")
    for source in sources:
        lists = len(source.feeds) + len(source.sitemaps) + len(source.front_pages)
        state = "" if source.enabled else "disabled"
        cells = (
            source.id,
            source.title,
            source.tier,
            source.language or "",
            ", ".join(source.hosts),
            str(lists),
            state,
        )
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    Console().print(table)
    _print_broken(catalogue.broken)


@command.command()
@click.argument("ids", nargs=-1)
@click.option("--online", is_flag=True, help="also read the lists of these sources once")
@click.option("--json", "as_json", is_flag=True)
def check(ids: tuple[str, ...], *, online: bool, as_json: bool) -> None:
    """Check all sources, or those named. Exit code 1 if a file has an error or a list cannot be read."""
    catalogue = load_catalogue(settings())
    wanted = _choose(catalogue.sources, catalogue.broken, ids)
    broken = [entry for entry in catalogue.broken if not ids or entry.path.stem in ids]
    reports = {source.id: _try_online(source) for source in wanted} if online else {}
    problems = [report for found in reports.values() for report in found if report.problem]
    if as_json:
        rows = [{"id": source.id, "lists": [_as_row(r) for r in reports.get(source.id, [])]} for source in wanted]
        _print_json(rows, broken)
    else:
        for source in wanted:
            _print_report(source, reports.get(source.id, []))
        _print_broken(broken)
        click.echo(f"{len(wanted)} good, {len(broken)} broken" + (f", {len(problems)} lists failed" if online else ""))
    sys.exit(1 if broken or problems else 0)


@command.command()
@click.argument("url")
@click.option("--owner", default="newsdesk", show_default=True, help="who is responsible for the source")
@click.option("--id", "source_id", help="its id, by default from the host name")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="the folder to write it to")
def add(url: str, *, owner: str, source_id: str | None, folder: Path | None) -> None:
    """Draft a source file from a site's address, with its feeds, news sitemaps, name and language."""
    from newswire.crawl.source_scaffold import draft_source

    with Console(stderr=True).status(f"Reading {one_line(url)}"):
        drafted_id, text = draft_source(url, settings(), owner=owner)
    path = (folder or settings().sources_dirs[0]) / f"{source_id or drafted_id}.yml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path} exists already; choose another id with --id") from None
    try:
        read_source(path)
    except ValueError as error:
        raise ConfigError(f"{path} was written but has an error, correct it: {error}") from error
    click.echo(f"{path}\n\n{text}\nNext: newswire sources check {path.stem} --online; newswire crawl {path.stem}")


@command.command()
def schema() -> None:
    """Print the JSON Schema of a source file."""
    click.echo(json.dumps(source_schema(), indent=2, ensure_ascii=False))


def _choose(sources: dict[str, Source], broken: tuple[BrokenSource, ...], ids: tuple[str, ...]) -> list[Source]:
    known = {*sources, *(entry.path.stem for entry in broken)}
    if unknown := [name for name in ids if name not in known]:
        raise ConfigError(f"there is no source {', '.join(unknown)}; see `newswire sources list`")
    return [source for source in sources.values() if not ids or source.id in ids]


def _try_online(source: Source) -> list[ListReport]:
    from newswire.crawl.source_scaffold import try_lists

    kinds: list[tuple[tuple[str, ...], ListKind]] = [
        (source.feeds, "feed"), (source.sitemaps, "sitemap"), (source.front_pages, "front page")
    ]  # fmt: skip
    return try_lists([(url, kind) for urls, kind in kinds for url in urls], settings())


def _print_report(source: Source, reports: list[ListReport]) -> None:
    for report in reports:
        on_other_hosts = sum(number for host, number in report.hosts if host not in source.hosts)
        text = report.problem or f"{report.entries} entries"
        text += f", {on_other_hosts} on hosts missing from `hosts`" if on_other_hosts else ""
        click.secho(one_line(f"{source.id}: {report.url}: {text}"), fg="red" if report.problem else None)


def _as_row(report: ListReport) -> dict[str, Any]:
    return {"url": report.url, "kind": report.kind, "entries": report.entries, "hosts": dict(report.hosts),
            "problem": report.problem}  # fmt: skip


def _print_broken(broken: tuple[BrokenSource, ...] | list[BrokenSource]) -> None:
    for entry in broken:
        click.secho(one_line(f"broken: {entry.path}: {entry.reason}"), fg="red", err=True)


def _print_json(sources: list[dict[str, Any]], broken: tuple[BrokenSource, ...] | list[BrokenSource]) -> None:
    named = [{"path": str(entry.path), "reason": entry.reason} for entry in broken]
    click.echo(json.dumps({"sources": sources, "broken": named}, indent=2, ensure_ascii=False))
