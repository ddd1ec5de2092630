"""The clusterer as scorers drive it: an article in, its story out; nothing else runs."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from consumers.cluster.state import ClusterState
from newswire.stage import Record, Reject
from schemas.messages import DeduplicatedArticle
from schemas.topics import DEDUPLICATED_ARTICLES


class Bench:
    """Every article is new to it: copies are dedupe's affair."""

    def __init__(self) -> None:
        self._state = ClusterState()
        self._offset = 0

    def assign(self, article: dict[str, Any]) -> str:
        """Return the story of the article."""
        value = _read(article)
        when = int(value.first_seen_at.timestamp() * 1000)
        answer = self._state.decide(Record(DEDUPLICATED_ARTICLES.name, 0, self._offset, when, None, value))
        self._offset += 1
        if isinstance(answer, Reject) or answer[0].value is None:
            raise TypeError("cluster answers every article of a scorer")
        story: str = answer[0].value.story_id
        return story


def _read(article: dict[str, Any]) -> DeduplicatedArticle:
    digest = hashlib.sha256(article["id"].encode()).hexdigest()[:32]
    seen = datetime.fromisoformat(article["fetched_at"])
    return DeduplicatedArticle(
        article_id=digest,
        url_id=digest,
        url=article["url"],
        canonical_url=article["url"],
        source=article["host"],
        outlet=article["host"],
        host=article["host"],
        language="en",
        title=article["title"],
        body=article["body"],
        content_hash=digest,
        fetched_at=seen,
        first_seen_at=seen,
        published_at=datetime.fromisoformat(article["published"]),
        verdict="new",
        version=1,
    )
