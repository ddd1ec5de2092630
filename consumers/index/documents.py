"""Turns an article into the document that Elasticsearch keeps, and into its document among the revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec

from schemas.index_fields import suffix_of
from schemas.messages import Article

Document = dict[str, Any]
STORY_BITS = 20
FOLDED_TIERS = {"exact", "copy"}  # "derived" is a text of its own that owes another one something
CLOCK_SKEW = timedelta(days=1)  # sites write local times as if they were UTC


def external_version(article: Article) -> int:
    """Return a number that grows with every change of the document, of its text or of its story."""
    return article.version << STORY_BITS | article.story_revision


def revision_id(article_id: str, version: int) -> str:
    """Return the id of an older version; a colon cannot stand in an article's id."""
    return f"{article_id}:{version}"


def build_document(article: Article, indexed_at: datetime) -> Document:
    """Return what the index keeps: the article's own fields and what no query could work out."""
    document: Document = msgspec.to_builtins(article, builtin_types=(datetime,))
    is_copy = article.copy_of is not None and article.copy_tier in FOLDED_TIERS
    document |= {
        "family_id": article.copy_of if is_copy else article.article_id,
        "is_copy": is_copy,
        "dated_at": _date(article),
        "indexed_at": indexed_at,
    }
    if suffix := suffix_of(article.language):
        document |= {f"title_{suffix}": article.title, f"body_{suffix}": article.body}
    return {name: value for name, value in document.items() if value is not None}


def _date(article: Article) -> datetime:
    """Return the time at which an article stands in a list: no list begins with a date in the future."""
    published = article.published_at
    is_plausible = published is not None and published <= article.first_seen_at + CLOCK_SKEW
    return published if published is not None and is_plausible else article.first_seen_at


def build_revisions(articles: Sequence[Article], stored: Mapping[str, Document], now: datetime) -> dict[str, Document]:
    """Return id -> document of every version that a newer one, of `articles` or `stored`, replaces."""
    chains: dict[str, dict[int, Document]] = {}
    for article_id, document in stored.items():
        chains.setdefault(article_id, {})[document["version"]] = document
    for article in sorted(articles, key=external_version):
        chains.setdefault(article.article_id, {})[article.version] = build_document(article, now)
    return {
        revision_id(article_id, old): chain[old] | {"superseded_at": chain[new]["fetched_at"], "superseded_by": new}
        for article_id, chain in chains.items()
        for old, new in pairwise(sorted(chain))
    }
