"""`newswire story`: the members of a story in the order of time, who was first, who copied whom, and why."""

from __future__ import annotations

from typing import Any

import click
from rich.console import Console
from rich.table import Table

from newswire.errors import NewswireError
from newswire.settings import settings
from newswire.terminal import one_line

MOST = 500
FIELDS = ["article_id", "first_seen_at", "outlet", "title", "language", "copy_of", "copy_tier", "scores", "reasons"]


@click.command()
@click.argument("story_id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
def command(*, story_id: str, as_json: bool) -> None:
    """Print a story: its members, the earliest first."""
    import orjson

    members = find_members(story_id)
    if as_json:
        click.echo(orjson.dumps(members, option=orjson.OPT_INDENT_2).decode())
        return
    table = Table("seen", "outlet", "headline", "what it is", "score", "why", title=f"Story {story_id}")
    outlets = {member["article_id"]: member["outlet"] for member in members}
    for member in members:
        score = (member.get("scores") or {}).get("story")
        cells = (
            member["first_seen_at"][:16].replace("T", " "),
            member["outlet"],
            member["title"],
            _role(member, outlets),
            "" if score is None else str(score),
            "; ".join(member.get("reasons") or ()),
        )
        table.add_row(*(one_line(cell) for cell in cells))
    Console(highlight=False, markup=False).print(table)


def find_members(story_id: str) -> list[dict[str, Any]]:
    """Return what the index knows of a story's articles."""
    from newswire.elastic import build_alias, open_elasticsearch, outages_as_retry

    with open_elasticsearch(settings()) as client, outages_as_retry():
        found = client.search(
            index=build_alias(settings().index_prefix),
            query={"term": {"story_id": story_id}},
            sort=["first_seen_at", "article_id"],
            size=MOST,
            source_includes=FIELDS,
        )
    if not (hits := found["hits"]["hits"]):
        raise NewswireError(f"no story is called {story_id}; newswire search --json prints the story of each article")
    return [hit["_source"] for hit in hits]


def _role(member: dict[str, Any], outlets: dict[str, str]) -> str:
    if not member.get("copy_of"):
        return "original"
    source = outlets.get(member["copy_of"], member["copy_of"])
    return f"{'derived from' if member['copy_tier'] == 'derived' else 'a copy of'} {source}"
