"""The commands `newswire story`, which prints a story, and `newswire vocabulary`, which counts a language's words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from newswire.errors import NewswireError
from newswire.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumers.cluster.story_table import Member

MAX_ARTICLES = 1000
MIN_ARTICLES = 50
FIELDS = [
    *("article_id", "first_seen_at", "dated_at", "outlet", "title", "language", "url"),
    *("story_id", "family_id", "is_copy", "copy_of", "copy_tier", "scores", "reasons"),
]


@click.command()
@click.argument("name", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
def story(*, name: str, as_json: bool) -> None:
    """Print the story with this id, or of the article with this id: who was first, who copied whom, and why."""
    import orjson

    from consumers.cluster.story_table import make_table

    members = find_members(name)
    if as_json:
        click.echo(orjson.dumps(members, option=orjson.OPT_INDENT_2).decode())
        return
    Console(highlight=False, markup=False).print(make_table(members))


def find_members(name: str) -> list[Member]:
    """Return the indexed articles of a story, the earliest first; raises NewswireError when there is none."""
    from consumers.cluster.story_table import sort_by_publication

    found = _find({"term": {"story_id": name}})
    if not found and (named := _find({"term": {"article_id": name}})):
        found = _find({"term": {"story_id": named[0]["story_id"]}})
    if not found:
        raise NewswireError(f"no story or article has the id {name}; `newswire search --json` prints the ids of both")
    return sort_by_publication(found)


def _find(query: dict[str, Any]) -> list[Member]:
    from newswire.elastic.client import build_alias, elastic_outages_as_retry, open_elasticsearch

    with open_elasticsearch(settings()) as client, elastic_outages_as_retry():
        found = client.search(
            index=build_alias(settings().index_prefix),
            query=query,
            sort=["first_seen_at"],
            size=MAX_ARTICLES,
            source_includes=FIELDS,
            ignore_unavailable=True,
        )
    return [hit["_source"] for hit in found["hits"]["hits"]]


@click.command()
@click.argument("language")
@click.option(
    "--since-days",
    type=click.IntRange(1, 3650),
    default=90,
    show_default=True,
    help="Count articles of the last so many days.",
)
@click.option(
    "--ranked",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Estimate from this list of words instead: UTF-8, one a line, the most frequent first.",
)
def vocabulary(*, language: str, since_days: int, ranked: Path | None) -> None:
    """Count the words of a language's indexed articles again; cluster uses the counts from its next start on."""
    from consumers.cluster.idf import count_vocabulary, estimate_vocabulary

    folder = settings().state_dir / "vocabularies"
    if ranked:
        counted = estimate_vocabulary(_read_list(ranked), language)
    else:
        counted = count_vocabulary(_texts(language, since_days), language)
    if counted.total < MIN_ARTICLES:
        raise NewswireError(
            f"only {counted.total} articles in {language} are indexed, and at least {MIN_ARTICLES} are needed; "
            "--ranked makes a vocabulary from a list of the language's most frequent words instead"
        )
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [int(path.stem.rpartition("-")[2]) for path in folder.glob(f"{language}-*.npz")]
    path = folder / f"{language}-{max(numbers, default=1) + 1:04d}.npz"
    counted.save(path)
    click.echo(f"{path}: {len(counted.words)} words, {'as if' if ranked else 'counted'} in {counted.total} articles")


def _read_list(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").split()
    except UnicodeDecodeError as error:
        raise NewswireError(f"{path} is not in UTF-8 ({error}); convert it to UTF-8, with one word per line") from error


def _texts(language: str, since_days: int) -> Iterator[tuple[str, str]]:
    from elasticsearch.helpers import scan

    from newswire.elastic.client import build_alias, elastic_outages_as_retry, open_elasticsearch

    wanted = [
        {"term": {"language": language}},
        {"term": {"is_copy": False}},
        {"range": {"first_seen_at": {"gte": f"now-{since_days}d"}}},
    ]
    with open_elasticsearch(settings()) as client, elastic_outages_as_retry():
        hits = scan(
            client,
            index=build_alias(settings().index_prefix),
            query={"query": {"bool": {"filter": wanted}}, "_source": ["title", "body"]},
            ignore_unavailable=True,
        )
        for hit in hits:
            yield hit["_source"]["title"], hit["_source"]["body"]
