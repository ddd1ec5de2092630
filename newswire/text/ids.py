"""The ids of URLs and articles: the same address always has the same id."""

from __future__ import annotations

import hashlib

from newswire.text.urls import normalise_url


def url_id(url: str) -> str:
    """Return the id of a requested URL: 32 hex digits."""
    return hashlib.sha256(normalise_url(url).encode("utf-8", "replace")).hexdigest()[:32]


def article_id(canonical_url: str) -> str:
    """Return the id of the article that a canonical URL names: 32 hex digits."""
    return url_id(canonical_url)
