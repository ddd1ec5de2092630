"""The title that is shown for a story, and the hashes that stand for the titles of articles that are taken down."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

HASHED: Final = "\x00sha256:"  # no title begins so: parse removes control characters


def choose_title(titles: Mapping[str, str], order: Sequence[str]) -> str:
    """Return the first title that is not blank: of the articles in `order`, then of the others by id."""
    written = {name: title for name, title in titles.items() if title.strip()}
    return next((written[name] for name in (*order, *written) if name in written), "")


def hash_title(title: str) -> str:
    """Return the hash that stands for a title; a blank title, or a hash, stays."""
    if not title.strip() or is_hashed(title):
        return title
    return HASHED + hashlib.sha256(title.encode()).hexdigest()


def is_hashed(title: str) -> bool:
    """Return whether a hash stands for the title."""
    return title.startswith(HASHED)


def is_same_title(one: str, other: str) -> bool:
    """Compare two titles, either of which may be hashed."""
    return one == other or (is_hashed(one) != is_hashed(other) and hash_title(one) == hash_title(other))
