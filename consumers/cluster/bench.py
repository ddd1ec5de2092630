"""Cluster without Kafka, for offline scorers: an article in, its story out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from consumers.cluster.state import ClusterState
from newswire.stage import Record, Reject
from schemas.message_builder import make_article
from schemas.messages import Article, DeduplicatedArticle
from schemas.topics import DEDUPLICATED_ARTICLES


class ClusterBench:
    """Does the whole work of the stage, one article at a time."""

    def __init__(self) -> None:
        self._state = ClusterState()
        self._offset = 0
        self._story_of: dict[str, str] = {}

    def assign(self, article: dict[str, Any]) -> str:
        """Return a handle of the article; `merges` maps it to its story."""
        value = _read(article)
        when = int(value.fetched_at.timestamp() * 1000)
        answer = self._state.decide(Record(DEDUPLICATED_ARTICLES.name, 0, self._offset, when, None, value))
        self._offset += 1
        if isinstance(answer, Reject):
            raise TypeError("cluster answers every article of a scorer")
        for out in answer:
            if isinstance(out.value, Article):
                self._story_of[out.value.article_id] = out.value.story_id
        return f"article {value.article_id}"

    def merges(self) -> list[tuple[str, str]]:
        """Return the story that each article belongs to now, after all merges and splits."""
        return [(f"article {article}", story) for article, story in self._story_of.items()]


def _read(article: dict[str, Any]) -> DeduplicatedArticle:
    return make_article(
        DeduplicatedArticle,
        article["id"],
        article["title"],
        article["body"],
        host=article["host"],
        seen_at=datetime.fromisoformat(article["fetched_at"]),
        url=article["url"],
        published_at=datetime.fromisoformat(article["published"]),
        verdict="new",
        version=1,
    )
