"""Says which telling of a family of copies is shown: one rule, for searches, exports and the view of a family.

It is apart from the decision which text is a copy of which: that one follows the order in which articles were seen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from newswire.search.results import FoundArticle

# The agency's own telling, else the one published first, else the longest, else the one seen first.
TELLING_ORDER: Final[list[dict[str, Any]]] = [
    {"is_agency": {"order": "desc", "missing": "_last"}},
    {"published_at": {"order": "asc", "missing": "_last"}},
    {"word_count": {"order": "desc", "missing": "_last"}},
    {"first_seen_at": "asc"},
    {"is_copy": "asc"},
    {"article_id": "asc"},
]
NEVER: Final = datetime.max.replace(tzinfo=UTC)


def representative_key(article: FoundArticle) -> tuple[bool, datetime, int, datetime, bool, str]:
    """Return what sorts the tellings of a family as TELLING_ORDER does; the first is the one to show."""
    return (
        not article.is_agency,
        article.published_at or NEVER,
        -article.word_count,
        article.first_seen_at,
        article.is_copy,
        article.article_id,
    )
