"""Reads the versions of an article, and what each of them changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from elasticsearch import Elasticsearch
from msgspec import Struct, convert

from newswire.elastic.client import build_alias
from newswire.search.client import run_searches
from newswire.text.diff import Changes, compare_bodies, compare_texts

MAX_VERSIONS: Final = 200


class Version(Struct, frozen=True, kw_only=True):
    """A version of an article's text as the index keeps it."""

    version: int
    url: str
    title: str
    body: str
    fetched_at: datetime
    modified_at: datetime | None = None
    superseded_at: datetime | None = None


class RevisionView(Struct, frozen=True, kw_only=True):
    """A version, when it was valid, and what it changed; the first one changed nothing.

    Paragraphs of `body` are split into parts that both versions have, only the older (removed) or only this (added).
    """

    version: int
    valid_from: datetime
    valid_to: datetime | None
    title: Changes
    body: tuple[Changes, ...]
    is_title_changed: bool
    is_body_changed: bool


def read_revisions(client: Elasticsearch, prefix: str, article_id: str) -> tuple[RevisionView, ...]:
    """Return all versions of an article, the newest first; empty if there is no such article."""
    body = {
        "query": {"bool": {"filter": [{"term": {"article_id": article_id}}]}},
        "sort": [{"version": "desc"}],
        "size": MAX_VERSIONS,
        "_source": list(Version.__struct_fields__),
    }
    (answer,) = run_searches(client, [build_alias(prefix), build_alias(prefix, "revisions")], [body])
    return compare_versions([hit["_source"] for hit in answer["hits"]["hits"]])


def compare_versions(documents: Sequence[dict[str, Any]]) -> tuple[RevisionView, ...]:
    """Return the versions, newest first, each with what it changed; the documents may be in any order and repeat."""
    versions = {version.version: version for version in (convert(one, Version) for one in documents)}
    order = sorted(versions)
    pairs = zip(order, [order[0], *order], strict=False) if order else ()
    return tuple(_view(versions[new], versions[old]) for new, old in reversed([*pairs]))


def _view(version: Version, before: Version) -> RevisionView:
    return RevisionView(
        version=version.version,
        valid_from=version.fetched_at,
        valid_to=version.superseded_at,
        title=compare_texts(before.title, version.title),
        body=compare_bodies(before.body, version.body),
        is_title_changed=before.title != version.title,
        is_body_changed=before.body != version.body,
    )
