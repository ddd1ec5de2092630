"""Reads one article with its provenance, and the family of its near-duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from elasticsearch import Elasticsearch
from msgspec import Struct, convert, field

from newswire.elastic.client import build_alias
from newswire.search.client import run_searches
from newswire.search.representative import representative_key
from newswire.search.results import FoundArticle

MAX_MEMBERS: Final = 1_000
FOUND: Final = list(FoundArticle.__struct_fields__)


class ArticleView(FoundArticle, frozen=True, kw_only=True):
    """All that the index knows about an article.

    `provenance` is where each field was read; `copy_tier`, `scores` and `reasons` are why the article is a copy and
    why it is in its story. The fields for the analysis of languages are left out.
    """

    url_id: str
    body: str
    content_hash: str
    fetched_at: datetime
    indexed_at: datetime
    heading: str | None = None
    tags: tuple[str, ...] = ()
    site_name: str | None = None
    image: str | None = None
    modified_at: datetime | None = None
    is_paywalled: bool | None = None
    allows_ai_use: bool | None = None
    story_revision: int = 0
    provenance: dict[str, str] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()

    @property
    def paragraphs(self) -> list[str]:
        """Return the paragraphs of the text."""
        return self.body.split("\n\n")


class FamilyMember(Struct, frozen=True, kw_only=True):
    """A member of a family, and its delay after the original; None where a publication date is unknown."""

    article: FoundArticle
    delay_seconds: float | None


class FamilyView(Struct, frozen=True, kw_only=True):
    """The near-duplicates of one text: `head` is the representative, `members` are all in the order of publication."""

    family_id: str
    head: FoundArticle
    members: tuple[FamilyMember, ...]


def read_article(client: Elasticsearch, prefix: str, article_id: str) -> ArticleView | None:
    """Return an article in its newest version; None if no article has this id."""
    found = read_documents(client, prefix, {"article_id": article_id}, list(ArticleView.__struct_fields__), 1)
    return convert(found[0], ArticleView) if found else None


def read_family(client: Elasticsearch, prefix: str, family_id: str) -> FamilyView | None:
    """Return a family; None if it has no article."""
    articles = read_articles(client, prefix, {"family_id": family_id})
    if not articles:
        return None
    original = next((article for article in articles if article.article_id == family_id), None)
    members = tuple(FamilyMember(article=article, delay_seconds=_delay(article, original)) for article in articles)
    return FamilyView(family_id=family_id, head=min(articles, key=representative_key), members=members)


def read_articles(client: Elasticsearch, prefix: str, wanted: Mapping[str, str]) -> list[FoundArticle]:
    """Return the articles with these field values, in the order of publication."""
    return [convert(one, FoundArticle) for one in read_documents(client, prefix, wanted, FOUND, MAX_MEMBERS)]


def read_documents(
    client: Elasticsearch, prefix: str, wanted: Mapping[str, str], fields: Sequence[str], limit: int
) -> list[dict[str, Any]]:
    """Return the article documents with these field values, oldest first."""
    body = {
        "query": {"bool": {"filter": [{"term": {name: value}} for name, value in wanted.items()]}},
        "sort": [{"dated_at": "asc"}, {"first_seen_at": "asc"}, {"article_id": "asc"}],
        "size": limit,
        "_source": list(fields),
    }
    (answer,) = run_searches(client, [build_alias(prefix)], [body])
    return [hit["_source"] for hit in answer["hits"]["hits"]]


def _delay(article: FoundArticle, original: FoundArticle | None) -> float | None:
    if original is None or article.published_at is None or original.published_at is None:
        return None
    return (article.published_at - original.published_at).total_seconds()
