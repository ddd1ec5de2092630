"""`newswire why`: why two articles are a copy of one another and in one story, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newswire.errors import NewswireError
from newswire.settings import settings
from newswire.terminal import one_line

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


@click.command()
@click.argument("one")
@click.argument("other")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a script.")
def command(*, one: str, other: str, as_json: bool) -> None:
    """Say what two articles share; each is named by its id or its URL."""
    import orjson

    from newswire.elastic import build_alias, open_elasticsearch, outages_as_retry

    with open_elasticsearch(settings()) as client, outages_as_retry():
        alias = build_alias(settings().index_prefix)
        pair = [_find(client, alias, name) for name in (one, other)]
    found = explain(*sorted(pair, key=lambda article: str(article["first_seen_at"])))
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    for line in (*found["lines"], *(f"  {name}: {value}" for name, value in found["scores"].items())):
        click.echo(one_line(line))


def explain(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    """Compare two articles as dedupe does, without the standing text that only its log knows."""
    import numpy as np

    from consumers.dedupe.compare import compare
    from consumers.dedupe.grams import read_grams
    from newswire.fingerprint import Fingerprint, fingerprint

    texts = [
        Fingerprint.unpack(fingerprint(article["title"], article["body"], article["language"]))
        for article in (later, earlier)
    ]
    likeness = compare(*(read_grams(text, np.zeros(len(text.sentences), np.bool_))[0] for text in texts))
    tier = likeness.tier(is_same_host=later["host"] == earlier["host"])
    verdict = {"copy": "a copy of", "derived": "derived from", None: "no copy of"}[tier]
    is_one_story = later["story_id"] == earlier["story_id"]
    return {
        "tier": tier,
        "scores": likeness.scores(),
        "is_one_story": is_one_story,
        "lines": [
            (
                f"By its words, the later ({later['outlet']}: {later['title']}) is {verdict} the earlier "
                f"({earlier['outlet']}: {earlier['title']})."
            ),
            *(f"  {reason}" for reason in likeness.reasons()),
            f"They are in {'one story' if is_one_story else 'two stories'}. What was recorded of the later:",
            *(f"  {reason}" for reason in later.get("reasons") or ["the first of its story"]),
        ],
    }


def _find(client: Elasticsearch, alias: str, name: str) -> dict[str, Any]:
    fields = ("article_id", "url", "canonical_url")
    query = {"bool": {"should": [{"term": {field: name}} for field in fields]}}
    hits = client.search(index=alias, query=query, size=1)["hits"]["hits"]
    if not hits:
        raise NewswireError(f"no article is called {name}; newswire search --json prints ids and URLs")
    source: dict[str, Any] = hits[0]["_source"]
    return source
