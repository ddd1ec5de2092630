"""The representative of a family or story: the member that lists, exports and pages show for it.

A family's rule is one table of criteria; the order for Elasticsearch and the key for Python are both derived from it.
Which text is a copy of which is another question, decided by the order in which articles were seen.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from newswire.search.results import FoundArticle


class Criterion(NamedTuple):
    """A field of an article by which members are compared; members without a value come last."""

    field: str
    is_largest_first: bool = False


# The agency's own article, else the one published first, else the longest, else the one seen first.
# The last two only make the order total.
CRITERIA: Final = (
    Criterion("is_agency", is_largest_first=True),
    Criterion("published_at"),
    Criterion("word_count", is_largest_first=True),
    Criterion("first_seen_at"),
    Criterion("is_copy"),
    Criterion("article_id"),
)
REPRESENTATIVE_ORDER: Final[list[dict[str, Any]]] = [
    {one.field: {"order": "desc" if one.is_largest_first else "asc", "missing": "_last"}} for one in CRITERIA
]
# A story is represented by the first seen of its articles that are not copies.
STORY_REPRESENTATIVE_ORDER: Final[list[dict[str, Any]]] = [
    {"is_copy": "asc"},
    {"first_seen_at": "asc"},
    {"article_id": "asc"},
]
Rank = tuple[bool, bool | int | datetime | str]


def representative_key(article: FoundArticle) -> tuple[Rank, ...]:
    """Return the sort key of a family's member, equal to REPRESENTATIVE_ORDER; the smallest is the representative."""
    return tuple(_rank(getattr(article, one.field), is_largest_first=one.is_largest_first) for one in CRITERIA)


def _rank(value: Any, *, is_largest_first: bool) -> Rank:
    if value is None:
        return True, 0
    return False, -value if is_largest_first else value
