"""Index documents of articles and of their superseded revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec

from newswire.text.diff import compare_bodies, compare_texts, count_words
from schemas.analyzers import suffix_of
from schemas.messages import Article

Document = dict[str, Any]
STORY_BITS = 20
COPY_TIERS = {"exact", "copy"}  # a "derived" text has its own family: it only reuses part of another
CLOCK_SKEW = timedelta(days=1)  # some sites label local times as UTC


def external_version(article: Article) -> int:
    """Return Elasticsearch's external version; it grows when the text or the story of the article changes."""
    return article.version << STORY_BITS | article.story_revision


def revision_id(article_id: str, version: int) -> str:
    """Return the document id of a superseded version; an article's own id contains no colon."""
    return f"{article_id}:{version}"


def build_document(article: Article, indexed_at: datetime, searchable_at: datetime | None = None) -> Document:
    """Return the document of an article: its own fields and those that a query could not compute.

    `searchable_at` is when its first version became searchable, if an earlier version is indexed.
    """
    document: Document = msgspec.to_builtins(article, builtin_types=(datetime,))
    is_copy = article.copy_of is not None and article.copy_tier in COPY_TIERS
    document |= {
        "family_id": article.copy_of if is_copy else article.article_id,
        "is_copy": is_copy,
        "dated_at": _date(article),
        "indexed_at": indexed_at,
        **_delays(article, searchable_at or indexed_at),
    }
    if suffix := suffix_of(article.language):
        document |= {f"title_{suffix}": article.title, f"body_{suffix}": article.body}
    return {name: value for name, value in document.items() if value is not None}


def _delays(article: Article, searchable_at: datetime) -> Document:
    """Return how many seconds passed until the article was searchable: Kibana's charts cannot subtract times."""
    published = article.published_at
    is_before = published is not None and published <= searchable_at
    return {
        "searchable_at": searchable_at,
        "seconds_to_searchable": (searchable_at - article.first_seen_at).total_seconds(),
        "seconds_from_publication": (searchable_at - published).total_seconds() if published and is_before else None,
    }


def _date(article: Article) -> datetime:
    """Return the time by which an article is sorted; a publication time in the future is not used."""
    published = article.published_at
    is_plausible = published is not None and published <= article.first_seen_at + CLOCK_SKEW
    return published if published is not None and is_plausible else article.first_seen_at


def build_revisions(articles: Sequence[Article], stored: Mapping[str, Document], now: datetime) -> dict[str, Document]:
    """Return id -> document of every version that a newer one, among `articles` or `stored`, supersedes."""
    versions_of: dict[str, dict[int, Document]] = {}
    for article_id, document in stored.items():
        versions_of.setdefault(article_id, {})[document["version"]] = document
    for article in sorted(articles, key=external_version):
        document = build_document(article, now, searchable_since(stored.get(article.article_id)))
        versions_of.setdefault(article.article_id, {})[article.version] = document
    return {
        revision_id(article_id, old): chain[old] | _replacement(chain[old], chain[new])
        for article_id, chain in versions_of.items()
        for old, new in pairwise(sorted(chain))
    }


def searchable_since(stored: Document | None) -> datetime | None:
    """Return when the first version of an indexed article became searchable; None for an article not yet indexed."""
    return msgspec.convert(stored["searchable_at"], datetime) if stored and "searchable_at" in stored else None


def _replacement(old: Document, new: Document) -> Document:
    """Return when and by which version a document was superseded, and what that version changed."""
    changes = [compare_texts(old["title"], new["title"]), *compare_bodies(old["body"], new["body"])]
    return {
        "superseded_at": new["fetched_at"],
        "superseded_by": new["version"],
        "changed": [name for name in ("title", "body") if old[name] != new[name]],
        "words_added": count_words(changes, "added"),
        "words_removed": count_words(changes, "removed"),
    }
