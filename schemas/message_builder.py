"""Whole messages from the little that a scorer or a test knows of an article: what dedupe and cluster are fed with."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

from schemas.messages import ArticleText

if TYPE_CHECKING:
    import datetime as dt

T = TypeVar("T", bound=ArticleText)


def make_article(
    kind: type[T], key: str, title: str, body: str, *, host: str, seen_at: dt.datetime, **others: Any
) -> T:
    """Return a message of this kind; `key` gives its ids and, unless it is among the `others`, its URL."""
    url = others.get("url", f"https://{host}/{key}")
    fields = {
        **dict.fromkeys(("article_id", "url_id"), make_id(key)),
        **dict.fromkeys(("url", "canonical_url"), url),
        **dict.fromkeys(("source", "outlet", "host"), host),
        **dict.fromkeys(("fetched_at", "first_seen_at"), seen_at),
        "language": "en",
        "content_hash": make_id(f"{title}\n{body}"),
    }
    return kind(**fields | others, title=title, body=body)


def make_id(key: str) -> str:
    """Return the id made from a text."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]
