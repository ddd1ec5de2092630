"""The list of articles taken down, in Elasticsearch: the command writes it, the stages look every batch up in it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, Final

from elasticsearch import Elasticsearch

from newswire.elastic.bulk import Write, write_all
from newswire.elastic.client import build_alias, build_takedowns_index
from newswire.errors import ConfigError
from newswire.kafka.takedown_list import open_takedown_list
from newswire.settings import Settings
from newswire.stage import TakenDownIds
from schemas.messages import ArticleText, IndexedArticle

IDS_AT_ONCE: Final = 5_000  # two clauses of them find at most 10,000 entries, the most that one search returns
_LENIENT: Final[dict[str, Any]] = {
    "ignore_unavailable": True,
    "allow_no_indices": True,
}  # there is no index before the first takedown


def find_taken_down(
    client: Elasticsearch, prefix: str, article_ids: Collection[str], url_ids: Collection[str] = ()
) -> TakenDownIds:
    """Return which of these ids are taken down; not cached, so that a takedown holds from the next batch on."""
    found = [*_find(client, prefix, "article_id", article_ids), *_find(client, prefix, "url_ids", url_ids)]
    return TakenDownIds(
        frozenset(article_id for article_id, _ in found), frozenset(url_id for _, ids in found for url_id in ids)
    )


def find_taken_down_articles(
    client: Elasticsearch, prefix: str, articles: Collection[ArticleText | IndexedArticle]
) -> TakenDownIds:
    """Return which ids of these articles are taken down."""
    return find_taken_down(
        client, prefix, {article.article_id for article in articles}, {article.url_id for article in articles}
    )


def add_entry(client: Elasticsearch, prefix: str, article_id: str, url_ids: Collection[str], at: datetime) -> None:
    """Enter an article; stages refuse it from now on."""
    document = _entry(article_id, url_ids, at)
    client.index(index=build_takedowns_index(prefix), id=article_id, document=document, refresh=True)


def restore_entries(settings: Settings, client: Elasticsearch) -> int:
    """Enter what is missing of the topic `takedowns`, as after the loss of the index; return how many are in force.

    A stage does so before its first batch. Raises Retry while a server is away.
    """
    with open_takedown_list(settings) as takedowns:
        entries = takedowns.in_force()
    index = build_takedowns_index(settings.index_prefix)
    missing = [
        Write("create", index, one.article_id, _entry(one.article_id, {one.url_id, *one.url_ids}, one.at))
        for one in entries
    ]
    if refused := write_all(client, missing):
        raise ConfigError(f"Elasticsearch refuses takedowns: {refused}; see `newswire templates check`")
    if missing:
        client.indices.refresh(index=index)
    return len(missing)


def remove_entry(client: Elasticsearch, prefix: str, article_id: str) -> None:
    """Remove an article, if it is in the list."""
    lenient = client.options(ignore_status=404)
    lenient.delete(index=build_takedowns_index(prefix), id=article_id, refresh=True)


def _entry(article_id: str, url_ids: Collection[str], at: datetime) -> dict[str, Any]:
    return {"article_id": article_id, "url_ids": sorted(url_ids), "at": at}


def _find(client: Elasticsearch, prefix: str, field: str, ids: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    remaining = iter(ids)
    while chunk := [*islice(remaining, IDS_AT_ONCE)]:
        answer = client.search(
            index=build_alias(prefix, "takedowns"),
            query={"terms": {field: chunk}},
            size=2 * IDS_AT_ONCE,
            allow_partial_search_results=False,
            **_LENIENT,
        )
        for hit in answer["hits"]["hits"]:
            yield hit["_source"]["article_id"], hit["_source"]["url_ids"]
