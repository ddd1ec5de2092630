"""The command `newswire takedown`: take an article down so that it stays gone, undo that, list what is taken down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from newswire.settings import settings
from newswire.terminal import one_line, printable, user_name

if TYPE_CHECKING:
    from newswire.takedowns.crawl_state import TakedownEntry
    from newswire.takedowns.takedown import TakedownResult, UndoResult


@click.command()
@click.argument("name", metavar="URL|ID|list|apply")
@click.option("--reason", help="Why; kept in the audit record and sent on the topic takedowns.")
@click.option("--by", help="Who orders it. Default: your user name.")
@click.option("--undo", is_flag=True, help="Undo the takedown of this article.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, name: str, reason: str | None, by: str | None, undo: bool, as_json: bool) -> None:
    """Take an article down by URL or id: it leaves the index and its story, and no later fetch brings it back.

    `newswire takedown list` shows every takedown, the undone ones too. `newswire takedown apply` repeats all that are
    in force, as after the loss of a topic. Every call may be repeated. Exit code 1 if a server is unavailable.
    """
    from newswire.takedowns.crawl_state import list_takedowns
    from newswire.takedowns.takedown import apply_takedowns, take_down, undo_takedown

    who = by or user_name()
    if name == "list":
        _show_list(list_takedowns(settings()), as_json=as_json)
    elif name == "apply":
        _show([*apply_takedowns(settings())], as_json=as_json)
    elif undo:
        _show_undo(undo_takedown(settings(), name, who), as_json=as_json)
    elif not reason or not reason.strip():
        raise click.UsageError("a takedown needs --reason; the audit record keeps it")
    else:
        _show([take_down(settings(), name, reason, who)], as_json=as_json)


def _show(results: list[TakedownResult], *, as_json: bool) -> None:
    if as_json:
        _print_json(results)
        return
    for done in results:
        click.echo(printable(f"Taken down: {done.entry.url} ({done.entry.article_id})"))
        click.echo(f"Stories rewritten: {len(done.stories)}; stored page bodies deleted: {done.blobs}")
        if done.copies:
            click.echo(f"The same text is still searchable at {len(done.copies)} other addresses; take each down too:")
        for url in done.copies:
            click.echo(f"  {one_line(url)}")
    if results:
        click.echo("Searches no longer find it. What is on its way is left out by every stage (newswire status).")
    else:
        click.echo("Nothing is taken down.")


def _show_undo(done: UndoResult, *, as_json: bool) -> None:
    if as_json:
        _print_json(done)
        return
    click.echo(printable(f"Undone: {done.entry.url} ({done.entry.article_id}); its address is due again."))
    if done.is_restored:
        click.echo("Its newest version was sent to the index again; earlier versions stay deleted.")
    else:
        click.echo("The topic articles no longer holds it: it comes back when its page has changed.")


def _show_list(entries: list[TakedownEntry], *, as_json: bool) -> None:
    if as_json:
        _print_json(entries)
        return
    table = Table("url", "article", "taken down", "by", "reason", "undone", box=None, pad_edge=False)
    for one in entries:
        undone = f"{one.undone_at:%Y-%m-%d %H:%M} UTC by {one.undone_by}" if one.undone_at else ""
        at = f"{one.at:%Y-%m-%d %H:%M} UTC"
        table.add_row(*map(one_line, (one.url, one.article_id, at, one.by, one.reason, undone)))
    Console(highlight=False, markup=False).print(table if entries else "Nothing was ever taken down.")
    click.echo(f"{sum(one.undone_at is None for one in entries)} in force, {len(entries)} in all")


def _print_json(value: object) -> None:
    import msgspec

    click.echo(printable(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()))
