"""The command `newswire why`: explain how two articles are related, as each stage that decides on it sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import click

from newswire.errors import NewswireError
from newswire.settings import settings
from newswire.terminal import one_line

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

GROUP = "newswire.explanations"
Document = Mapping[str, Any]
Explain = Callable[
    [Document, Document], Mapping[str, Any]
]  # earlier, later -> "lines" for people, and more for scripts


@click.command()
@click.argument("one")
@click.argument("other")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, one: str, other: str, as_json: bool) -> None:
    """Explain why two articles are copies or not, and in one story or not. Give each by id or URL."""
    import orjson

    from newswire.elastic.client import open_elasticsearch

    with open_elasticsearch(settings()) as client:
        pair = [find_article(client, settings().index_prefix, name) for name in (one, other)]
    ids = {article["article_id"] for article in pair}
    # A copy comes after its original, even if a feed announced the copy first.
    found = explain(*sorted(pair, key=lambda article: (article.get("copy_of") in ids, str(article["first_seen_at"]))))
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())
        return
    for explanation in found.values():
        for line in explanation["lines"]:
            click.echo(("  " if line.startswith(" ") else "") + one_line(line))


def explain(earlier: Document, later: Document) -> dict[str, Mapping[str, Any]]:
    """Return the explanation of each stage that has one, ordered by stage name."""
    explainers: dict[str, Explain] = {point.name: point.load() for point in entry_points(group=GROUP)}
    return {name: explainers[name](earlier, later) for name in sorted(explainers)}


def find_article(client: Elasticsearch, prefix: str, name: str) -> Document:
    """Return an article's document from the index, by id or URL; raises NewswireError if there is none."""
    from newswire.elastic.client import build_alias, elastic_outages_as_retry

    should = [{"term": {field: name}} for field in ("article_id", "url", "canonical_url")]
    with elastic_outages_as_retry():
        found = client.search(
            index=build_alias(prefix), query={"bool": {"should": should}}, size=1, ignore_unavailable=True
        )
    if not (hits := found["hits"]["hits"]):
        raise NewswireError(f"no article has the id or URL {name}; `newswire search --json` prints both")
    source: Document = hits[0]["_source"]
    return source
