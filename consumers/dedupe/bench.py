"""Dedupe without Kafka, for offline scorers: an article in, the earlier article that it repeats out."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from consumers.dedupe.state import DedupeState
from newswire.stage import Record, Reject
from newswire.text.fingerprint import fingerprint
from schemas.message_builder import make_article
from schemas.messages import ParsedArticle
from schemas.topics import PARSED_ARTICLES


class DedupeBench:
    """Computes the fingerprint, which is parse's part of the work, and decides as the stage does."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._state = DedupeState(Path(self._folder.name))
        self._ids: dict[bytes, str] = {}  # article_id, 16 bytes -> the scorer's id
        self._offset = 0

    def decide(self, article: dict[str, Any]) -> dict[str, str | None]:
        """Return the id of the article that this one repeats, and the tier: `copy`, `derived` or None."""
        value = _read(article)
        self._ids[bytes.fromhex(value.article_id)] = article["id"]
        when = int(datetime.fromisoformat(article["fetched_at"]).timestamp() * 1000)
        record = Record(PARSED_ARTICLES.name, 0, self._offset, when, None, value)
        self._offset += 1
        answer = self._state.decide(record)
        found = answer[0].value if not isinstance(answer, Reject) else None
        if found is None:
            raise TypeError("dedupe answers every article of a scorer")
        original = self._ids[bytes.fromhex(found.copy_of)] if found.copy_of else None
        return {"duplicate_of": original, "tier": "copy" if found.copy_tier == "exact" else found.copy_tier}


def _read(article: dict[str, Any]) -> ParsedArticle:
    return make_article(
        ParsedArticle,
        article["id"],
        article["title"],
        article["body"],
        host=article["host"],
        seen_at=datetime.fromisoformat(article["fetched_at"]),
        url=article["url"],
        reader="bench",
        fingerprint=fingerprint(article["title"], article["body"], "en"),
    )
